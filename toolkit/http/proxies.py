"""Which proxy a request takes, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

`NO_PROXY` may have all the forms that curl, Go and Python know: names with those below them, patterns, addresses,
networks, each with a port or without. The variables may be in lower case, which decides where both are set.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from toolkit.errors import InputError
from toolkit.http.hosts import is_loopback

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy: its address without a login, and the login, `user:password`, empty if there is none."""

    url: str
    login: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """How messages name it."""
        return urlsplit(self.url).netloc


def find_proxy(parts: SplitResult, environ: Mapping[str, str]) -> Proxy | None:
    """Find the proxy for an address; None for this machine's, and for those that `NO_PROXY` lists.

    Raises InputError for a proxy that cannot be used.
    """
    if is_loopback(parts.netloc.rpartition("@")[2]):
        return None
    known = _variables(environ)
    name = next((name for name in (f"{parts.scheme}_proxy", "all_proxy") if known.get(name)), None)
    if name is None or _needs_none(parts, known.get("no_proxy", "")):
        return None
    return _read(known[name], name.upper())


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    found = {name.lower(): value for name, value in environ.items() if name.isupper() and name.endswith("_PROXY")}
    return found | {name: value for name, value in environ.items() if name.islower() and name.endswith("_proxy")}


def _read(text: str, variable: str) -> Proxy:
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if usable and parts.scheme not in _PORTS:
        raise InputError(
            f"a proxy of the kind {parts.scheme}, as {variable} names it, cannot be used",
            hint="name an http:// or https:// proxy",
        )
    if not usable:
        raise InputError(f"{variable} is not the address of a proxy", hint=f"write {variable}=http://HOST:PORT")
    login, _, host = parts.netloc.rpartition("@")
    return Proxy(url=f"{parts.scheme}://{host}", login=unquote(login))


def _needs_none(parts: SplitResult, listed: str) -> bool:
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
    return any(_matches(one.lower(), host, port) for one in re.split(r"[,\s]+", listed) if one)


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Tell whether one entry of `NO_PROXY` means a host."""
    if entry == "*":
        return True
    network = _network(entry)
    if network is None:
        # An IPv6 address with a port is in brackets.
        named = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", entry)
        if named:
            if int(named[2]) != port:
                return False
            entry = named[1]
        network = _network(entry)
    if network is not None:
        try:
            return ip_address(host) in network
        except ValueError:
            return False
    name = entry.removeprefix("*.").strip(".")
    return host == name or host.endswith(f".{name}") or ("*" in name and fnmatchcase(host, name))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None
