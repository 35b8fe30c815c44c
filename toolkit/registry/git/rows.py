"""What lists need of a commit, kept beside the clone: an entry for each component, with the id of its folder.

A component is read again when its folder has another id, so that a fetch costs as much as what it brought.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from toolkit.errors import InputError, MachineError
from toolkit.limits import CATALOGUE_SIZE
from toolkit.registry.entry import Entry
from toolkit.registry.folder.derived import entry_of_records
from toolkit.registry.names import Name
from toolkit.registry.protocol import Registry
from toolkit.system.atomic import write_bytes
from toolkit.system.reading import read_foreign

log = logging.getLogger(__name__)


class _Row(Struct, frozen=True, kw_only=True):
    """One component: the id of its folder, and its entry; None if it has no sound release."""

    name: str
    tree: str
    entry: Entry | None


def entries(registry: Registry, folders: Mapping[Name, str], kept: Path) -> Iterator[Entry]:
    """Yield the entries of components in the order of names, and keep them in a file; warn of damaged releases.

    `folders` are the ids of what may be components.
    """
    before = _read(kept)
    now = {str(name): _row(registry, name, tree, before.get(str(name))) for name, tree in sorted(folders.items())}
    if now != before:
        try:
            # It is derived, so that it need not survive a loss of power.
            write_bytes(kept, msgspec.json.Encoder().encode_lines(now.values()), synced=False)
        except MachineError as error:
            log.debug("%s", error)
    yield from (row.entry for row in now.values() if row.entry)


def _row(registry: Registry, name: Name, tree: str, before: _Row | None) -> _Row:
    """Return the row of a component, from before if nothing in its folder has changed."""
    if before and before.tree == tree and before.entry:
        return before
    return _Row(name=str(name), tree=tree, entry=entry_of_records(registry, name))


def _read(kept: Path) -> dict[str, _Row]:
    """Return the rows by name; nothing if there are none that can be read."""
    try:
        rows = msgspec.json.Decoder(_Row).decode_lines(read_foreign(kept, CATALOGUE_SIZE))
    except (OSError, InputError, msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return {row.name: row for row in rows}
