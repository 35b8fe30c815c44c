"""Objects of a repository, read by one process."""

from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.errors import InputError, OutsideError
from toolkit.git.objects import Objects
from toolkit.git.program import Git
from toolkit.limits import Limit

SMALL = Limit(name="test-size", default=10, unit="bytes", about="something")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repository(tmp_path / "repo", {"a": "1\n", "b/c": "2", "b/long": "x" * 100, "b/d/e": ""})


@pytest.fixture
def objects(repo: Repo) -> Objects:
    return Objects(Git(folder=repo.folder, environ=ENVIRON))


def test_files_and_folders_are_read(objects: Objects) -> None:
    assert [objects.blob(f"HEAD:{path}") for path in ("a", "b/c", "b/d/e")] == [b"1\n", b"2", b""]
    assert [objects.blob(f"HEAD:{path}") for path in ("none", "b", "a\nHEAD:b/c", "é")] == [None] * 4
    tree = objects.tree("HEAD:b")
    assert {name: (entry.is_file, entry.is_folder) for name, entry in tree.items()} == {
        "c": (True, False),
        "d": (False, True),
        "long": (True, False),
    }
    assert objects.blob(tree["c"].id) == b"2"
    assert objects.tree("HEAD:a") == objects.tree("HEAD:none") == {}


def test_links_are_neither(repo: Repo, objects: Objects) -> None:
    (repo.folder / "link").symlink_to("/etc/passwd")
    (repo.folder / "run").write_text("")
    (repo.folder / "run").chmod(0o755)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "x")
    tree = objects.tree("HEAD:")
    assert (tree["link"].is_file, tree["link"].is_folder, tree["run"].is_file) == (False, False, True)


def test_a_large_file_is_refused_and_the_next_one_is_read(objects: Objects) -> None:
    with pytest.raises(InputError, match="b/long exceeds the limit of 10 B"):
        objects.blob("HEAD:b/long", SMALL)
    assert objects.blob("HEAD:a", SMALL) == b"1\n"


def test_a_process_that_ends_is_an_error_and_the_next_read_works(repo: Repo, objects: Objects) -> None:
    assert objects.blob("HEAD:a") == b"1\n"
    process = objects._process
    assert process
    process.kill()
    process.wait()
    with pytest.raises(OutsideError, match=f"git cannot read HEAD:a in {repo.folder}"):
        objects.blob("HEAD:a")
    assert objects.blob("HEAD:a") == b"1\n"
    objects.close()
    objects.close()
    assert objects.blob("HEAD:a") == b"1\n"


def test_another_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="git cannot read HEAD:a"):
        Objects(Git(folder=tmp_path, environ=ENVIRON | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})).blob(
            "HEAD:a"
        )


def test_names_that_are_not_utf_8_are_left_out(repo: Repo, objects: Objects) -> None:
    (repo.folder / "b").joinpath("\udcff").write_text("")
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "x")
    assert [*objects.tree("HEAD:b")] == ["c", "d", "long"]
