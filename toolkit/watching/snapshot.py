"""How watched files are at one moment, and what differs between two moments."""

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.watching.sources import Sources

# A file's time, size, inode and mode; a contract's bytes; None for a missing file.
State = tuple[int, ...] | bytes | None


class Change(Struct, frozen=True, kw_only=True):
    """A file that was `added`, `changed` or `removed`."""

    path: Path
    kind: str


class Snapshot(Struct, frozen=True, kw_only=True):
    """The states of files by their paths, as `sources` lists them."""

    sources: Sources
    states: Mapping[Path, State]

    @classmethod
    def take(cls, sources: Sources) -> "Snapshot":
        """Look at all files now."""
        read = {path: _content(path) for path in sources.contracts}
        states = {path: read[path] if path in read else _state(path) for path in sources.files}
        return cls(sources=sources, states=states)

    @property
    def count(self) -> int:
        """The number of files that exist."""
        return sum(state is not None for state in self.states.values())

    def changes_to(self, after: "Snapshot") -> tuple[Change, ...]:
        """List the files that differ later, in order of path; one that is no longer watched counts as removed."""
        paths = sorted(self.states.keys() | after.states.keys())
        pairs = ((path, self.states.get(path), after.states.get(path)) for path in paths)
        return tuple(Change(path=path, kind=_kind(old, new)) for path, old, new in pairs if old != new)

    def is_under_way(self, after: "Snapshot") -> bool:
        """Return whether the files look as if more were to follow: several changed, or one is now missing or empty."""
        changes = self.changes_to(after)
        return len(changes) > 1 or any(_is_blank(after.states.get(change.path)) for change in changes)

    def with_states(self, states: Mapping[Path, State]) -> "Snapshot":
        """Replace the states of some files."""
        return replace(self, states={**self.states, **states})


def _kind(old: State, new: State) -> str:
    """Return the word for a difference."""
    if old is None:
        return "added"
    return "removed" if new is None else "changed"


def _is_blank(state: State) -> bool:
    """Return whether a file is missing or empty."""
    return not state or (isinstance(state, tuple) and state[1] == 0)


def _state(path: Path) -> State:
    """Return the state of a file. A link counts as its target, unless it leads nowhere, which is an error to mend."""
    try:
        # Another target has another inode.
        status = path.stat()
    except OSError:
        try:
            status = path.lstat()
        except OSError:
            return None
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode


def _content(path: Path) -> bytes | None:
    """Return the bytes of a contract: a pin changes them, and the rest is compared."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None
