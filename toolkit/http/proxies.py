"""The proxy of a request, by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.

`NO_PROXY` takes all the forms that curl, Go and Python know: names with those below them, patterns, addresses,
networks, each with a port or without. The variables may be in lower case, which wins if both are set.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from toolkit.errors import InputError
from toolkit.http.hosts import is_loopback
from toolkit.selective import Selective

_PORTS = {"http": 80, "https": 443}


class Proxy(Selective, frozen=True, kw_only=True):
    """A proxy: its address without a login, and the login `user:password`, empty without one."""

    HIDDEN = frozenset({"login"})

    url: str
    login: str = ""

    @property
    def host(self) -> str:
        """Its name in messages."""
        return urlsplit(self.url).netloc


def find_proxy(parts: SplitResult, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an address; None for this machine, and for hosts that `NO_PROXY` lists.

    Raises InputError for the address of a proxy that is invalid or of another kind.
    """
    if is_loopback(parts.netloc.rpartition("@")[2]):
        return None
    variables = _variables(environ)
    name = next((name for name in (f"{parts.scheme}_proxy", "all_proxy") if variables.get(name)), None)
    if name is None or _is_exempt(parts, variables.get("no_proxy", "")):
        return None
    return _read(variables[name], name.upper())


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables about proxies, their names in lower case."""
    upper = {name.lower(): value for name, value in environ.items() if name.isupper() and name.endswith("_PROXY")}
    return upper | {name: value for name, value in environ.items() if name.islower() and name.endswith("_proxy")}


def _read(text: str, variable: str) -> Proxy:
    """Read the address of a proxy. Raises InputError that names the variable."""
    # curl takes an address without a scheme as HTTP too.
    text = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if usable and parts.scheme not in _PORTS:
        # The address may contain a password, so messages name the variable alone.
        raise InputError(
            f"a proxy of the kind {parts.scheme}, as {variable} names it, cannot be used",
            hint="name an http:// or https:// proxy",
        )
    if not usable:
        raise InputError(f"{variable} is not the address of a proxy", hint=f"write {variable}=http://HOST:PORT")
    # The login is quoted in an address and plain in the header that it goes to.
    login, _, host = parts.netloc.rpartition("@")
    return Proxy(url=f"{parts.scheme}://{host}", login=unquote(login))


def _is_exempt(parts: SplitResult, listed: str) -> bool:
    """Whether `NO_PROXY` lists the host of an address."""
    host, port = (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(parts.scheme)
    return any(_matches(entry.lower(), host, port) for entry in re.split(r"[,\s]+", listed) if entry)


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of `NO_PROXY` means a host."""
    if entry == "*":
        return True
    # Before a port is split off, since an IPv6 address without brackets has colons of its own.
    network = _network(entry)
    if network is None:
        # An IPv6 address with a port is in brackets.
        with_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", entry)
        if with_port:
            if int(with_port[2]) != port:
                return False
            entry = with_port[1]
        network = _network(entry)
    if network is not None:
        try:
            return ip_address(host) in network
        except ValueError:
            return False
    name = entry.removeprefix("*.").strip(".")
    return host == name or host.endswith(f".{name}") or ("*" in name and fnmatchcase(host, name))


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    """Return the addresses that an entry stands for; None if it is a name."""
    try:
        # Not strict: people write 10.1.2.3/8 for 10.0.0.0/8.
        return ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return None
