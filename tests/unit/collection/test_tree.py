"""What of the files below a folder is the author's work."""

import logging
from pathlib import Path

import pytest

from tests.repositories import ENVIRON, make_repository
from toolkit.collection.tree import Tree, listed
from toolkit.errors import InputError
from toolkit.system.glob import Glob


@pytest.fixture(autouse=True)
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def files(folder: str = ".") -> list[str]:
    return [path for path, names in Tree(Path(folder), ENVIRON).entries() if names is None]


def test_files_come_in_the_order_of_their_paths() -> None:
    write("b/x.yaml", "a/b/y.yml", "a/a.yaml", "a/b.yaml", "c.yaml", "a/none.txt")
    assert files() == ["a/a.yaml", "a/b/y.yml", "a/b.yaml", "b/x.yaml", "c.yaml"]
    assert files("a") == ["a/a.yaml", "a/b/y.yml", "a/b.yaml"]
    assert files("../" + Path.cwd().name + "/b") == [f"../{Path.cwd().name}/b/x.yaml"]


def test_what_programs_put_there_is_left_out() -> None:
    write("x/a.yaml", ".hidden/a.yaml", ".a.yaml", "x/node_modules/y/a.yaml", "x/site-packages/y/a.yaml")
    write("env/pyvenv.cfg", "env/lib/a.yaml", "build/lib/a.yaml", "build/a.yaml")
    assert files() == ["build/a.yaml", "x/a.yaml"]
    # Who names a folder means it.
    assert files("build") == ["build/a.yaml", "build/lib/a.yaml"]
    assert files(".hidden") == [".hidden/a.yaml"]


def test_a_loop_of_links_ends() -> None:
    write("a/b/x.yaml")
    Path("a/b/up").symlink_to("..")
    Path("a/self.yaml").symlink_to("self.yaml")
    Path("a/y.yaml").symlink_to("b/x.yaml")
    Path("a/folder.yaml").symlink_to("b")
    assert files() == ["a/b/x.yaml", "a/self.yaml", "a/y.yaml"]


def test_what_git_ignores_is_left_out_in_repositories_within_too() -> None:
    outer = make_repository(Path("repo"), {".gitignore": "out/\n", "a/x.yaml": "", "inner/.keep": ""})
    inner = make_repository(Path("repo/inner"), {".gitignore": "own.yaml\n", "y.yaml": ""})
    outer.write({"out/x.yaml": "", "a/out/x.yaml": ""})
    inner.write({"own.yaml": "", "z/own.yaml": ""})
    assert files("repo") == ["repo/a/x.yaml", "repo/inner/y.yaml"]
    assert files("repo/out") == ["repo/out/x.yaml"]


def test_what_git_cannot_say_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    make_repository(Path("repo"), {".gitignore": "out/\n"})
    write("repo/out/x.yaml")
    with caplog.at_level(logging.WARNING):
        tree = Tree(Path("repo"), {**ENVIRON, "PATH": "/nonexistent"})
    assert [path for path, names in tree.entries() if names is None] == ["repo/out/x.yaml"]
    assert caplog.messages == ["git is not installed: what .gitignore names is linted, too"]


def test_the_settings_of_the_collection_exclude() -> None:
    write("a/x.yaml", "a/broken/y.yaml", "b/broken/y.yaml")
    Path("pyproject.toml").write_text('[tool.comp.workspace]\nexclude = ["**/broken"]\n')
    assert files() == ["a/x.yaml"]
    assert files("a") == ["a/x.yaml"]
    Path("pyproject.toml").write_text("[tool.comp.workspace]\nexclude = 3\n")
    with pytest.raises(InputError, match="exclude"):
        files()


def test_a_glob_matches_whole_paths_and_folders_once() -> None:
    write("a/x/x.yaml", "a/y.yaml", "x/a.yaml")
    tree = Tree(Path(), ENVIRON)
    assert list(tree.matches(Glob.parse("**/x"), None)) == [(Path("a/x"), True), (Path("x"), True)]
    assert list(tree.matches(Glob.parse("*/*.yaml"), 2)) == [(Path("a/y.yaml"), False), (Path("x/a.yaml"), False)]
    assert list(tree.matches(Glob.parse("*"), 1)) == [(Path("a"), True), (Path("x"), True)]


def test_a_folder_that_cannot_be_read_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert listed("missing") == []
    assert caplog.messages == ["cannot read missing: No such file or directory; it is left out"]
    write("a/x.yaml")
    assert [entry.name for entry in listed("a")] == ["x.yaml"]
