"""The isolation of buildah's containers: the user's, else the strongest that works on this machine, tried once.

`oci` and `rootless` need a runtime and namespaces, which many containers and CI runners do not give (buildah-run(1),
`--isolation`); `chroot` works anywhere, and shares the machine's network and processes.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.errors import UsageError

log = logging.getLogger(__name__)

VARIABLE = "BUILDAH_ISOLATION"
CHROOT = "chroot"
KINDS = ("oci", "rootless", CHROOT)
# A new one for each start of the machine, on Linux (random(4)): its kernel and its rights may differ then.
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class _Known(Record, frozen=True, kw_only=True):
    """What worked."""

    KIND: ClassVar[str] = "isolation"

    isolation: str


def named_isolation(name: str | None) -> str | None:
    """Return the isolation that the user names in BUILDAH_ISOLATION, None without one. Raises UsageError."""
    if name and name not in KINDS:
        raise UsageError(f"{VARIABLE} is {name}, which is no isolation of buildah", hint=f"one of {', '.join(KINDS)}")
    return name or None


def working_isolation(cache: Cache, engine: str, works: Callable[[str], bool]) -> str:
    """Return the strongest isolation that `works`, which is asked once for an `engine`, a user and a boot."""

    def tried() -> _Known:
        """Run a container."""
        # Without root, buildah itself takes another kind for `oci`.
        strong = "oci" if os.geteuid() == 0 else "rootless"
        kind = strong if works(strong) else CHROOT
        log.debug("buildah's isolation is %s", kind)
        return _Known(isolation=kind)

    boot = _BOOT.read_text().strip() if _BOOT.is_file() else ""
    return cache.recall_or_make(_Known, {"engine": engine, "user": os.geteuid(), "boot": boot}, tried).isolation
