"""Which hosts may be spoken to without TLS.

Kept free of heavy imports: the quick check before a build uses it too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit.errors import OutsideError

INSECURE_VARIABLE = "COMP_INSECURE_REGISTRIES"

_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")


def is_loopback(host: str) -> bool:
    """Tell whether `host`, with or without a port, is this machine."""
    return _LOOPBACK.fullmatch(without_port(host)) is not None


def without_port(host: str) -> str:
    """Cut the port off; an IPv6 address keeps its brackets."""
    return re.sub(r":[0-9]+$", "", host)


@dataclass(frozen=True, slots=True)
class InsecureHosts:
    """The hosts that may be spoken to without TLS: this machine's, and those that are listed.

    `variable` is where users list them. With `plain` any host may be, until one was spoken to with TLS.
    """

    listed: frozenset[str]
    variable: str = INSECURE_VARIABLE
    plain: bool = False

    @classmethod
    def of(
        cls,
        listed: Iterable[str],
        environ: Mapping[str, str],
        *,
        variable: str = INSECURE_VARIABLE,
        plain: bool = False,
    ) -> "InsecureHosts":
        """Take the listed hosts and those of `variable` (separated by commas or spaces)."""
        named = re.split(r"[,\s]+", environ.get(variable, ""))
        return cls(frozenset(host.lower() for host in (*listed, *named) if host), variable, plain)

    def lists(self, host: str) -> bool:
        """Tell whether `host` is listed, with its port or without."""
        return host in self.listed or without_port(host) in self.listed

    def allow_plain(self, host: str) -> bool:
        """Tell whether `host` may be spoken to in plain HTTP."""
        return self.plain or is_loopback(host) or self.lists(host)

    def check(self, scheme: str, host: str, sender: str, *, encrypted: bool = False) -> None:
        """Refuse an address that `sender` points to when it would be spoken to in plain HTTP and must not.

        If the sender itself is `encrypted`, only a host that is listed may be less.
        """
        if scheme == "https" or (scheme == "http" and (self.lists(host) or (self.allow_plain(host) and not encrypted))):
            return
        raise OutsideError(
            f"{sender} points to {scheme}://{host}, which is not encrypted",
            hint=f"if you trust the network, list the host: {self.variable}={host}",
        )
