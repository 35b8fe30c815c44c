"""Reading what a server sent: the one place that makes an "invalid answer" of everything that can be wrong with it."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from toolkit.errors import RemoteError

_SHOWN = 120
_MAX_DETAIL = 300
_MOST_ERRORS = 3
_READ = 20_000
_PAGE = re.compile(r"(?i)<(?:!doctype|html|head|body|h1|p|center)\b")
_UNSHOWN = re.compile(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)")
_TAG = re.compile(r"<[^>]*(?:>|\Z)")


@contextmanager
def reading(server: str, what: str) -> Iterator[None]:
    """Raise RemoteError if reading `what` of a server's answer fails, in whatever way.

    Every failure of a parser ends here: it is the server's, whoever wrote what it passes on.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise invalid(server, what, str(error) or type(error).__name__) from error


def invalid(server: str, what: str, why: str = "") -> RemoteError:
    """Make the error of an answer that cannot be read."""
    shown = why if len(why) <= _SHOWN else f"{why[:_SHOWN]}…"
    return RemoteError(
        f"{server} gave an invalid answer: {what}{f': {shown}' if shown else ''}",
        hint="the server, or something between here and it, is at fault; check the address, or ask who runs it",
    )


def read_json(body: bytes, server: str, what: str) -> dict[str, Any]:
    """Read a JSON object."""
    with reading(server, what):
        parsed = json.loads(body)
        if not isinstance(parsed, dict):
            raise TypeError("not a JSON object")
    return parsed


def read_url(text: str, server: str, what: str) -> SplitResult:
    """Split an http or https URL that has a host and no login."""
    with reading(server, what):
        parts = urlsplit(text)
        _ = parts.port
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"{text[:_SHOWN]!r} is not an address that can be used")
        if parts.netloc.startswith("["):
            ip_address(parts.hostname)
    return parts


def join_url(base: str, location: str, server: str, what: str) -> str:
    """Resolve an address that a server gave, relative to `base` (RFC 3986, section 5)."""
    with reading(server, what):
        url = urljoin(base, location)
        if not url.isprintable():
            raise ValueError(f"{location[:_SHOWN]!r} is not an address that can be used")
    read_url(url, server, what)
    return url


def error_text(body: bytes) -> str:
    """Give what an error's body says, shortened, on one line: the message of its JSON, else its first lines of text.

    Distribution servers have a form of their own (specification 1.1, "Error Codes"); the proxies and storage servers
    before and behind them have many. Empty when it says nothing.
    """
    text = body[:_READ].decode("utf-8", "replace")
    try:
        said = "; ".join(_messages(json.loads(body)))
    except (ValueError, RecursionError):
        said = "" if text.lstrip().startswith(("{", "[")) else _first_lines(text)
    line = " ".join(said.split())
    shown = "".join(character for character in line if character.isprintable())
    return shown if len(shown) <= _MAX_DETAIL else f"{shown[:_MAX_DETAIL]}…"


def _messages(answer: object) -> Iterator[str]:
    """Find the texts of an error document: OCI's `errors`, or what others call `message`, `error`, `detail`."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, list):
        for one in answer[:_MOST_ERRORS]:
            yield from _messages(one)
    elif isinstance(answer, dict):
        if isinstance(answer.get("errors"), list):
            yield from _messages(answer["errors"])
            return
        keys = (
            ("code", "message") if answer.get("message") else ("error", "error_description", "detail", "title", "code")
        )
        found = [answer.get(key) for key in keys]
        if texts := [str(one) for one in found if isinstance(one, str | int) and one]:
            yield ": ".join(texts)
        elif isinstance(found[0], dict):
            yield from _messages(found[0])


def _first_lines(text: str) -> str:
    """Give the first lines of a text, or of what a web page shows."""
    if _PAGE.search(text):
        text = html.unescape(_TAG.sub("\n", _UNSHOWN.sub("", text)))
    if text.count("\ufffd") > len(text) / 10:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join([*dict.fromkeys(lines)][:_MOST_ERRORS])
