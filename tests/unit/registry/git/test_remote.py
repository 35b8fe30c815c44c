"""A repository elsewhere: which logins it gets, and what is said of one that is down or refuses."""

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import environ_for, make_upstream
from tests.git_server import serving_git
from toolkit.errors import InputError, NoAnswerError, OutsideError, RemoteError
from toolkit.redaction import hide
from toolkit.registry.git.remote import GitRemote, LostRaceError

LOGIN = "ann:s3cret-word"


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "cache")


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """The repository that is fetched into."""
    return make_upstream(tmp_path / "local.git").folder


def remote(address: str, local: Path, environ: Mapping[str, str], *, asks: bool = False) -> GitRemote:
    return GitRemote.of(address, local, environ, asks=asks)


def test_a_login_of_the_address_is_sent_and_kept_nowhere(
    tmp_path: Path, local: Path, environ: Mapping[str, str]
) -> None:
    with serving_git(tmp_path / "server", {"a": "1"}, user=LOGIN) as host:
        known = remote(f"http://{LOGIN}@{host}", local, environ)
        assert known.address == f"http://{host}"
        [branch] = known.branches().commits
        assert known.fetch(branch, "refs/comp/it")
        with pytest.raises(RemoteError, match="git has no access to http://127") as caught:
            remote(f"http://{host}", local, environ).branches()
        assert "~/.netrc" in str(caught.value.hint)
    assert "s3cret" not in "".join(path.read_text(errors="replace") for path in local.rglob("*") if path.is_file())
    assert "s3cret" not in repr(known)
    assert hide("s3cret-word") == "***"


def test_netrc_is_git_s_own_affair(tmp_path: Path, local: Path, environ: Mapping[str, str]) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password s3cret-word\n")
    with serving_git(tmp_path / "server", {"a": "1"}, user=LOGIN) as host:
        known = remote(f"http://{host}", local, {**environ, "HOME": str(tmp_path)})
        assert len(known.branches().commits) == 1


def _ssh(folder: Path, script: str) -> Path:
    """Write a program with the name of OpenSSH's, which not every machine has; return its folder."""
    program = folder / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program.parent


def test_a_server_that_is_down_gave_no_answer(tmp_path: Path, local: Path, environ: Mapping[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # What OpenSSH prints, and its exit code.
    ssh = _ssh(tmp_path, f"echo 'ssh: connect to host 127.0.0.1 port {port}: Connection refused' >&2; exit 255")
    path = {"PATH": f"{ssh}:{environ['PATH']}"}
    for address in (f"http://127.0.0.1:{port}/x.git", f"ssh://git@127.0.0.1:{port}/x.git"):
        with pytest.raises(NoAnswerError, match=f"git cannot reach {address}"):
            remote(address, local, {**environ, **path}).branches()


def test_ssh_asks_nothing_without_a_terminal(tmp_path: Path, local: Path, environ: Mapping[str, str]) -> None:
    upstream = make_upstream(tmp_path / "upstream.git")
    upstream.put({"a": ("100644", b"1")})
    ssh = _ssh(tmp_path, f'echo "$@" >> {tmp_path}/words\neval "git-upload-pack \'{upstream.folder}\'"')
    path = {"PATH": f"{ssh}:{environ['PATH']}:/usr/lib/git-core"}
    assert [*remote("ssh://git@host/x.git", local, {**environ, **path}).branches().commits] == ["main"]
    assert "-oBatchMode=yes" in (tmp_path / "words").read_text()
    (tmp_path / "words").unlink()
    remote("ssh://git@host/x.git", local, {**environ, **path}, asks=True).branches()
    remote("ssh://git@host/x.git", local, {**environ, **path, "GIT_SSH_COMMAND": "ssh -4"}).branches()
    assert "BatchMode" not in (tmp_path / "words").read_text()


def test_git_asks_on_a_terminal_alone(local: Path, environ: Mapping[str, str]) -> None:
    assert remote("https://x.example.com/a", local, environ, asks=True).git.variables["GIT_TERMINAL_PROMPT"] == "1"
    assert "GIT_TERMINAL_PROMPT" not in remote("https://x.example.com/a", local, environ).git.variables


def test_only_the_scheme_of_the_address_is_spoken(tmp_path: Path, local: Path, environ: Mapping[str, str]) -> None:
    upstream = make_upstream(tmp_path / "upstream.git")
    # The user's own settings may lead an address elsewhere, and a stranger's cannot name a program.
    elsewhere = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "url.ext::sh -c 'touch made' .insteadOf",
        "GIT_CONFIG_VALUE_0": f"file://{upstream.folder}",
    }
    with pytest.raises(OutsideError, match="transport 'ext' not allowed"):
        remote(f"file://{upstream.folder}", local, {**environ, **elsewhere}).branches()
    assert not (local / "made").exists()


@pytest.mark.parametrize("address", ["http://x.example.com/a", "http://ann:s3cret-word@x.example.com/a"])
def test_nothing_is_sent_without_encryption(local: Path, environ: Mapping[str, str], address: str) -> None:
    with pytest.raises(OutsideError, match=r"http://x\.example\.com/a is not encrypted"):
        remote(address, local, environ)


def test_no_login_goes_to_a_listed_host(local: Path, environ: Mapping[str, str]) -> None:
    listed = {**environ, "COMP_INSECURE_REGISTRIES": "x.example.com"}
    assert remote("http://x.example.com/a", local, listed).address == "http://x.example.com/a"
    with pytest.raises(OutsideError, match=r"no login is sent to x\.example\.com"):
        remote(f"http://{LOGIN}@x.example.com/a", local, listed)


def test_an_invalid_address_is_refused(local: Path, environ: Mapping[str, str]) -> None:
    with pytest.raises(InputError, match="is not an address"):
        remote("https://host:x/a", local, environ)


def test_the_login_comes_after_the_user_s_own_settings(local: Path, environ: Mapping[str, str]) -> None:
    own = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "a.b", "GIT_CONFIG_VALUE_0": "c"}
    variables = remote(f"https://{LOGIN}@x.example.com/a", local, {**environ, **own}).git.variables
    assert (variables["GIT_CONFIG_COUNT"], variables["GIT_CONFIG_KEY_1"]) == (
        "2",
        "http.https://x.example.com/.extraHeader",
    )


def test_a_push_moves_a_branch_from_where_it_was(tmp_path: Path, environ: Mapping[str, str]) -> None:
    upstream, own = make_upstream(tmp_path / "upstream.git"), make_upstream(tmp_path / "own.git")
    own.put({"a": ("100644", b"1")})
    first = own.git("rev-parse", "main").strip()
    own.put({"a": ("100644", b"2")})
    second = own.git("rev-parse", "main").strip()
    known = remote(f"file://{upstream.folder}", own.folder, environ)
    assert known.push(first, "main", None) == ""
    with pytest.raises(LostRaceError):
        known.push(second, "main", None)
    known.push(second, "main", first)
    own.put({"a": ("100644", b"3")})
    with pytest.raises(LostRaceError):
        known.push("main", "main", first)
    assert upstream.git("rev-parse", "main").strip() == second


def test_what_the_server_says_is_returned(tmp_path: Path, environ: Mapping[str, str]) -> None:
    upstream, own = make_upstream(tmp_path / "upstream.git"), make_upstream(tmp_path / "own.git")
    own.put({"a": ("100644", b"1")})
    hook = upstream.folder / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'Create a pull request:' >&2; echo '  https://git.example.com/new' >&2\n")
    hook.chmod(0o755)
    said = remote(f"file://{upstream.folder}", own.folder, environ).push("main", "topic", None)
    assert said == "Create a pull request:\nhttps://git.example.com/new"
    assert upstream.git("for-each-ref", "--format=%(refname)") == "refs/heads/topic\n"
