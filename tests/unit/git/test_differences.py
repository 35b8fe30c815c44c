"""What differs between a commit and the disk: by content, and without running a program of the repository."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, clone, make_repository
from toolkit.errors import OutsideError
from toolkit.git.differences import differences, old_contents
from toolkit.git.repository import Repository

FILES = {"a": "1\n", "b/c": "2\n", "b/d": "3\n"}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repository(tmp_path / "repo", FILES)


def _differ(repo: Repo, reference: str = "HEAD") -> dict[str, str]:
    repository = Repository.open(repo.folder, ENVIRON)
    found = differences(repository, repository.start(reference).tree)
    return {path: difference.what for path, difference in found.items()}


def test_commits_the_index_and_the_disk_are_one_state(repo: Repo) -> None:
    assert _differ(repo) == {}
    repo.commit({"committed": "x"})
    repo.write({"staged": "x"})
    repo.git("add", "staged")
    repo.write({'untracked/ö\n\t"x': "x", "a": "edited", "b/c": None, ".gitignore": "ignored\n", "ignored": "x"})
    assert _differ(repo, "HEAD~1") == {
        "committed": "added",
        "staged": "added",
        'untracked/ö\n\t"x': "added",
        ".gitignore": "added",
        "a": "changed",
        "b/c": "removed",
    }


def test_content_decides_and_not_time_or_the_index(repo: Repo) -> None:
    os.utime(repo.folder / "a", (1, 1))
    # Staged, and taken back on the disk.
    repo.write({"b/c": "changed"})
    repo.git("add", "b/c")
    repo.write({"b/c": "2\n"})
    # Out of the index, and still there.
    repo.git("rm", "-q", "--cached", "b/d")
    assert _differ(repo) == {}
    repo.write({"b/d": "other"})
    assert _differ(repo) == {"b/d": "changed"}


def test_a_change_that_was_committed_and_taken_back_is_none(repo: Repo) -> None:
    repo.commit({"a": "2\n"})
    repo.commit({"a": "1\n"})
    assert _differ(repo, "HEAD~2") == {}


def test_the_executable_bit_and_the_kind_of_a_file(repo: Repo) -> None:
    repo.commit({"link": "x"})
    (repo.folder / "link").unlink()
    (repo.folder / "link").symlink_to("a")
    repo.commit()
    os.utime(repo.folder / "link", (1, 1), follow_symlinks=False)
    assert _differ(repo) == {}
    (repo.folder / "a").chmod(0o755)
    (repo.folder / "b/c").unlink()
    (repo.folder / "b/c").symlink_to("d")
    (repo.folder / "link").unlink()
    (repo.folder / "link").symlink_to("b")
    assert _differ(repo) == {"a": "changed", "b/c": "changed", "link": "changed"}


def test_a_rename_is_an_old_and_a_new_path_also_if_only_the_case_changes(repo: Repo) -> None:
    repo.git("mv", "b", "e")
    repo.git("mv", "a", "A")
    repo.commit()
    assert _differ(repo, "HEAD~1") == {
        "a": "removed",
        "A": "added",
        "b/c": "removed",
        "b/d": "removed",
        "e/c": "added",
        "e/d": "added",
    }


def test_line_ends_that_git_would_convert_are_no_change(repo: Repo) -> None:
    repo.commit({".gitattributes": "*.txt text\n", "x.txt": "a\nb\n", "kept.bin": "a\nb\n"})
    repo.write({"x.txt": "a\r\nb\r\n", "kept.bin": "a\r\nb\r\n"})
    assert _differ(repo) == {"kept.bin": "changed"}
    repo.git("config", "core.autocrlf", "true")
    repo.git("config", "core.safecrlf", "true")
    assert _differ(repo) == {}


def test_files_of_lfs_are_compared_with_their_pointers(repo: Repo) -> None:
    content = b"weights" * 1000
    pointer = (
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{hashlib.sha256(content).hexdigest()}\nsize 7000\n"
    )
    # Not fetched, the pointer itself is on the disk.
    repo.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "w.bin": pointer, "v.bin": pointer})
    repo.write({"w.bin": content})
    assert _differ(repo) == {}
    repo.write({"w.bin": content + b"!", "v.bin": "no pointer"})
    assert _differ(repo) == {"w.bin": "changed", "v.bin": "changed"}


def test_no_program_of_the_repository_runs(repo: Repo, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\necho $0 >> {ran}\ncat\n")
    program.chmod(0o755)
    repo.commit({".gitattributes": "* filter=evil=x diff=evil\nb/* filter=long\n"})
    for name in ("post-index-change", "fsmonitor-watchman"):
        (repo.folder / ".git/hooks" / name).unlink(missing_ok=True)
        (repo.folder / ".git/hooks" / name).symlink_to(program)
    for key in (
        *("filter.evil=x.clean", "filter.evil=x.smudge", "filter.long.process", "core.fsmonitor", "diff.external"),
        *("diff.evil.textconv", "diff.evil.command", "core.pager", "core.editor", "core.sshCommand"),
    ):
        repo.git("config", key, str(program))
    for name in ("evil=x", "long"):
        repo.git("config", f"filter.{name}.required", "true")
    repo.git("config", "diff.orderFile", "/nonexistent")
    repo.git("config", "diff.noprefix", "true")
    for path in ("a", "b/c"):
        os.utime(repo.folder / path, (1, 1))
    repo.write({"b/d": "changed", "new": "x"})
    ran.unlink(missing_ok=True)
    index = (repo.folder / ".git/index").read_bytes()
    assert _differ(repo) == {"b/d": "changed", "new": "added"}
    assert not ran.exists()
    assert (repo.folder / ".git/index").read_bytes() == index


def test_a_submodule_differs_by_its_files(repo: Repo, tmp_path: Path) -> None:
    library = make_repository(tmp_path / "library", {"x.py": "1", "y.py": "1"})
    repo.git("submodule", "--quiet", "add", f"file://{library.folder}", "libs/shared")
    repo.commit()
    assert _differ(repo) == {}
    assert _differ(repo, "HEAD~1") == {".gitmodules": "added", "libs/shared": "added"}
    inner = Repo(repo.folder / "libs/shared")
    inner.commit({"x.py": "2"})
    inner.write({"z.py": "new"})
    assert _differ(repo) == {"libs/shared/x.py": "changed", "libs/shared/z.py": "added"}
    repo.commit()
    assert _differ(repo, "HEAD~1") == {"libs/shared/x.py": "changed", "libs/shared/z.py": "added"}
    # The earlier commit is not in a shallow clone of the submodule: all of it counts.
    cloned = clone(repo, tmp_path / "clone")
    library.git("pull", "-q", inner.folder, "HEAD")
    library.git("config", "uploadpack.allowAnySHA1InWant", "true")
    cloned.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--depth=1")
    assert _differ(cloned, "HEAD~1") == {"libs/shared": "changed"}
    # Not checked out.
    other = clone(repo, tmp_path / "other")
    assert _differ(other, "HEAD") == {}
    assert _differ(other, "HEAD~1") == {"libs/shared": "changed"}


def test_a_repository_inside_that_git_does_not_track_is_one_path(repo: Repo) -> None:
    make_repository(repo.folder / "nested", {"x": "1"})
    assert _differ(repo) == {"nested": "added"}


def test_a_partial_clone_fetches_nothing(repo: Repo, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.commit({"a": "2\n"})
    partial = clone(repo, tmp_path / "partial", "--filter=blob:none")
    repository = Repository.open(partial.folder, ENVIRON)
    found = differences(repository, repository.start("HEAD~1").tree)
    assert old_contents(found) == {"a": None}
    treeless = clone(repo, tmp_path / "treeless", "--filter=tree:0")
    with pytest.raises(OutsideError, match="is partial and lacks what is needed") as caught:
        _differ(treeless, "HEAD~1")
    command = str(caught.value.hint).partition(";")[0].removeprefix("git ")
    treeless.git(*command.split())
    assert _differ(treeless, "HEAD~1") == {"a": "changed"}


def test_old_contents(repo: Repo) -> None:
    repo.write({"a": "new", "x": "1"})
    repository = Repository.open(repo.folder, ENVIRON)
    found = differences(repository, "HEAD")
    assert old_contents(found) == {"a": b"1\n", "x": None}
    assert old_contents({}) == {}


def test_a_sparse_checkout_lacks_files_and_has_no_changes(repo: Repo) -> None:
    repo.git("sparse-checkout", "set", "--no-cone", "/a")
    assert not (repo.folder / "b").exists()
    assert _differ(repo) == {}


def test_a_conflict_is_a_change(repo: Repo) -> None:
    repo.git("switch", "-q", "-c", "side")
    repo.commit({"a": "side\n"})
    repo.git("switch", "-q", "main")
    repo.commit({"a": "main\n"})
    with pytest.raises(AssertionError):
        repo.git("merge", "side")
    assert _differ(repo) == {"a": "changed"}


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    subprocess.run(
        ["git", "init", "-q", "-b", "main", "--object-format=sha256", tmp_path / "r"], env=ENVIRON, check=True
    )
    repo = Repo(tmp_path / "r")
    repo.commit({"a": "1", "b": "1"})
    (repo.folder / "link").symlink_to("a")
    repo.commit()
    for name in ("a", "link"):
        os.utime(repo.folder / name, (1, 1), follow_symlinks=False)
    repo.write({"b": "2"})
    assert _differ(repo) == {"b": "changed"}
    assert set(_differ(repo, "0" * 64)) == {"a", "b", "link"}
