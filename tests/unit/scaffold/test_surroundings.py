"""The files around a source file, as imports find them."""

from pathlib import Path

import pytest

from tests.slices import write_files
from toolkit.scaffold.slice import slice_function
from toolkit.scaffold.surroundings import Surroundings, importable


def test_links_out_of_a_package_stay_behind(tmp_path: Path) -> None:
    write_files(
        tmp_path, {"r/.git/HEAD": "", "r/f.py": "import lib\ndef f(): return lib", "r/lib/__init__.py": "", "key": "1"}
    )
    (tmp_path / "r" / "lib" / "key.txt").symlink_to(tmp_path / "key")
    cut = slice_function(tmp_path / "r" / "f.py", "f", environ={})
    assert [str(copy.target) for copy in cut.copies] == ["lib/__init__.py"]


def test_packages_around_the_code_count_without_a_repository(tmp_path: Path) -> None:
    files = {
        "a/b/f.py": "from ..c import K\ndef f(): return K",
        "a/c.py": "K = 4",
        "a/__init__.py": "",
        "a/b/__init__.py": "",
    }
    write_files(tmp_path, files)
    (tmp_path / "elsewhere").mkdir()
    cut = slice_function(tmp_path / "a" / "b" / "f.py", "f", environ={}, here=tmp_path / "elsewhere")
    assert (str(cut.place), [str(copy.target) for copy in cut.copies]) == ("a/b/f.py", ["a/c.py"])


def test_the_root_is_the_repositorys_else_the_highest_of_project_package_and_here(tmp_path: Path) -> None:
    write_files(tmp_path, {"p/pyproject.toml": "", "p/a/__init__.py": "", "p/a/x.py": ""})
    source = tmp_path / "p" / "a" / "x.py"
    assert Surroundings.of(source, tmp_path / "elsewhere").root == tmp_path / "p"
    assert Surroundings.of(source, tmp_path).root == tmp_path
    (tmp_path / "p" / "a" / ".git").mkdir()
    assert Surroundings.of(source, tmp_path).root == tmp_path / "p" / "a"


def test_an_import_finds_packages_before_modules_before_plain_folders(tmp_path: Path) -> None:
    write_files(tmp_path, {".git/HEAD": "", "x.py": "", "a/b.py": "", "a/b/c.py": "", "d/__init__.py": "", "d.py": ""})
    around = Surroundings.of(tmp_path / "x.py", tmp_path)
    found = {name: around.absolute(name) for name in ("a.b.K", "d", "d.K", "gone", "a")}
    shown = {name: one and ([str(copy.target) for copy in one.copies], one.rest) for name, one in found.items()}
    assert shown == {
        "a.b.K": (["a/b.py"], ("K",)),
        "d": (["d/__init__.py"], ()),
        "d.K": (["d/__init__.py"], ("K",)),
        "gone": None,
        "a": None,
    }


@pytest.mark.parametrize(("name", "expected"), [("train", "train"), ("my-step.v2", "my_step_v2"), ("2nd", "_2nd")])
def test_a_name_becomes_importable(name: str, expected: str) -> None:
    assert importable(name) == expected
