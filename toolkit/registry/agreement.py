"""Whether the parts of a release say the same: its record, its contract, and the marks of its component."""

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, OutsideError
from toolkit.registry.folder import layout
from toolkit.registry.marks import Marks
from toolkit.registry.release import Release
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.model import Container
from toolkit.spec.reader import parse_component

RESTORE = "restore it from a copy of the registry; releases never change"
PUBLISH = "publish the same release again, or restore it from a copy of the registry"
RESTORE_MARKS = "restore them from a copy of the registry; or remove the file, and yank and deprecate again"
RESTORE_MARKED = "restore their records, or take the marks back"


class Agreement(Struct, frozen=True, kw_only=True):
    """Compares records with contracts; it remembers those that agree, since many releases may have one contract."""

    _known: dict[Digest, Release] = field(default_factory=dict)

    def knows(self, release: Release) -> bool:
        """Return whether a release with this contract, interface and image was compared already, and agreed."""
        known = self._known.get(release.digest)
        return known is not None and (known.interface, known.image) == (release.interface, release.image)

    def difference(self, release: Release, contract: bytes) -> str | None:
        """Return what a record says otherwise than its contract; None if they agree."""
        try:
            spec = parse_component(contract.decode(errors="replace"), Path(layout.blob(release.digest)))
        except CompError as error:
            return f"its contract is not valid: {error.message}"
        if isinstance(spec.implementation, Container) and spec.implementation.image != release.image:
            return f"its image is {release.image}, and the contract's {spec.implementation.image}"
        if spec.interface != release.interface:
            return "it has another interface than the contract"
        self._known[release.digest] = release
        return None


def of_absent_versions(marks: Marks, versions: Iterable[Version]) -> str | None:
    """Return which marks are of versions that a component has not, in words; None if there are none."""
    absent = sorted(map(str, marks.yanked.keys() - set(versions)))
    return f"marks versions that the component has not: {', '.join(absent)}" if absent else None


def after_path(error: OutsideError) -> str:
    """Return the message of an error without the path, which its fault has already."""
    _, found, reason = error.message.partition(" damaged: ")
    return f"damaged: {reason}" if found else error.message


def versions_of(names: Iterable[str]) -> tuple[list[Version], list[str]]:
    """Return the versions of records by their names, in order, and the names of other files."""
    versions, strays = [], []
    for each in names:
        try:
            versions.append(parse_version(each.removesuffix(".json")))
        except InputError:
            strays.append(each)
        else:
            if not each.endswith(".json"):
                strays.append(each)
                versions.pop()
    return sorted(versions, key=lambda version: version.precedence), strays
