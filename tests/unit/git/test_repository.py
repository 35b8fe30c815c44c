"""Repositories: where they are, what names stand for, and what to run if something is missing."""

import os
from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, clone, make_repository
from toolkit.errors import CompError, OutsideError, UsageError
from toolkit.git.repository import Head, Repository, Start


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repository(tmp_path / "repo", {"a": "1", "b/c": "2"})


def _open(repo: Repo) -> Repository:
    return Repository.open(repo.folder, ENVIRON)


def _refusal(repo: Repo, reference: str) -> CompError:
    with pytest.raises(UsageError) as caught:
        _open(repo).start(reference)
    return caught.value


def test_the_repository_of_a_folder_below_its_top_and_through_a_link(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.folder / "b")
    for folder in (repo.folder, repo.folder / "b", tmp_path / "link"):
        assert Repository.open(folder, ENVIRON).top == repo.folder


def test_a_worktree_is_a_repository_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", tmp_path / "side")
    side = Repo(tmp_path / "side")
    first = repo.git("rev-parse", "main")
    side.commit({"a": "2"})
    assert Repository.open(side.folder, ENVIRON).top == side.folder
    assert Repository.open(side.folder, ENVIRON).start("main").tree == first


def test_variables_of_a_hook_do_not_name_another_repository(repo: Repo, tmp_path: Path) -> None:
    other = make_repository(tmp_path / "other", {"x": "1"})
    hook = {"GIT_DIR": str(other.folder / ".git"), "GIT_WORK_TREE": str(other.folder), "GIT_INDEX_FILE": "none"}
    assert Repository.open(repo.folder, ENVIRON | hook).top == repo.folder


def test_folders_without_a_working_tree(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(UsageError, match="is not in a git repository"):
        Repository.open(outside, ENVIRON | {"GIT_CEILING_DIRECTORIES": str(tmp_path)})
    repo.git("clone", "-q", "--bare", repo.folder, tmp_path / "bare")
    with pytest.raises(UsageError, match="is a bare repository"):
        Repository.open(tmp_path / "bare", ENVIRON)
    # Whose settings would lead git to other folders of the machine.
    repo.git("config", "core.worktree", str(outside))
    with pytest.raises(UsageError, match="is not in the working tree of its repository"):
        _open(repo)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_is_refused_until_git_trusts_it(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "of another", {"a": "1"})
    for path in (repo.folder, repo.folder / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(OutsideError, match="belongs to another user") as caught:
        _open(repo)
    hint = f"if you trust it: git config --global --add safe.directory '{repo.folder}'"
    assert caught.value.hint == hint
    trusting = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    assert Repository.open(repo.folder, ENVIRON | trusting).top == repo.folder


def test_a_reference_stands_for_its_merge_base_with_head(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("tag", "-a", "-m", "one", "v1")
    repo.git("switch", "-q", "-c", "topic")
    second = repo.commit({"a": "2"})
    repo.git("switch", "-q", "main")
    ahead = repo.commit({"d": "1"})
    repo.git("switch", "-q", "--detach", "topic")
    repository = _open(repo)
    assert repository.start("main") == Start(tree=first, named=ahead)
    assert repository.start("main...").tree == first
    assert repository.start("main..").tree == ahead
    # Ancestors are their own merge bases.
    assert repository.start("HEAD~1").tree == repository.start("v1").tree == repository.start(first).tree == first
    assert repository.start(f" {second} \n").tree == second


def test_a_branch_that_only_the_server_has(repo: Repo, tmp_path: Path) -> None:
    repo.git("branch", "develop")
    cloned = clone(repo, tmp_path / "clone")
    start = _open(cloned).start("develop")
    assert start.tree == repo.git("rev-parse", "main")
    assert start.notices == ("develop is not a branch of this clone: origin/develop is taken",)
    assert _open(cloned).start("origin/develop").notices == ()


def test_zeros_are_the_state_without_files(repo: Repo) -> None:
    start = _open(repo).start("0" * 40)
    assert start.tree == "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    assert start.notices == ("nothing came before: every file counts as new",)


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("", "the reference is empty", "name a branch, a tag or a commit, such as origin/main"),
        ("man", "man is not a branch, a tag or a commit of this clone", "did you mean 'main'?"),
        (
            "release",
            "release is not a branch, a tag or a commit of this clone",
            "git fetch origin release, if the server has it",
        ),
        ("HEAD~9", "HEAD~9 is not a commit of this clone", "see gitrevisions(7) for the names of commits"),
        ("HEAD:a", "HEAD:a is a file in a commit, expected a commit", "leave out the path: HEAD"),
        ("odd:a", "odd:a is not a branch, a tag or a commit of this clone", None),
        ("-x", "-x is not a branch, a tag or a commit of this clone", None),
        ("main..HEAD", "main..HEAD is a range, and files on the disk are compared", "name its beginning alone: main"),
        (
            "deadbeef",
            "the commit deadbeef is not in this clone",
            "git fetch origin deadbeef, unless a forced push replaced it",
        ),
    ],
)
def test_references_that_name_no_commit(repo: Repo, reference: str, message: str, hint: str | None) -> None:
    error = _refusal(repo, reference)
    assert error.message == message
    if hint:
        assert error.hint == hint


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    assert _refusal(make_repository(tmp_path / "new"), "main").message == "the repository has no commit yet"


def test_an_unborn_head_is_compared_with_the_reference_itself(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("switch", "-q", "--orphan", "new")
    assert _open(repo).start("main") == Start(tree=first, named=first, notices=("HEAD has no commit yet",))


def test_a_shallow_clone_says_what_to_fetch_and_then_compares_with_the_reference_itself(
    repo: Repo, tmp_path: Path
) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.commit({"a": "2"})
    repo.commit({"a": "3"})
    shallow = clone(repo, tmp_path / "shallow", "--depth=1")
    ci = "in actions/checkout set `fetch-depth: 0`, in GitLab CI the variable GIT_DEPTH: 0"
    error = _refusal(shallow, first)
    assert error.message == f"the commit {first} is not in this clone, which is shallow"
    assert error.hint == f"git fetch --depth=1 origin {first}; {ci}"
    assert _refusal(shallow, "HEAD~1").hint == f"git fetch --unshallow; {ci}"
    branch = _refusal(shallow, "origin/develop")
    assert branch.hint == f"git fetch --depth=1 origin develop:refs/remotes/origin/develop; {ci}"
    # What it says to run is enough.
    repo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    shallow.git(*str(error.hint).partition(";")[0].removeprefix("git ").split())
    start = _open(shallow).start(first)
    assert start.tree == first
    assert start.notices[0].startswith(f"{first} and HEAD have no common commit here (this clone is shallow)")


def test_unrelated_histories_are_compared_directly(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.git("switch", "-q", "--orphan", "new")
    repo.commit({"z": "1"})
    start = _open(repo).start("main")
    assert start.tree == first
    assert start.notices == (
        "main and HEAD have no common commit here (they share no history): changes on main count too",
    )


def test_blobs_by_path_and_by_id(repo: Repo) -> None:
    repo.commit({"a": "11", "empty": "", "big": b"\0\n" * 100_000})
    names = [
        "HEAD:a",
        "HEAD:none",
        "HEAD:b",
        "HEAD:b/c",
        "x y blob 5",
        "HEAD~1:a",
        "HEAD:a\nb",
        "HEAD:empty",
        "HEAD:big",
    ]
    read = list(_open(repo).blobs(names))
    assert read[:-1] == [b"11", None, None, b"2", None, b"1", None, b""]
    assert read[-1] == b"\0\n" * 100_000
    assert list(_open(repo).blobs([])) == []


def test_the_commit_and_whether_a_folder_is_as_it_has_it(repo: Repo, tmp_path: Path) -> None:
    commit = repo.git("rev-parse", "HEAD")
    os.utime(repo.folder / "a", (1, 1))
    assert _open(repo).head() == Head(commit=commit, is_clean=True)
    repo.write({"a": "edited"})
    assert [_open(repo).head(below).is_clean for below in (".", "b")] == [False, True]
    repo.write({"b/new": "x"})
    assert not _open(repo).head("b").is_clean
    assert _open(make_repository(tmp_path / "empty")).head() == Head(commit=None, is_clean=True)


def test_no_program_of_the_repository_runs_to_see_whether_it_is_clean(repo: Repo, tmp_path: Path) -> None:
    trap = f"touch {tmp_path / 'trapped'}; cat"
    repo.commit({".gitattributes": "* filter=trap\n"})
    for key in ("filter.trap.clean", "filter.trap.process", "core.fsmonitor"):
        repo.git("config", key, trap)
    repo.write({"a": "edited"})
    assert not _open(repo).head().is_clean
    assert not (tmp_path / "trapped").exists()
