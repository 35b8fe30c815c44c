"""Ask several registries, or one for several components: servers side by side, since most of the time is waiting."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from toolkit.registry.place import Place, PlaceKind

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Folders answer at once, and git may ask for a password on the terminal, where two questions would mix.
_SERVERS = {PlaceKind.HTTP, PlaceKind.OCI}


def asked(work: Callable[[_Item], _Result], items: Sequence[_Item], places: Sequence[Place]) -> list[_Result]:
    """Return `work(item)` for every item, in order; `places` are those of the registries that each asks.

    Raises what `work` raises.
    """
    servers = [index for index, place in enumerate(places) if place.kind in _SERVERS]
    if len(servers) <= 1:
        return [work(item) for item in items]
    # A search in folders needs no threads.
    from toolkit.system.threads import at_once

    known = dict(zip(servers, at_once(work, [items[index] for index in servers]), strict=True))
    return [known[index] if index in known else work(item) for index, item in enumerate(items)]
