"""Files that code opens beside itself."""

from pathlib import Path, PurePosixPath

import pytest

from tests.slices import cut_code, write_files
from toolkit.interface.module import Module
from toolkit.scaffold.opened_files import added_to_path
from toolkit.scaffold.slice import slice_function
from toolkit.scaffold.surroundings import Copy


def test_files_that_may_be_opened_are_listed(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.json": "1", "b.json": "2", "x.py": "def f(): return open('a.json').read()"})
    assert [path.name for path in slice_function(tmp_path / "x.py", "f", environ={}, here=tmp_path).beside] == [
        "a.json"
    ]
    (tmp_path / "x.py").write_text("from pathlib import Path\ndef f(): return list(Path(__file__).parent.iterdir())")
    assert [path.name for path in slice_function(tmp_path / "x.py", "f", environ={}, here=tmp_path).beside] == [
        "a.json",
        "b.json",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "from " + "a" * 300 + " import b\ndef f(): return b",
        "import os." + "ä" * 200 + "\nimport " + "ä" * 200 + "\ndef f(): return " + "ä" * 200,
        "import importlib\ndef f(): return importlib.import_module('/etc/passwd'), importlib.import_module('a[b')",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / ('a' * 3), Path(__file__).parent / '"
        + "b" * 300
        + ".txt'",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / '\\ud800.txt', '" + "ü" * 190 + ".txt'",
        "def f(): return '" + "A sentence of a help. " * 20 + "'",
        "from pathlib import Path\ndef f(): return Path(__file__).parent / '" + "b/" * 3000 + "c.txt'",
        "from pathlib import Path\ndef f(): return (Path(__file__).parent / '/etc/passwd').read_text()",
        "from pathlib import Path\nA = B\nB = A\ndef f(): return Path(A) / B, Path(__file__).parents[99]",
    ],
)
def test_names_that_cannot_be_files_bring_nothing(tmp_path: Path, code: str) -> None:
    cut = cut_code(tmp_path, code)
    assert (cut.copies, cut.requirements) == ((), ())


@pytest.mark.parametrize(
    ("expression", "copied"),
    [
        ("open(Path(__file__).parent / 'a.txt')", ["a.txt"]),
        ("open(HERE.joinpath('sub', 'b.txt'))", ["sub/b.txt"]),
        ("open(Path(__file__).resolve().with_name('a.txt'))", ["a.txt"]),
        ("open(os.path.join(os.path.dirname(__file__), 'sub/b.txt'))", ["sub/b.txt"]),
        ("list((HERE / 'sub').iterdir())", ["sub/b.txt"]),
        ("open(HERE / find())", []),
        ("open(HERE / 'gone.txt')", []),
    ],
)
def test_files_with_a_known_path_come_along(tmp_path: Path, expression: str, copied: list[str]) -> None:
    code = f"import os\nfrom pathlib import Path\nHERE = Path(__file__).parent\ndef f(): return {expression}\n"
    write_files(tmp_path, {".git/HEAD": "", "x.py": code, "a.txt": "1", "sub/b.txt": "2", "sub/.env": "KEY=3"})
    copies = slice_function(tmp_path / "x.py", "f", environ={}).copies
    assert [str(copy.target) for copy in copies if copy.path.suffix == ".txt"] == copied


def test_folders_on_the_path_are_found(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    added = "sys.path.append(str(Path(__file__).parent / 'lib'))\nsys.path.insert(0, '/')"
    code = f"import sys\nfrom pathlib import Path\n{added}"
    home = Copy(path=tmp_path / "x.py", target=PurePosixPath("x.py"))
    module = Module.parse(home.path, code, {})
    assert added_to_path(module, home, tmp_path) == (tmp_path / "lib",)
