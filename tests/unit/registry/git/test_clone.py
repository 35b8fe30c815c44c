"""The clone in the cache: offline, damaged, left by a killed process."""

import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from toolkit.cache.store import Cache
from toolkit.errors import InputError, NoAnswerError, OutsideError
from toolkit.git.program import Git
from toolkit.registry.git import remote as remote_module
from toolkit.registry.git.clone import Clone
from toolkit.registry.place import parse_place


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    upstream = make_upstream(tmp_path / "upstream.git")
    upstream.put({"a": ("100644", b"1")})
    return upstream


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "cache")


def clone_of(upstream: Upstream, environ: Mapping[str, str], branch: str = "", **more: str) -> Clone:
    place = parse_place(f"{upstream.place}#{branch}" if branch else str(upstream.place))
    return Clone(place, {**environ, **more}, Cache.default(environ))


def head(upstream: Upstream, branch: str = "main") -> str:
    return upstream.git("rev-parse", branch).strip()


def test_a_branch_is_fetched_before_use(upstream: Upstream, environ: Mapping[str, str]) -> None:
    clone = clone_of(upstream, environ)
    assert clone.fetch(None) == clone.fetch("main") == head(upstream)
    assert clone.default_branch() == "main"
    assert clone.fetch("none") is None
    upstream.put({"a": ("100644", b"2")})
    assert clone.fetch(None) == head(upstream)
    assert clone.objects.blob(f"{head(upstream)}:a") == b"2"


def test_a_rewritten_branch_is_followed(upstream: Upstream, environ: Mapping[str, str]) -> None:
    clone = clone_of(upstream, environ)
    clone.fetch(None)
    upstream.git("update-ref", "-d", "refs/heads/main")
    upstream.put({"b": ("100644", b"new")})
    assert clone.fetch(None) == head(upstream)


def test_the_only_branch_is_the_default_of_a_repository_whose_default_is_missing(
    upstream: Upstream, environ: Mapping[str, str]
) -> None:
    upstream.git("symbolic-ref", "HEAD", "refs/heads/gone")
    upstream.git("branch", "-m", "main", "other")
    assert clone_of(upstream, environ).fetch(None) == head(upstream, "other")
    upstream.put({"a": ("100644", b"3")}, branch="third")
    with pytest.raises(InputError, match="has no default branch") as caught:
        clone_of(upstream, environ).fetch(None)
    assert "it has other, third" in str(caught.value.hint)
    upstream.put({"a": ("100644", b"4")}, branch="main")
    assert clone_of(upstream, environ).fetch(None) == head(upstream, "main")


def test_offline_what_was_fetched_is_used(
    upstream: Upstream, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(OutsideError, match="was never fetched here, and comp is offline"):
        clone_of(upstream, environ, COMP_OFFLINE="1").fetch(None)
    clone = clone_of(upstream, environ)
    clone.fetch(None)
    os.utime(clone.folder / "fetched", (1_000_000, 1_000_000))
    before = head(upstream)
    upstream.put({"a": ("100644", b"2")})
    caplog.set_level(logging.INFO)
    quiet = clone_of(upstream, environ, COMP_OFFLINE="1")
    assert quiet.fetch(None) == before
    [message] = caplog.messages
    assert message.startswith(f"offline: using what was fetched of {upstream.place} ")
    assert message.endswith(" days ago")
    with pytest.raises(OutsideError, match="nothing can be published in"):
        quiet.fetch(None, fresh=True)


def test_without_the_server_what_was_fetched_is_used_with_a_warning(
    upstream: Upstream, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone_of(upstream, environ).fetch(None)

    def fail(*_: object) -> bool:
        raise NoAnswerError("git cannot reach it")

    monkeypatch.setattr(remote_module.GitRemote, "fetch", fail)
    clone = clone_of(upstream, environ)
    assert clone.fetch(None) == head(upstream)
    assert caplog.messages == [f"git cannot reach it; using what was fetched of {upstream.place} a moment ago"]
    with pytest.raises(NoAnswerError):
        clone.fetch(None, fresh=True)


def test_a_clone_that_cannot_be_written_is_read(
    upstream: Upstream, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clone_of(upstream, environ).fetch(None)
    upstream.put({"a": ("100644", b"2")})
    # The superuser may write everywhere.
    monkeypatch.setattr(os, "access", lambda _path, mode: mode != os.W_OK)
    clone = clone_of(upstream, environ)
    assert clone.fetch(None) == before
    assert caplog.messages == [
        f"{clone.folder} cannot be written; using what was fetched of {upstream.place} a moment ago"
    ]
    with pytest.raises(OutsideError, match=r"nothing can be published in .* cannot be written") as caught:
        clone.fetch(None, fresh=True)
    assert "COMP_CACHE_DIR" in str(caught.value.hint)


def test_a_clone_that_a_killed_process_left_is_made_anew(
    upstream: Upstream, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    clone = clone_of(upstream, environ)
    clone.fetch(None)
    repository = clone.folder / "repository"
    (repository / "refs" / "comp" / "HEAD.lock").write_text("")
    upstream.put({"a": ("100644", b"2")})
    caplog.set_level(logging.INFO)
    assert clone_of(upstream, environ).fetch(None) == head(upstream)
    assert caplog.messages == [f"made the clone of {upstream.place} anew"]
    assert not (repository / "refs" / "comp" / "HEAD.lock").exists()
    # And one whose objects are gone.
    shutil.rmtree(repository / "objects")
    (repository / "objects").mkdir()
    again = clone_of(upstream, environ)
    assert again.fetch(None) == head(upstream)
    assert again.objects.blob(f"{head(upstream)}:a") == b"2"
    assert sorted(path.name for path in clone.folder.iterdir()) == ["fetched", "repository"]


def test_a_missing_repository_is_an_error_and_costs_no_clone(upstream: Upstream, environ: Mapping[str, str]) -> None:
    clone = clone_of(upstream, environ)
    before = clone.fetch(None)
    upstream.folder.rename(upstream.folder.with_name("moved.git"))
    with pytest.raises(OutsideError, match="git cannot use file://") as caught:
        clone_of(upstream, environ).fetch(None)
    assert "try `git ls-remote file://" in str(caught.value.hint)
    assert clone_of(upstream, environ, COMP_OFFLINE="1").fetch(None) == before


def test_a_commit_is_written_without_moving_a_branch(upstream: Upstream, environ: Mapping[str, str]) -> None:
    clone = clone_of(upstream, environ)
    parent = clone.fetch(None)
    identity = Git(folder=upstream.folder, environ=environ)
    commit = clone.write_commit({"c/x.json": b"{}\n", "b": b""}, parent, "ml/train 1.0.0", identity)
    assert clone.git.get("log", "-1", "--format=%P %an %ae %s", commit).decode().split()[1:] == [
        *("A", "a@example.com", "ml/train", "1.0.0")
    ]
    listed = clone.git.get("ls-tree", "-r", "--name-only", commit).decode().split()
    assert listed == ["a", "b", "c/x.json"]
    assert clone.git.get("for-each-ref", "--format=%(refname)").decode().split() == ["refs/comp/HEAD"]
    first = clone.write_commit({"b": b"\n\n"}, None, "first", identity)
    assert clone.git.get("cat-file", "-p", f"{first}:b") == b"\n\n"


def test_no_login_is_in_a_clone(tmp_path: Path, environ: Mapping[str, str]) -> None:
    place = parse_place("git+https://ann:s3cret-word@git.example.com/x.git")
    clone = Clone(place, environ, Cache.default(environ))
    assert (
        clone.folder == Clone(parse_place("git+https://git.example.com/x.git"), environ, Cache.default(environ)).folder
    )
    assert clone.remote.address == "https://git.example.com/x.git"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"s3cret" not in kept
