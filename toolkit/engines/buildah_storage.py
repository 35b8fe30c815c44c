"""Buildah's storage: which working containers are whose, also those that a killed process left.

A process holds a folder in the storage as long as it may have containers, and each of them has the folder's name in its
own facts. So everything that shares the storage sees who lives: other users of it, and other namespaces.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from msgspec import Struct

from toolkit.errors import CompError, OutsideError
from toolkit.system import temporary

log = logging.getLogger(__name__)

_PURPOSE = "held"
_HELD = re.compile(rf"\.?(comp-{_PURPOSE}-[0-9a-f]{{16}}\.temporary)")
# Those that this process has tidied up.
_SWEPT: set[Path] = set()


class BuildahStorage(Struct, frozen=True, kw_only=True):
    """The folder of the storage, and that in which it notes its containers. `call` runs buildah."""

    root: Path
    containers: Path
    call: Callable[..., str]

    @classmethod
    def of(cls, call: Callable[..., str]) -> Self:
        """Ask buildah for its storage. Raises OutsideError."""
        try:
            store = json.loads(call("info"))["store"]
            root = Path(store["GraphRoot"])
            return cls(root=root, containers=root / f"{store['GraphDriverName']}-containers", call=call)
        except (ValueError, KeyError, TypeError) as error:
            raise OutsideError("buildah info does not say where its storage is") from error

    @contextmanager
    def held(self) -> Iterator[Path]:
        """Return a folder whose path or name containers made meanwhile are to have. First, remove those of the dead."""
        self._sweep()
        with temporary.folder(_PURPOSE, beside=self.root) as folder:
            yield folder

    def remove(self, held: Path) -> None:
        """Remove the containers that have the path or the name of a folder."""
        self._remove(lambda name: name == held.name[1:])

    def _sweep(self) -> None:
        """Remove the containers of processes that are dead."""
        if self.root in _SWEPT:
            return
        _SWEPT.add(self.root)
        try:
            self._remove(lambda name: temporary.is_left(self.root / f".{name}"))
        except CompError as error:
            # Another process may have removed them just now; and this one has not failed.
            log.debug("cannot remove what a killed process left: %s", error.message)

    def _remove(self, is_meant: Callable[[str], bool]) -> None:
        """Remove the containers that have the name of such a folder."""
        found = [identity for identity, name in self._noted() if is_meant(name)]
        if found:
            self.call("rm", *found)

    def _noted(self) -> Iterator[tuple[str, str]]:
        """Yield the containers of comp, each with the name of the folder that was held for it."""
        for path in self.containers.glob("*/userdata/buildah.json"):
            # Others come and go meanwhile.
            with suppress(OSError):
                if found := _HELD.search(path.read_text(errors="replace")):
                    yield path.parent.parent.name, found[1]
