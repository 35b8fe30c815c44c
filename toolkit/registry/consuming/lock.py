"""`components.lock`: the components that a project took from registries, with version, digest and place of each.

The file is committed with the project, and so is foreign input: places in it have no login, and paths end as
`comp add` made them. What a newer comp wrote into it stays when it is written again.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.errors import InputError, Location, UsageError
from toolkit.limits import SETTINGS_SIZE
from toolkit.redaction import without_login
from toolkit.registry.consuming import lock_place
from toolkit.registry.image_copies import check_copy
from toolkit.registry.names import ANY, Name, VersionRequest, parse_name, parse_request
from toolkit.registry.place import Place, PlaceKind, parse_place
from toolkit.registry.release import CONTRACT
from toolkit.registry.semver import Version, parse_version
from toolkit.system.atomic import write_bytes
from toolkit.system.reading import read_foreign
from toolkit.words import did_you_mean

LOCK_NAME = lock_place.LOCK_NAME
LOCK_VERSION = 1
ENTRY_KEYS = ("version", "digest", "image", "requested", "registry", "path")
_INSIDE = "copies lie in the repository, or without one beside the lock or below"
LOCK_KEYS = ("version", "components", "images")


class LockedRelease(Struct, frozen=True, kw_only=True):
    """One component of a lock.

    `requested` is what was asked for, without the name, such as `^1`. `registry` is the place of the registry as the
    lock has it, a relative folder counting from the lock; `path` is that of the copy, likewise. `more` is what another
    comp wrote.
    """

    name: Name
    version: Version
    digest: Digest
    image: str
    requested: str
    registry: str
    path: str
    more: Mapping[str, Any] = MappingProxyType({})

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def request(self) -> VersionRequest:
        """What was asked for, as a request."""
        return parse_request(f"{self.name}@{self.requested}")

    def satisfies(self, request: VersionRequest) -> bool:
        """Return whether a request allows this release."""
        if request.digest is not None and request.digest != self.digest:
            return False
        if isinstance(request.allowed, Digest):
            return request.allowed == self.digest
        # A component may have prereleases alone, which no range but an exact one contains.
        return request.selector == ANY or self.version in request.allowed

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON data."""
        return {
            "version": str(self.version),
            "digest": str(self.digest),
            "image": self.image,
            "requested": self.requested,
            "registry": self.registry,
            "path": self.path,
            **self.more,
        }


class ComponentsLock(Struct, frozen=True, kw_only=True):
    """The lock of a folder. `images` has for images of contracts those of a mirror, both by digest."""

    folder: Path
    components: Mapping[str, LockedRelease] = MappingProxyType({})
    images: Mapping[str, str] = MappingProxyType({})
    more: Mapping[str, Any] = MappingProxyType({})

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / LOCK_NAME

    def copy_of(self, entry: LockedRelease) -> Path:
        """Return the path of a component's copy."""
        return Path(os.path.normpath(self.folder / entry.path))

    def root_of(self, entry: LockedRelease) -> Path:
        """Return the folder of copies that a component's copy lies in, such as `components`."""
        return self.folder / Path(entry.path).parents[2]

    def place_of(self, entry: LockedRelease) -> Place:
        """Return the place of the registry that a component was added from, a relative folder as seen from here."""
        try:
            place = parse_place(entry.registry)
        except UsageError as error:
            raise InputError(error.message, where=Location(path=self.path), hint=error.hint) from None
        if place.kind is PlaceKind.FOLDER and not place.folder.is_absolute():
            return replace(place, address=os.path.normpath(self.folder / place.address))
        return place

    def bindings(self) -> dict[str, Place]:
        """Return the registry that each name was added from."""
        return {name: self.place_of(entry) for name, entry in self.components.items()}

    def image(self, image: str) -> str:
        """Return the image to use in the place of a contract's: that of a mirror if the lock has one."""
        return self.images.get(image, image)

    def chosen(self, names: Iterable[str]) -> list[LockedRelease]:
        """Return the components that names mean, with or without a namespace; all for no names.

        Raises InputError for a name that the lock has not, or that several components have.
        """
        return [self._chosen(name) for name in names] or list(self.components.values())

    def with_components(self, *entries: LockedRelease) -> "ComponentsLock":
        """Return the lock with these entries in the place of earlier ones."""
        return replace(self, components=dict(self.components) | {str(entry.name): entry for entry in entries})

    def without(self, *entries: LockedRelease) -> "ComponentsLock":
        """Return the lock without these components, and without mirrors of images that no other one has."""
        gone = {str(entry.name) for entry in entries}
        left = {name: entry for name, entry in self.components.items() if name not in gone}
        unused = {entry.image for entry in entries} - {entry.image for entry in left.values()}
        images = {image: mirror for image, mirror in self.images.items() if image not in unused}
        return replace(self, components=left, images=images)

    def with_image(self, image: str, copy: str | None) -> "ComponentsLock":
        """Return the lock with the copy of an image that a mirror has; with None without one."""
        others = {each: known for each, known in self.images.items() if each != image}
        return replace(self, images=others | ({image: copy} if copy else {}))

    def to_bytes(self) -> bytes:
        """Return the file, sorted, so that a change is at one place of it."""
        document: dict[str, Any] = {"version": LOCK_VERSION}
        document["components"] = {name: entry.to_dict() for name, entry in sorted(self.components.items())}
        if self.images:
            document["images"] = dict(sorted(self.images.items()))
        return json.dumps({**document, **self.more}, indent=2, ensure_ascii=False).encode() + b"\n"

    def _chosen(self, text: str) -> LockedRelease:
        """Return the component that a name means."""
        if text in self.components:
            return self.components[text]
        matches = [] if "/" in text else [each for each in self.components.values() if each.name.name == text]
        if len(matches) == 1:
            return matches[0]
        if matches:
            names = ", ".join(str(each.name) for each in matches)
            raise InputError(f"{text!r} is the name of several components", hint=f"one of {names}")
        raise InputError(
            f"{self.path} has no component {text}",
            hint=did_you_mean(text, self.components, otherwise="`comp status` lists them; `comp add` takes another"),
        )


def find_lock(folder: Path) -> Path:
    """Return the folder of the lock that counts in `folder`, as seen from here: the nearest one, or where it is new."""
    place = (lock_place.lock_above(folder) or lock_place.new_lock(folder)).parent
    # Messages stay short, and a relative place of a registry stays one.
    return Path(os.path.relpath(place))


def read_lock(folder: Path) -> ComponentsLock:
    """Read the lock of a folder; an empty one if the file is missing. Raises InputError for one that is damaged."""
    path = folder / LOCK_NAME
    document = _document(path)
    entries = document.get("components", {})
    images = _images(document, path)
    try:
        components = {name: _entry(name, data) for name, data in entries.items()}
        for entry in components.values():
            check_within(entry, folder)
    except InputError as error:
        raise _damaged(path, error.message) from None
    more = {key: value for key, value in document.items() if key not in LOCK_KEYS}
    return ComponentsLock(folder=folder, components=components, images=images, more=more)


def read_components_lock(path: Path) -> dict[str, dict[str, Any]]:
    """Read the entries of a lock as they are; empty if the file is missing. Raises InputError if it is not a lock."""
    components: dict[str, dict[str, Any]] = _document(path).get("components", {})
    return components


def mirrors_above(folder: Path) -> Mapping[str, str]:
    """Return the map of images of the lock that counts in a folder; empty without one.

    Raises InputError if it is not a lock.
    """
    path = lock_place.lock_above(folder)
    return _images(_document(path), path) if path else {}


def write_lock(lock: ComponentsLock) -> None:
    """Write a lock. The caller holds its folder."""
    write_bytes(lock.path, lock.to_bytes())


def written_place(place: Place, folder: Path) -> str:
    """Return a registry's place as the lock of a folder has it: without a login, a relative folder from the lock."""
    if place.kind is PlaceKind.FOLDER and not place.folder.is_absolute():
        # The lock is committed with the project, and read in other places.
        return Path(os.path.relpath(place.folder, folder)).as_posix()
    return without_login(str(place))


def check_within(entry: LockedRelease, folder: Path) -> None:
    """Raise InputError for a copy outside of the repository, or without one of the lock's folder.

    The lock may be a stranger's, and commands write and remove the copy.
    """
    around = lock_place.repository_of(folder)
    # The repository may have links too. Those below the folder of copies are for who writes and removes.
    place = Path(os.path.realpath(folder / Path(entry.path).parents[2]))
    if not place.is_relative_to(os.path.realpath(around)):
        raise InputError(f"path of {entry.name} is {entry.path!r}, which leads out of {around}", hint=_INSIDE)


def _document(path: Path) -> dict[str, Any]:
    """Return the data of a lock, whose entries are tables by name; empty if the file is missing."""
    try:
        document: dict[str, Any] = json.loads(read_foreign(path, SETTINGS_SIZE))
        if document["version"] != LOCK_VERSION:
            raise InputError(f"its version is {document['version']!r}", where=Location(path=path), hint="update comp")
        components = {str(name): dict(entry) for name, entry in document["components"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(path, _reason(error)) from error
    return {**document, "components": components}


def _images(document: Mapping[str, Any], path: Path) -> Mapping[str, str]:
    """Return the map of images in the data of a lock. Raises InputError for anything else in its place."""
    images = document.get("images", {})
    if not isinstance(images, dict):
        raise _damaged(path, "images is not a table of texts")
    try:
        return {image: check_copy(image, copy) for image, copy in images.items()}
    except ValueError as error:
        raise _damaged(path, f"images: {error}") from None


def _entry(name: str, data: Mapping[str, Any]) -> LockedRelease:
    """Read one component. Raises InputError that names the invalid part."""
    texts = {key: data.get(key) for key in ENTRY_KEYS}
    for key, value in texts.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{key} of {name} is {value!r}, expected a text")
    entry = LockedRelease(
        name=parse_name(name),
        version=parse_version(str(data["version"])),
        digest=Digest.parse(str(data["digest"])),
        image=str(data["image"]),
        requested=str(data["requested"]),
        registry=str(data["registry"]),
        path=str(data["path"]),
        more={key: value for key, value in data.items() if key not in ENTRY_KEYS},
    )
    # Commands write and remove the copy: another file must not be taken for it.
    if Path(entry.path).is_absolute() or Path(entry.path).parts[-3:] != (*name.split("/"), CONTRACT):
        raise InputError(f"path of {name} is {entry.path!r}, expected a relative one that ends in {name}/{CONTRACT}")
    parse_request(f"{name}@{entry.requested}")
    return entry


def _damaged(path: Path, reason: str) -> InputError:
    """Return the error for a file that is not a lock."""
    return InputError(f"not a {LOCK_NAME}: {reason}", where=Location(path=path), hint="restore it from version control")


def _reason(error: Exception) -> str:
    """Return in words why a document is not a lock."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return f"not valid JSON: {error}"
    return "its parts are of other types"
