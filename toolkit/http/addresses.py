"""Addresses of servers as users write them: checked, without their login, with the header that stands for it."""

import logging
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from toolkit.errors import InputError, OutsideError
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.logins import basic, in_netrc
from toolkit.redaction import learn_login, without_login

log = logging.getLogger(__name__)


class Address(Struct, frozen=True, kw_only=True):
    """The parts of an address without a login, and the headers of the login."""

    parts: SplitResult
    headers: Mapping[str, str]


def parse_address(text: str, environ: Mapping[str, str], *, what: str = "") -> Address:
    """Parse an http(s) address, and take the login in it, or else netrc's. In messages it is `what` or itself.

    A login is sent over TLS alone, or within this machine. Raises InputError for a text that is no address, and
    OutsideError for plain HTTP, unless the host may be spoken to so.
    """
    shown = what or without_login(text)
    try:
        parts = urlsplit(text)
        # Reading it raises ValueError for an invalid port.
        _ = parts.port
    except ValueError as error:
        raise InputError(f"{shown} is not an address: {error}") from error
    if not parts.hostname:
        raise InputError(f"{shown} is not an address: it has no host")
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    insecure = InsecureHosts.of(environ)
    if bare.scheme != "https" and not insecure.allow_plain(bare.netloc):
        raise OutsideError(
            f"{shown} is not encrypted",
            hint=f"write https://…; or, if you trust the network, list the host: {insecure.variable}={bare.netloc}",
        )
    return Address(parts=bare, headers=_login(parts, bare, environ))


def _login(parts: SplitResult, bare: SplitResult, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the header of the login for an address; empty without one, and where it would not be encrypted."""
    login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    if login:
        learn_login(*login)
    login = login or in_netrc(parts.hostname or "", environ)
    if login and bare.scheme != "https" and not is_loopback(bare.netloc):
        # A listed host may be spoken to in plain words, but a password would be read by everyone on the way.
        log.warning("no login is sent to %s: the connection is not encrypted", bare.netloc)
        return {}
    return basic(*login) if login else {}
