"""Component registries on distribution servers, and a clock for them that passes only when it is waited for."""

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.cache.store import Cache
from toolkit.registry.oci.contest import Clock
from toolkit.registry.oci.registry import OciRegistry
from toolkit.registry.place import parse_place
from toolkit.remote.client import Remote

if TYPE_CHECKING:
    from collections.abc import Callable


class StillClock:
    """A clock that stands still but for pauses, in which `meanwhile` happens; the first look is `waited` before."""

    def __init__(self, *, waited: float = 0.0) -> None:
        self.time = 0.0
        self._waited = waited
        self.meanwhile: Callable[[float], object] = lambda _: None

    def now(self) -> float:
        self.time, self._waited, before = self.time + self._waited, 0.0, self.time
        return before

    def pause(self, seconds: float) -> None:
        self.time += seconds
        self.meanwhile(self.time)


def registry_at(
    place: str,
    home: Path,
    clock: StillClock | None = None,
    *,
    offline: bool = False,
    moment: float = 0.0,
    **environ: str,
) -> OciRegistry:
    """Open a registry with a home and a cache of its own; unless there is a `moment`, each answer is asked for."""
    passing = Clock(now=clock.now, pause=clock.pause) if clock else Clock()
    remote = Remote(environ={"HOME": str(home), **environ}, pause=lambda _: None)
    return OciRegistry(parse_place(place), remote, Cache(home / "cache"), passing, offline=offline, moment=moment)
