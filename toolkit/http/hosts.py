"""Hosts that may be spoken to without TLS.

Free of heavy imports, since the quick check before a build uses it too.
"""

import re
from collections.abc import Mapping

from msgspec import Struct

from toolkit.errors import OutsideError

INSECURE_VARIABLE = "COMP_INSECURE_REGISTRIES"

_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")


def is_loopback(host: str) -> bool:
    """Whether `host`, with or without a port, is this machine."""
    return _LOOPBACK.fullmatch(without_port(host)) is not None


def without_port(host: str) -> str:
    """Return a host without its port; an IPv6 address keeps its brackets."""
    return re.sub(r":[0-9]+$", "", host)


class InsecureHosts(Struct, frozen=True):
    """The hosts that may be spoken to without TLS: this machine, and the `listed` ones.

    `variable` is the environment variable that lists them. If `plain` is true, every host is one of them, unless an
    encrypted host points to it.
    """

    listed: frozenset[str]
    variable: str = INSECURE_VARIABLE
    plain: bool = False

    @classmethod
    def of(
        cls, environ: Mapping[str, str], *, variable: str = INSECURE_VARIABLE, plain: bool = False
    ) -> "InsecureHosts":
        """Read the hosts that `variable` lists, separated by commas or spaces."""
        listed = re.split(r"[,\s]+", environ.get(variable, ""))
        return cls(frozenset(host.lower() for host in listed if host), variable, plain)

    def lists(self, host: str) -> bool:
        """Whether `host` is listed, with its port or without."""
        return host in self.listed or without_port(host) in self.listed

    def allow_plain(self, host: str) -> bool:
        """Whether `host` may be spoken to in plain HTTP."""
        return self.plain or is_loopback(host) or self.lists(host)

    def check(self, scheme: str, host: str, sender: str, *, encrypted: bool = False) -> None:
        """Raise OutsideError for an address that `sender` points to, if it is plain HTTP and may not be.

        If the sender itself is `encrypted`, only a listed host may be plain.
        """
        if scheme == "https" or (scheme == "http" and (self.lists(host) or (self.allow_plain(host) and not encrypted))):
            return
        raise OutsideError(
            f"{sender} points to {scheme}://{host}, which is not encrypted",
            hint=f"if you trust the network, list the host: {self.variable}={host}",
        )
