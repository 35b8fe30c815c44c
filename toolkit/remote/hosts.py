"""Which server answers for a host, and whether it may be spoken to without TLS.

Kept free of heavy imports: the quick check before a build uses it too.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from toolkit.errors import OutsideError
from toolkit.oci.reference import DEFAULT_HOST

INSECURE_VARIABLE = "COMP_INSECURE_REGISTRIES"

_DOCKER_HUB = "registry-1.docker.io"
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]")


def api_host(host: str) -> str:
    """Name the server that answers for `host`: Docker Hub's is another than its name."""
    return _DOCKER_HUB if host == DEFAULT_HOST else host


def is_loopback(host: str) -> bool:
    """Tell whether `host`, with or without a port, is this machine."""
    return _LOOPBACK.fullmatch(without_port(host)) is not None


def without_port(host: str) -> str:
    """Cut the port off; an IPv6 address keeps its brackets."""
    return re.sub(r":[0-9]+$", "", host)


@dataclass(frozen=True, slots=True)
class InsecureHosts:
    """The hosts that may be spoken to without TLS: this machine's, and those that somebody listed."""

    listed: frozenset[str]

    @classmethod
    def of(cls, listed: Iterable[str], environ: Mapping[str, str]) -> "InsecureHosts":
        """Take the listed hosts and those of `COMP_INSECURE_REGISTRIES` (separated by commas or spaces)."""
        named = re.split(r"[,\s]+", environ.get(INSECURE_VARIABLE, ""))
        return cls(frozenset(host.lower() for host in (*listed, *named) if host))

    def lists(self, host: str) -> bool:
        """Tell whether somebody listed `host`, with its port or without."""
        return host in self.listed or without_port(host) in self.listed

    def allow_plain(self, host: str) -> bool:
        """Tell whether `host` may be spoken to in plain HTTP."""
        return is_loopback(host) or self.lists(host)

    def check(self, scheme: str, host: str, sender: str) -> None:
        """Refuse an address that `sender` points to when it would be spoken to in plain HTTP and must not."""
        if scheme == "https" or (scheme == "http" and self.allow_plain(host)):
            return
        raise OutsideError(
            f"{sender} points to {scheme}://{host}, which is not encrypted",
            hint=f"if you trust the network, list the host: {INSECURE_VARIABLE}={host}",
        )
