"""A registry in the user's own work tree: what is committed, and what is left alone."""

import logging
from pathlib import Path

import pytest

from tests.releases import contract, publish, release
from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.errors import OutsideError
from toolkit.registry.git.beginnings import beginnings
from toolkit.registry.git.folder import GitFolder
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.opening import open_registry, open_writable
from toolkit.registry.place import parse_place
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = make_repository(tmp_path / "repo", {"src/a.py": "1\n"})
    repo.write({f"shared/{path}": data for path, data in beginnings("shared").items()})
    return repo


def opened(repo: Repo, **environ: str) -> GitFolder:
    registry = open_writable(parse_place(str(repo.folder / "shared")), environ={**ENVIRON, **environ})
    assert isinstance(registry, GitFolder)
    return registry


def subjects(repo: Repo) -> list[str]:
    return repo.git("log", "--format=%s", "--reverse").splitlines()[1:]


def test_a_release_is_committed_alone(repo: Repo) -> None:
    repo.write({"src/a.py": "2\n", "src/b.py": "new\n", "src/c.py": "3\n"})
    repo.git("add", "src/a.py", "src/b.py")
    registry = opened(repo)
    assert publish(registry, release(readme=b"a\r\nb\r\n"), readme=b"a\r\nb\r\n")
    assert subjects(repo) == ["ml/train 1.0.0"]
    listed = repo.git("show", "--format=", "--name-only").splitlines()
    assert {path.partition("/")[0] for path in listed} == {"shared"}
    assert {path.split("/")[1] for path in listed} == {".gitattributes", ".gitignore", "blobs", "c", "config.json"}
    # What the user staged is still staged, and nothing of the registry is left over.
    assert repo.git("status", "--porcelain").splitlines() == ["M  src/a.py", "A  src/b.py", "?? src/c.py"]
    # Bytes are kept.
    other = Repo(repo.folder.parent / "other")
    other.folder.mkdir()
    other.git("clone", "-q", repo.folder, ".")
    again = open_registry(parse_place(str(other.folder / "shared")), environ=ENVIRON)
    assert again.content(again.release(TRAIN, parse_version("1.0.0")), "README.md") == b"a\r\nb\r\n"


def test_the_same_again_is_no_commit(repo: Repo) -> None:
    assert [publish(opened(repo), release()) for _ in range(2)] == [True, False]
    assert subjects(repo) == ["ml/train 1.0.0"]


def test_marks_are_committed(repo: Repo) -> None:
    registry = opened(repo)
    publish(registry, release())
    yank = Yank(reason="it leaks", at="2026-01-01T00:00:00Z")
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.0.0"), yank))
    assert subjects(repo) == ["ml/train 1.0.0", "ml/train: yank 1.0.0"]
    assert repo.git("status", "--porcelain") == ""


def test_what_could_not_be_committed_is_committed_by_the_next(repo: Repo) -> None:
    (repo.folder / ".git" / "index.lock").write_text("")
    with pytest.raises(
        OutsideError, match=r"ml/train 1\.0\.0 is in \S+shared, and git cannot commit it: .*index\.lock"
    ):
        publish(opened(repo), release())
    (repo.folder / ".git" / "index.lock").unlink()
    assert not publish(opened(repo), release())
    assert subjects(repo) == ["ml/train 1.0.0"]


def test_nothing_of_the_repository_runs(repo: Repo) -> None:
    made = repo.folder.parent / "made"
    hook = repo.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {made}\n")
    hook.chmod(0o755)
    for key, value in {
        "filter.evil.clean": f"touch {made}",
        "gpg.program": f"{hook}",
        "commit.gpgSign": "true",
        "core.fsmonitor": f"{hook}",
    }.items():
        repo.git("config", key, value)
    repo.write({".gitattributes": "* filter=evil\n"})
    publish(opened(repo), release())
    assert subjects(repo) == ["ml/train 1.0.0"]
    assert not made.exists()


def test_releases_that_git_brings_are_listed(repo: Repo) -> None:
    publish(opened(repo), release())
    other = Repo(repo.folder.parent / "other")
    other.folder.mkdir()
    other.git("clone", "-q", repo.folder, ".")
    publish(opened(repo), release("2.0.0"))
    place = parse_place(str(other.folder / "shared"))
    assert [entry.version for entry in open_registry(place, environ=ENVIRON).entries()] == ["1.0.0"]
    other.git("pull", "-q")
    assert [entry.version for entry in open_registry(place, environ=ENVIRON).entries()] == ["2.0.0"]
    newest = other.folder / "shared" / "c" / "ml" / "train" / "component.yaml"
    assert newest.read_bytes() == contract("2.0.0")
    assert other.git("status", "--porcelain") == ""


def test_outside_of_git_nothing_is_committed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "shared"
    root.mkdir()
    for path, data in beginnings().items():
        (root / path).write_bytes(data)
    environ = {**ENVIRON, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    registry = open_writable(parse_place(str(root)), environ=environ)
    assert publish(registry, release())
    messages = [record.message for record in caplog.records if record.levelno >= logging.WARNING]
    assert messages == [f"{root} is not in a work tree of git: nothing is committed"]
