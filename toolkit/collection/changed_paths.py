"""The paths of a repository that differ from an earlier commit, by folder."""

from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError
from toolkit.git.differences import Difference, old_contents

_SUBMODULE = "160000"


class ChangedPaths(Struct, frozen=True, kw_only=True):
    """What differs below `top`, by path; `order` are the paths, sorted, and `whole` those of folders."""

    top: Path
    found: Mapping[str, Difference]
    order: tuple[str, ...]
    whole: tuple[str, ...]

    @classmethod
    def of(cls, top: Path, found: Mapping[str, Difference]) -> "ChangedPaths":
        """Return the differences in the repository at `top`."""
        folders = (path for path, difference in found.items() if difference.mode == _SUBMODULE or not difference.mode)
        whole = tuple(path for path in folders if (top / path).is_dir() and not (top / path).is_symlink())
        return cls(top=top, found=found, order=tuple(sorted(found)), whole=whole)

    def below(self, folder: Path) -> tuple[str, ...]:
        """Return the paths below a folder, as seen from it."""
        if folder == self.top:
            return self.order
        name = self._name(folder)
        if name is None:
            return ()
        prefix = f"{name}/"
        # The character after the slash.
        first, end = bisect_left(self.order, prefix), bisect_left(self.order, f"{prefix[:-1]}0")
        return tuple(path[len(prefix) :] for path in self.order[first:end])

    def covering(self, folder: Path) -> Difference | None:
        """Return the difference of a folder that changed as a whole, and that a folder is or lies in."""
        whole = (path for path in self.whole if folder.is_relative_to(self.top / path))
        return next((self.found[path] for path in whole), None)

    def at(self, path: Path) -> Difference | None:
        """Return the difference of a file; None if it did not change, or is not in the repository."""
        name = self._name(path)
        return self.found.get(name) if name else None

    def _name(self, path: Path) -> str | None:
        """Return a path as seen from the top; None outside. As text: a collection asks for thousands."""
        top = f"{self.top}/"
        text = str(path)
        return text[len(top) :] if text.startswith(top) else None

    def old(self, path: Path) -> bytes | None:
        """Return the earlier content of a file that changed; None for a new one, or if the clone does not have it."""
        difference = self.at(path)
        return old_contents({"": difference})[""] if difference else None

    def old_documents(self, name: str) -> dict[Path, TomlDocument | None]:
        """Return the earlier documents of all changed files of a name; None for what was not there, or not TOML."""
        paths = {path: difference for path, difference in self.found.items() if path.rpartition("/")[2] == name}
        return {self.top / path: _parsed(self.top / path, data) for path, data in old_contents(paths).items()}


def _parsed(path: Path, data: bytes | None) -> TomlDocument | None:
    """Return a document; None if it is missing or not TOML."""
    try:
        return None if data is None else TomlDocument.parse(path, data)
    except InputError:
        return None
