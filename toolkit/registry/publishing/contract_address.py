"""A contract at an http(s) address, as anyone can publish it: fetched whole, within bounds, without its login."""

import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from toolkit.errors import InputError, RemoteError
from toolkit.http.addresses import parse_address
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.http.transport import HttpRequest, Transport
from toolkit.limits import CONTRACT_SIZE
from toolkit.redaction import hide_in_data, without_login

_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_OK = 200
_MISSING = {404, 410}
_CLIENT_FAULTS = range(400, 500)
_PAGE = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|\?xml)", re.IGNORECASE)
# The page of a file, and the address of its text.
_GITHUB = re.compile(r"https://github\.com/([^/]+/[^/]+)/blob/(.+)")
_GITLAB = re.compile(r"(https://[^/]+/.+)/-/blob/(.+)")


class Fetched(Struct, frozen=True, kw_only=True):
    """A contract's bytes, its address without a login, and the name of its file for messages."""

    data: bytes
    address: str
    path: Path


def is_address(text: str) -> bool:
    """Return whether a text is the address of a file on a web server."""
    return _ADDRESS.match(text) is not None


def fetch_contract(text: str, environ: Mapping[str, str]) -> Fetched:
    """Return the contract at an address. A login in it, or netrc's, goes to its own server alone.

    Raises InputError for what is no address, a missing file, a page of HTML and a file beyond the limit, OutsideError
    if the server fails.
    """
    parsed = parse_address(text, environ)
    url = parsed.parts.geturl()
    address = _public(url)
    answer = Transport(InsecureHosts.of(environ), environ).send(
        HttpRequest(method="GET", url=url, headers=parsed.headers, stream=True)
    )
    with closing(answer.chunks) as chunks:
        if answer.status != _OK:
            raise _refused(address, answer.status, error_text(answer.body))
        data = b""
        for chunk in chunks:
            data += chunk
            if len(data) > CONTRACT_SIZE.value:
                raise CONTRACT_SIZE.exceeded(f"the file at {address}")
    if _PAGE.match(data):
        raise InputError(f"{address} is a page of HTML, expected a component.yaml", hint=_hint(address))
    # The name decides nothing: it stands in messages, and is one part of a path.
    return Fetched(data=data, address=address, path=Path(address))


def _public(url: str) -> str:
    """Return an address that may be shown and stored: without a query that has a token."""
    address = without_login(url).partition("#")[0]
    return address if hide_in_data(address) == address else address.partition("?")[0]


def _refused(address: str, status: int, detail: str) -> InputError | RemoteError:
    """Return the error for an answer that is not the file."""
    if status in _MISSING:
        return InputError(f"there is nothing at {address}: status {status}", hint=_hint(address))
    message = f"{urlsplit(address).netloc} does not give {address}: status {status}{f': {detail}' if detail else ''}"
    hint = (
        "it may need a login; logins are in ~/.netrc: machine HOST login USER password PASSWORD"
        if status in _CLIENT_FAULTS
        else "try again later"
    )
    return RemoteError(message, status=status, hint=hint)


def _hint(address: str) -> str:
    """Return how to name the file itself, when an address is that of a page about it."""
    if page := _GITHUB.fullmatch(address):
        return f"the file itself is at https://raw.githubusercontent.com/{page[1]}/{page[2]}"
    if page := _GITLAB.fullmatch(address):
        return f"the file itself is at {page[1]}/-/raw/{page[2]}"
    return "give the address of the file itself, such as one of raw.githubusercontent.com"
