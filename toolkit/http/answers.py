"""Reading what a server sent: every failure to do so becomes one kind of error, an invalid answer of that server."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from toolkit.errors import RemoteError

# Characters of a server's text in a message, and how much of its body is read to find one.
_SHOWN = 120
_MAX_DETAIL = 300
_MOST_ERRORS = 3
_READ = 20_000
_PAGE = re.compile(r"(?i)<(?:!doctype|html|head|body|h1|p|center)\b")
_UNSHOWN = re.compile(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)")
_TAG = re.compile(r"<[^>]*(?:>|\Z)")


@contextmanager
def reading(server: str, what: str) -> Iterator[None]:
    """Turn every failure to read a part `what` of a server's answer into a RemoteError.

    Parsers fail in many ways, and each is the server's fault, even if it only passes on what others wrote.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        raise invalid(server, what, str(error) or type(error).__name__) from error


def invalid(server: str, what: str, why: str = "") -> RemoteError:
    """Return the error for an answer that cannot be read; `what` is the part, `why` the reason if known."""
    shown = why if len(why) <= _SHOWN else f"{why[:_SHOWN]}…"
    return RemoteError(
        f"{server} gave an invalid answer: {what}{f': {shown}' if shown else ''}",
        hint="the server, or something between here and it, is at fault; check the address, or ask who runs it",
    )


def read_json(body: bytes, server: str, what: str) -> dict[str, Any]:
    """Return a body's JSON object. Raises RemoteError for anything else."""
    with reading(server, what):
        parsed = json.loads(body)
        if not isinstance(parsed, dict):
            raise TypeError("not a JSON object")
    return parsed


def read_url(text: str, server: str, what: str) -> SplitResult:
    """Split an http or https URL. Raises RemoteError unless it has a host and no login."""
    with reading(server, what):
        parts = urlsplit(text)
        # Raises ValueError unless the port is a number.
        _ = parts.port
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"{text[:_SHOWN]!r} is not a usable address")
        # Before 3.11.4, Python's `urlsplit` takes any text in brackets for an IPv6 address.
        if parts.netloc.startswith("["):
            ip_address(parts.hostname)
    return parts


def join_url(base: str, location: str, server: str, what: str) -> str:
    """Return the URL of an address that a server gave, relative to `base` (RFC 3986, section 5)."""
    with reading(server, what):
        url = urljoin(base, location)
        if not url.isprintable():
            raise ValueError(f"{location[:_SHOWN]!r} is not a usable address")
    read_url(url, server, what)
    return url


def error_text(body: bytes) -> str:
    """Return the message in an error's body, on one line of limited length; empty if absent.

    Distribution servers have a form of their own (specification 1.1, "Error Codes"); the proxies and storage servers
    around them have many. Without JSON, the first lines of the text are the message.
    """
    text = body[:_READ].decode("utf-8", "replace")
    try:
        message = "; ".join(_messages(json.loads(body)))
    except (ValueError, RecursionError):
        # Half of a JSON document helps no reader.
        message = "" if text.lstrip().startswith(("{", "[")) else _first_lines(text)
    line = " ".join(message.split())
    shown = "".join(character for character in line if character.isprintable())
    return shown if len(shown) <= _MAX_DETAIL else f"{shown[:_MAX_DETAIL]}…"


def _messages(answer: object) -> Iterator[str]:
    """Yield the messages of an error document: OCI's `errors`, or `message`, `error`, `detail` as others have them."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, list):
        for error in answer[:_MOST_ERRORS]:
            yield from _messages(error)
    elif isinstance(answer, dict):
        if isinstance(answer.get("errors"), list):
            yield from _messages(answer["errors"])
            return
        keys = (
            ("code", "message") if answer.get("message") else ("error", "error_description", "detail", "title", "code")
        )
        values = [answer.get(key) for key in keys]
        if texts := [str(value) for value in values if isinstance(value, str | int) and value]:
            yield ": ".join(texts)
        elif isinstance(values[0], dict):
            yield from _messages(values[0])


def _first_lines(text: str) -> str:
    """Return the first lines of a text, or of the visible text of a web page; empty for binary data."""
    if _PAGE.search(text):
        import html  # Only for errors.

        text = html.unescape(_TAG.sub("\n", _UNSHOWN.sub("", text)))
    # So many bytes that are not UTF-8 mean another encoding of the whole, or binary data.
    if text.count("\ufffd") > len(text) / 10:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # The title and the heading of an error page are often the same.
    return " / ".join([*dict.fromkeys(lines)][:_MOST_ERRORS])
