"""Logins for servers of files: from netrc, and as the header that carries them. They are kept in memory only."""

from base64 import b64encode
from collections.abc import Mapping
from netrc import NetrcParseError, netrc

from toolkit.redaction import learn, learn_login


def in_netrc(host: str, environ: Mapping[str, str], *, user: str = "") -> tuple[str, str] | None:
    """Return the user and password that netrc has for a host; None if it has none, or another than `user`.

    `NETRC` names the file in place of `~/.netrc`. A file that cannot be read has none.
    """
    try:
        entry = netrc(environ.get("NETRC")).authenticators(host)
    except (OSError, NetrcParseError, ValueError):
        return None
    return (entry[0], entry[2]) if entry and user in {"", entry[0]} else None


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of a login (RFC 7617); from here on, no message shows the password or the header."""
    learn_login(user, password)
    token = b64encode(f"{user}:{password}".encode()).decode()
    learn(token)
    return {"Authorization": f"Basic {token}"}
