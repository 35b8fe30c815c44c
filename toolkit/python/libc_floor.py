"""The oldest C library that a wheel asks for, as its tags say (PEP 600, PEP 656)."""

import re
from collections.abc import Iterable, Mapping

# PEP 513, 571 and 599 by the names of PEP 600.
_LEGACY = {"manylinux1_": "manylinux_2_5_", "manylinux2010_": "manylinux_2_12_", "manylinux2014_": "manylinux_2_17_"}
_LEVEL = re.compile(r"(many|musl)linux_(\d+)_(\d+)_")
_LIBRARIES = {"many": "glibc", "musl": "musl"}


def floors_of(tags: Iterable[str]) -> dict[str, str]:
    """Return the lowest sufficient version of each C library that these tags name: `{"glibc": "2.17"}`.

    `tags` are whole tags like `cp311-cp311-manylinux2014_x86_64`. Of several levels the lowest is enough. Pure wheels,
    and those built for one machine (`linux_x86_64`), name none.
    """
    levels: dict[str, tuple[int, int]] = {}
    for tag in tags:
        platform = tag.strip().rpartition("-")[2]
        for old, new in _LEGACY.items():
            platform = platform.replace(old, new)
        if match := _LEVEL.match(platform):
            library, level = _LIBRARIES[match[1]], (int(match[2]), int(match[3]))
            levels[library] = min(levels.get(library, level), level)
    return {library: f"{major}.{minor}" for library, (major, minor) in sorted(levels.items())}


def is_above(floors: Mapping[str, str], library: str, version: str) -> bool:
    """Return whether a C library is older than these floors allow; without floors, anything is enough."""
    if not floors:
        return False
    # Floors of the other library alone mean that nothing was built for this one.
    return library not in floors or level(floors[library]) > level(version)


def level(version: str) -> tuple[int, ...]:
    """Return the numbers of a version like `2.17`, to compare."""
    return tuple(int(part) for part in version.split("."))
