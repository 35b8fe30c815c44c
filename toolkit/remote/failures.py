"""What a failure of a remote is called: one message per kind, naming the server, with advice."""

import html
import json
import re
from collections.abc import Iterator

from toolkit.errors import RemoteError

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
_SERVER_FAULT = 500
_MAX_DETAIL = 300
_MOST_ERRORS = 3
_READ = 20_000
_PAGE = re.compile(r"(?i)<(?:!doctype|html|head|body|h1|p|center)\b")
_UNSHOWN = re.compile(r"(?is)<(script|style)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)")
_TAG = re.compile(r"<[^>]*(?:>|\Z)")


def refused(
    host: str, status: int, body: bytes, *, what: str, attempts: int, credentials: str, proxy: str | None = None
) -> RemoteError:
    """An answer with an error status; `credentials` says which were used or where they were looked for."""
    detail = server_says(body)
    said = f", through the proxy {proxy}" if proxy else ""
    said += f": {detail}" if detail else ""
    if status == UNAUTHORIZED:
        return RemoteError(
            f"{host} wants other credentials ({what}){said}",
            status=status,
            hint=f"log in with `docker login {host}`; {credentials}",
        )
    if status == FORBIDDEN:
        return RemoteError(
            f"{host} does not allow it ({what}){said}",
            status=status,
            hint=f"ask for access, or log in as another user with `docker login {host}`; {credentials}",
        )
    if status == NOT_FOUND:
        return RemoteError(f"{host} does not have it ({what}){said}", status=status, hint="check name, tag and digest")
    if status == TOO_MANY:
        return RemoteError(
            f"{host} limits the rate of requests ({what}), after {attempts} attempts{said}",
            status=status,
            hint=f"try later; logged-in users often have a higher limit: `docker login {host}`",
        )
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    return RemoteError(
        f"{host} answers {status}{tried} ({what}){said}",
        status=status,
        hint="the server has a problem; try again later" if status >= _SERVER_FAULT else None,
    )


def server_says(body: bytes) -> str:
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
