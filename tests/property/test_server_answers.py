"""Every reader of what a server sends takes any text or refuses it in words; hiding is quick and stays hidden."""

import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import InputError, RemoteError
from toolkit.http.answers import error_text, join_url, read_json, read_url
from toolkit.http.proxies import find_proxy
from toolkit.http.retries import delay
from toolkit.redaction import hide, hide_in_data, visible, without_login
from toolkit.remote.auth import parse_challenges
from toolkit.remote.endpoints import next_page

WORDS = [*'[]@:/?#%,*."<>= é', "http://", "https://", "::1", "Bearer", "realm", "rel=next", "token", "a"]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map("".join))
UNITS = ["a", "a://", "://a:b", "eyJ-", "--token", "?token", "a:b@", "basic ", "%41", "[", "\x1b"]


@given(TEXTS)
def test_headers(text: str) -> None:
    parse_challenges(text)
    next_page(text)
    assert 0 <= delay(1, text) <= 60


@given(TEXTS)
def test_addresses(text: str) -> None:
    for read in (lambda: read_url(text, "h", "x"), lambda: join_url("https://host/v2/", text, "h", "x")):
        with suppress(RemoteError):
            read()


@given(st.one_of(st.binary(), TEXTS.map(str.encode)))
def test_bodies(body: bytes) -> None:
    said = error_text(body)
    assert len(said) <= 301
    assert said.isprintable()
    with suppress(RemoteError):
        read_json(body, "h", "x")


@given(TEXTS, TEXTS)
def test_proxies(proxy: str, listed: str) -> None:
    with suppress(InputError):
        find_proxy(urlsplit("https://host.example:5000/x"), {"HTTPS_PROXY": proxy, "NO_PROXY": listed})


@given(TEXTS)
def test_what_is_hidden_stays_hidden(text: str) -> None:
    for change in (hide, hide_in_data, without_login):
        assert change(change(text)) == change(text)
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize("unit", UNITS)
def test_long_texts_take_no_longer_than_they_are_long(unit: str) -> None:
    text = "://" + unit * (200_000 // len(unit))
    began = time.monotonic()
    visible(hide(text))
    assert time.monotonic() - began < 30
