"""Contracts at addresses, and the faults of those who serve them."""

import base64

import pytest

from tests.contracts import contract
from tests.pages import Reply, serving_pages
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.registry.publishing.contract_address import fetch_contract, is_address


def test_which_texts_are_addresses() -> None:
    assert [*map(is_address, ("https://h/x", "HTTP://h/x", "component.yaml", "git+https://h", "oci://h"))] == [
        *(True, True, False, False, False)
    ]


def test_a_login_goes_to_its_server_and_stays_nowhere() -> None:
    seen = []

    def answer(path: str, login: str | None) -> Reply:
        seen.append((path, login))
        return 200, {}, contract().encode()

    with serving_pages(answer) as host:
        fetched = fetch_contract(f"http://ann:p%40ss@{host}/ml/train/component.yaml?ref=main#x", {})
        assert fetched.address == f"http://{host}/ml/train/component.yaml?ref=main"
        tokened = fetch_contract(f"http://{host}/component.yaml?token=abcdefgh", {})
    assert tokened.address == f"http://{host}/component.yaml"
    assert fetched.data.decode() == contract()
    expected = "Basic " + base64.b64encode(b"ann:p@ss").decode()
    assert seen == [("/ml/train/component.yaml?ref=main", expected), ("/component.yaml?token=abcdefgh", None)]


def _redirected(path: str, login: str | None) -> Reply:
    del login
    return (302, {"Location": "/new"}, b"") if path == "/old" else (200, {}, contract().encode())


def test_redirects_are_followed_but_not_without_end() -> None:
    with serving_pages(_redirected) as host:
        assert fetch_contract(f"http://{host}/old", {}).data.decode() == contract()
    with (
        serving_pages(lambda path, _: (302, {"Location": f"{path}x"}, b"")) as host,
        pytest.raises(OutsideError, match="redirects without end"),
    ):
        fetch_contract(f"http://{host}/", {})


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((200, {"Content-Type": "text/html"}, b"\n<!DOCTYPE html><html>sign in</html>"), "is a page of HTML"),
        ((404, {}, b"none"), "there is nothing at"),
        ((403, {}, b"denied by policy"), "does not give .* status 403: denied by policy"),
        ((200, {"Content-Length": "900"}, b"name: x\n"), "connection"),
    ],
)
def test_what_is_not_a_contract(reply: Reply, message: str) -> None:
    with serving_pages(lambda *_: reply) as host, pytest.raises(CompError, match=message):
        fetch_contract(f"http://{host}/x/component.yaml", {})


def test_a_file_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_CONTRACT_SIZE", "1000")
    with (
        serving_pages(lambda *_: (200, {"Content-Length": str(10**12)}, b"a: b\n" * 200_000)) as host,
        pytest.raises(InputError, match=r"limit of 1\.0 kB"),
    ):
        fetch_contract(f"http://{host}/x", {})


@pytest.mark.parametrize(
    ("address", "raw"),
    [
        ("https://github.com/o/r/blob/main/x.yaml", "https://raw.githubusercontent.com/o/r/main/x.yaml"),
        ("https://gitlab.example/o/r/-/blob/main/x.yaml", "https://gitlab.example/o/r/-/raw/main/x.yaml"),
    ],
)
def test_the_page_of_a_file_leads_to_the_file(address: str, raw: str) -> None:
    from toolkit.registry.publishing.contract_address import _hint

    assert _hint(address).endswith(raw)
