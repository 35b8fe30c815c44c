"""The HTTP of KFP's client: which answers are taken, and what is wrong with the others."""

import json
from collections.abc import Mapping

import pytest

from toolkit.errors import RemoteError
from toolkit.http.transport import Answer, HttpRequest
from toolkit.pipelines.server.exchange import PLAIN_TEXT, Pool, check, shown

URL = "https://kfp.example/apis/v2beta1/runs?page_token=abc"


def answer(status: int = 200, body: bytes = b"{}", headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status=status, headers=headers or {}, url=URL, body=body)


class Transport:
    """Notes requests, and gives one answer."""

    def __init__(self, given: Answer) -> None:
        self.given = given
        self.sent: list[HttpRequest] = []

    def send(self, request: HttpRequest) -> Answer:
        self.sent.append(request)
        return self.given


def pool(given: Answer) -> tuple[Pool, Transport]:
    transport = Transport(given)
    return Pool(transport), transport  # type: ignore[arg-type] # a stand-in


@pytest.mark.parametrize("body", [b"", b"{}", b' {"a": 1}'])
def test_an_object_is_taken(body: bytes) -> None:
    check(answer(body=body), "GET", URL)


@pytest.mark.parametrize(
    ("given", "message", "status"),
    [
        (answer(302, headers={"Location": "https://login/x?secret=1"}), "redirected to https://login/x, probably", 302),
        (answer(302), "redirected to nowhere", 302),
        (answer(302, headers={"Location": "http://[x"}), r"redirected to 'http://\[x', probably", 302),
        (answer(401, b'{"message": "expired"}'), r"wants a valid token \(status 401: expired\)", 401),
        (answer(403, b""), r"not allowed \(status 403\)", 403),
        (answer(404, b"not found"), "the server has no KFP API here", 0),
        (answer(404, b'{"code": 5, "message": "run x"}'), "status 404: run x", 404),
        (answer(500, b'{"error": "broken", "code": 13}'), "status 500: broken$", 500),
        (answer(body=b" <html>"), "found a web page", 0),
        (answer(body=b"Hello", headers={"Content-Type": "Text/HTML; charset=x"}), "found a web page", 0),
        (answer(body=b"[1]"), "expected a JSON object, found list", 0),
        (answer(body=b"{"), "the answer is invalid JSON", 0),
        (answer(body=b"[" * 100_000), "the answer is invalid JSON", 0),
    ],
)
def test_other_answers_say_what_is_wrong(given: Answer, message: str, status: int) -> None:
    with pytest.raises(RemoteError, match=message) as caught:
        check(given, "GET", URL)
    assert caught.value.message.startswith("GET https://kfp.example/apis/v2beta1/runs: ")
    assert (caught.value.status or 0) == status
    assert caught.value.hint


def test_a_text_need_not_be_json() -> None:
    check(answer(body=b"a line"), "GET", URL, text=True)
    with pytest.raises(RemoteError, match="found a web page"):
        check(answer(body=b"<html>"), "GET", URL, text=True)


def test_an_address_is_shown_without_its_query() -> None:
    assert shown(URL) == "https://kfp.example/apis/v2beta1/runs"
    assert shown("/login?token=x") == "/login"


def test_only_what_changes_nothing_is_sent_again() -> None:
    ours, transport = pool(answer(body=json.dumps({"a": 1}).encode(), headers={"X": "y"}))
    response = ours.request("GET", "https://h/a", headers={}, fields=[("filter", "a b"), ("n", "1")])
    assert (response.status, json.loads(response.data), response.getheader("X")) == (200, {"a": 1}, "y")
    assert response.getheader("Z", "none") == "none"
    ours.request("POST", "https://h/a", headers={}, body="ä")
    ours.request("GET", "https://h/log", headers={"Accept": PLAIN_TEXT})
    got, made, log = transport.sent
    assert got.url == "https://h/a?filter=a+b&n=1"
    assert made.body == "ä".encode()
    assert got.attempts > made.attempts == log.attempts == 1
    assert not any(request.follow for request in transport.sent)
