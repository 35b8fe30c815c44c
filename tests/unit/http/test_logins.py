from pathlib import Path

from toolkit.http.logins import basic, in_netrc
from toolkit.redaction import hide


def test_netrc_has_logins_by_host(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine a.example.com login ann password s3cret-1\n")
    environ = {"NETRC": str(file)}
    assert in_netrc("a.example.com", environ) == ("ann", "s3cret-1")
    assert in_netrc("a.example.com", environ, user="ann") == ("ann", "s3cret-1")
    assert in_netrc("a.example.com", environ, user="bob") is None
    assert in_netrc("b.example.com", environ) is None


def test_a_broken_netrc_has_no_logins(tmp_path: Path) -> None:
    file = tmp_path / "netrc"
    file.write_bytes(b"machine \xff\xfe")
    assert in_netrc("a.example.com", {"NETRC": str(file)}) is None
    assert in_netrc("a.example.com", {"NETRC": str(tmp_path / "missing")}) is None


def test_a_login_is_a_header_and_a_secret() -> None:
    assert basic("ann", "s3cret-é") == {"Authorization": "Basic YW5uOnMzY3JldC3DqQ=="}
    assert hide("it is s3cret-é") == "it is ***"
