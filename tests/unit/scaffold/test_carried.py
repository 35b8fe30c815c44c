"""Everything that comes along with code: modules, files that they open, and the bound on their size."""

from pathlib import Path

import pytest

from tests.slices import write_files
from toolkit.errors import InputError
from toolkit.interface.module import Module
from toolkit.limits import CARRIED_SIZE
from toolkit.scaffold.carried import Carried, carry
from toolkit.scaffold.surroundings import Surroundings


def _carry(folder: Path, files: dict[str, str]) -> Carried:
    write_files(folder, {".git/HEAD": "", **files})
    module = Module.read(folder / "c" / "x.py", {})
    return carry(module, module.tree.body, Surroundings.of(folder / "c" / "x.py", folder))


OPENS_ABOVE = "from pathlib import Path\nopen(Path(__file__).parent.parent / 'data.txt')\n"


def test_modules_come_along_with_the_files_that_they_open(tmp_path: Path) -> None:
    opens = "from pathlib import Path\nopen(Path(__file__).with_name('b.txt'))\n"
    carried = _carry(tmp_path, {"c/x.py": "import lib", "c/lib.py": opens, "c/b.txt": "1", "c/other.txt": "2"})
    assert [str(copy.target) for copy in carried.copies] == ["b.txt", "lib.py"]
    assert (str(carried.place), carried.findings) == ("x.py", ())


def test_code_that_opens_a_file_above_itself_keeps_its_folder(tmp_path: Path) -> None:
    carried = _carry(tmp_path, {"c/x.py": OPENS_ABOVE, "data.txt": "1"})
    assert (str(carried.place), [str(copy.target) for copy in carried.copies]) == ("c/x.py", ["data.txt"])


def test_a_file_outside_of_the_repository_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "data.txt").touch()
    carried = _carry(tmp_path / "r", {"c/x.py": OPENS_ABOVE.replace(".parent /", ".parent.parent /")})
    (finding,) = carried.findings
    assert finding.message == f"the code opens {tmp_path / 'data.txt'}, which cannot come along"


def test_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CARRIED_SIZE.variable, "4")
    with pytest.raises(InputError, match="what is copied with the code exceeds the limit"):
        _carry(tmp_path, {"c/x.py": "import lib", "c/lib.py": "A = 1\n"})
