"""Addresses that users write: what they are, and which login goes with them."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.http.addresses import parse_address

SAFE = {"NETRC": "/dev/null"}


def test_the_login_of_an_address_becomes_a_header(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine a.example.com login bob password s3cret-2\n")
    environ = {"NETRC": str(tmp_path / "netrc")}
    own = parse_address("https://ann:p%40ss-1@a.example.com:8443/x?y#z", environ)
    assert own.parts.geturl() == "https://a.example.com:8443/x?y#z"
    assert own.headers == {"Authorization": "Basic YW5uOnBAc3MtMQ=="}
    assert parse_address("https://a.example.com/x", environ).headers == {"Authorization": "Basic Ym9iOnMzY3JldC0y"}
    assert parse_address("https://b.example.com/x", environ).headers == {}


@pytest.mark.parametrize("text", ["https://[x/c.yaml", "https://h:99999/c.yaml", "https://h:ab/c", "https:///c.yaml"])
def test_what_is_no_address_is_the_fault_of_its_author(text: str) -> None:
    with pytest.raises(InputError, match="is not an address"):
        parse_address(text, SAFE)


def test_the_message_has_no_login() -> None:
    with pytest.raises(InputError) as caught:
        parse_address("https://ann:s3cret-3@h:ab/c", SAFE)
    assert "s3cret-3" not in str(caught.value.message)


def test_plain_http_is_for_this_machine_and_listed_hosts(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(OutsideError, match=r"http://a\.example\.com/x is not encrypted") as caught:
        parse_address("http://ann:s3cret-4@a.example.com/x", SAFE)
    assert "COMP_INSECURE_REGISTRIES=a.example.com" in str(caught.value.hint)
    listed = parse_address("http://ann:s3cret-4@a.example.com/x", {**SAFE, "COMP_INSECURE_REGISTRIES": "a.example.com"})
    assert listed.headers == {}
    assert caplog.messages == ["no login is sent to a.example.com: the connection is not encrypted"]
    assert parse_address("http://ann:s3cret-4@127.0.0.1:80/x", SAFE).headers
