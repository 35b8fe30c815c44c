"""Git in a repository that may be a stranger's."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.errors import OutsideError, UsageError
from toolkit.git.program import Git, without_filters, without_hook_variables
from toolkit.system.processes import Finished


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repository(tmp_path / "repo", {"a": "1"})


def in_folder(folder: Path, environ: Mapping[str, str] = ENVIRON) -> Git:
    return Git(folder=folder, environ=environ)


def settings(values: Mapping[str, str]) -> dict[str, str]:
    """Return settings of git in the form of variables."""
    numbered = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (key, value) in enumerate(values.items()):
        numbered |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return numbered


def test_git_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutsideError, match="git is not installed"):
        in_folder(tmp_path, ENVIRON | {"PATH": str(tmp_path)}).try_("version")


def test_only_variables_that_name_a_repository_are_left_out() -> None:
    environ = {"GIT_DIR": "/x", "GIT_INDEX_FILE": "/x/index", "GIT_QUARANTINE_PATH": "/q", "GIT_SSH": "s", "HOME": "/"}
    assert without_hook_variables(environ) == {"GIT_SSH": "s", "HOME": "/"}
    assert len(environ) == 5


def test_bytes_go_in_and_come_out_as_they_are(repo: Repo) -> None:
    name = in_folder(repo.folder).get("hash-object", "-w", "--stdin", data=b"\xff\0\r\n").strip().decode()
    assert in_folder(repo.folder).get("cat-file", "blob", name) == b"\xff\0\r\n"


def test_a_failure_is_returned_or_raised(repo: Repo) -> None:
    git = in_folder(repo.folder)
    assert git.try_("rev-parse", "--verify", "nothing").code == 128
    with pytest.raises(OutsideError, match=f"git cannot read the repository around {repo.folder}: .*single revision"):
        git.get("rev-parse", "--verify", "nothing")
    # An exit code may be all that there is.
    with pytest.raises(OutsideError, match=r": 1$"):
        git.get("config", "no.such")


@pytest.mark.parametrize(
    ("text", "kind", "message", "hint"),
    [
        ("fatal: not a git\nrepository", UsageError, "/x is not in a git repository", "run it in a clone"),
        (
            "fatal: detected dubious ownership in repository at '/y/it is'",
            OutsideError,
            "git refuses the repository /y/it is: it belongs to another user",
            "--add safe.directory '/y/it is'",
        ),
        # The form of git 2.35.2; and without a name it is that of the folder.
        ("fatal: unsafe repository ('/y' is owned)", OutsideError, "git refuses the repository /x:", "directory /x"),
        ("fatal: transport 'none' not allowed", OutsideError, "the clone around /x is partial", "--refetch"),
        ("warning: lazy fetching disabled", OutsideError, "the clone around /x is partial", "--refetch"),
    ],
)
def test_failures_that_git_words(text: str, kind: type, message: str, hint: str) -> None:
    error = in_folder(Path("/x")).failure(Finished(code=128, out=b"", err=text.encode()))
    assert type(error) is kind
    assert message in error.message
    assert hint in (error.hint or "")


def test_a_tree_that_is_missing_is_that_of_a_partial_clone_or_damage(repo: Repo) -> None:
    failed = Finished(code=128, out=b"", err=b"error: bad tree object 28cd")
    git = in_folder(repo.folder)
    assert "git cannot read the repository" in git.failure(failed).message
    repo.git("config", "remote.origin.promisor", "true")
    assert "is partial and lacks what is needed" in git.failure(failed).message


def test_a_long_failure_is_cut(repo: Repo) -> None:
    error = in_folder(repo.folder).failure(Finished(code=1, out=b"", err=b"x" * 10_000 + b"end"))
    assert error.message.endswith("xend")
    assert len(error.message) < 1000


def test_settings_of_the_user_do_not_bring_programs_back(repo: Repo) -> None:
    environ = ENVIRON | settings({"core.fsmonitor": "/evil", "core.hooksPath": "/evil", "user.name": "B"})
    git = in_folder(repo.folder, environ)
    assert git.get("config", "core.fsmonitor") == b"false\n"
    assert git.get("config", "core.hooksPath") == b"/dev/null\n"
    # Others stay.
    assert git.get("config", "user.name") == b"B\n"


@pytest.mark.parametrize("name", ["evil", "e.v.i l", "evil=x"])
def test_a_filter_is_switched_off_whatever_its_name_is(repo: Repo, tmp_path: Path, name: str) -> None:
    ran = tmp_path / "ran"
    repo.git("config", f"filter.{name}.clean", f"touch {ran}; cat")
    repo.git("config", f"filter.{name}.required", "true")
    # A name with a space cannot be given to a path, and is switched off all the same.
    repo.write({".gitattributes": f"* filter={name}\n"})
    # The user's settings in variables come before those that switch it off.
    git = in_folder(repo.folder, ENVIRON | settings({"user.name": "B"}))
    if " " not in name:
        git.get("hash-object", "a")
        assert ran.exists()
        ran.unlink()
    git = without_filters(git)
    assert git.filters == (name,)
    git.get("hash-object", "a")
    assert not ran.exists()
    assert git.get("config", "user.name") == b"B\n"
    assert git.get("config", f"filter.{name}.clean") == b"\n"


def test_a_repository_without_filters(repo: Repo) -> None:
    assert without_filters(in_folder(repo.folder)).filters == ()


def test_an_old_git_cannot_switch_off_every_filter(repo: Repo, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    old = 'case "$*" in *" version") echo git version 2.25.1; exit;; esac'
    program.write_text(f'#!/bin/sh\n{old}\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    environ = ENVIRON | {"PATH": f"{program.parent}:{ENVIRON['PATH']}"}
    repo.git("config", "filter.plain.clean", "cat")
    assert without_filters(in_folder(repo.folder, environ)).filters == ("plain",)
    repo.git("config", "filter.a=b.clean", "cat")
    with pytest.raises(OutsideError, match=r"git 2\.25\.1 is too old for the filters"):
        without_filters(in_folder(repo.folder, environ))
