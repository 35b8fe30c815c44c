"""Find the origins of requirements, and of what the projects there require in turn: on this disk, and in git.

Origins stand in the requirements' addresses and in `[tool.uv.sources]`. Packages of an index are left to uv.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from msgspec.structs import replace
from packaging.markers import Environment, Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.config.toml import TomlDocument
from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.redaction import without_login
from toolkit.requirements.indexes import IndexPin
from toolkit.requirements.origins import (
    FileOrigin,
    FolderOrigin,
    GitOrigin,
    Origin,
    origin_of_address,
)
from toolkit.requirements.uv_sources import UvSource, uv_sources


class PackageOrigins(Struct):
    """The origins of packages, and the indexes of packages that come from one alone, by normalised name.

    `requirements` are for uv: the component's own, without addresses, and those of required projects that have an
    origin, which uv does not see in the projects' wheels. `addressed` are the names that wheels require by an address.
    """

    requirements: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    indexes: dict[str, list[IndexPin]] = field(default_factory=dict)
    addressed: set[str] = field(default_factory=set)


# Returns the folder of a checked out project in git; None if git is not to be followed.
Checkout = Callable[[GitOrigin, str], Path | None]


def follow(
    document: TomlDocument | None,
    requirements: Sequence[str],
    environ: Mapping[str, str],
    *,
    environment: Environment | None = None,
    checkout: Checkout = lambda *_: None,
    fixed: Mapping[str, Origin] = MappingProxyType({}),
) -> PackageOrigins:
    """Return the origins of the requirements of a document, and of the projects that these lead to.

    Markers are compared with the `environment`; without one every source counts. `fixed` are origins, by name, that
    replace those found. Raises InputError for an unusable source.
    """
    return follow_all([(document, requirements)], environ, environment=environment, checkout=checkout, fixed=fixed)


def follow_all(
    documents: Sequence[tuple[TomlDocument | None, Sequence[str]]],
    environ: Mapping[str, str],
    *,
    environment: Environment | None = None,
    checkout: Checkout = lambda *_: None,
    fixed: Mapping[str, Origin] = MappingProxyType({}),
    listed: Path | None = None,
) -> PackageOrigins:
    """Return the origins of the requirements of several documents, as `follow` does for one.

    Requirements without a document stand in the file `listed`.
    """
    result = PackageOrigins()
    for document, requirements in documents:
        place = Location(path=listed) if listed else None
        follower = _Follower(result, environ, environment, checkout, fixed, place)
        follower.follow(document, [(text, ()) for text in requirements], top=True)
    return result


class _Follower(Struct):
    """Adds to `result` what it meets; `place` is where requirements without a document stand."""

    result: PackageOrigins
    environ: Mapping[str, str]
    environment: Environment | None
    checkout: Checkout
    fixed: Mapping[str, Origin]
    place: Location | None = None
    seen: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    def follow(
        self,
        document: TomlDocument | None,
        requirements: Sequence[tuple[str, tuple[str, ...]]],
        *,
        top: bool = False,
        inside: GitOrigin | None = None,
        root: Path | None = None,
    ) -> None:
        """Follow requirements, each with the extras that bring it; `inside` a git repository checked out at `root`.

        Those at the `top` are the component's own, and all go to uv.
        """
        sources = uv_sources(document, self.environ) if document else {}
        for text, extras in requirements:
            try:
                requirement = Requirement(text)
            except ValueError:
                if top:
                    self.result.requirements.append(text)  # uv reports it.
                continue
            name = canonicalize_name(requirement.name)
            # uv gets the names alone: the wheels of these origins are given to it by path.
            bare = Requirement(text)
            bare.url = None
            if not self._holds(requirement.marker, extras, self._place(document)):
                continue
            if requirement.url:
                if not top:  # Then the address stands in a wheel's metadata, too.
                    self.result.addressed.add(name)
                origins: list[Origin | IndexPin] = [origin_of_address(requirement, self._place(document))]
            else:
                origins = [
                    source.origin(self.environ) for source in sources.get(name, ()) if self._applies(source, extras)
                ]
            # uv reads the others in the wheels of the projects.
            if top or origins:
                self.result.requirements.append(str(bare))
            for origin in origins:
                self._take(name, origin, requirement, document, inside, root)

    def _take(
        self,
        name: str,
        origin: Origin | IndexPin,
        requirement: Requirement,
        document: TomlDocument | None,
        inside: GitOrigin | None,
        root: Path | None,
    ) -> None:
        """Record the origin of one package, and follow the project there."""
        if isinstance(origin, IndexPin):
            # An index decides what is installed, so a foreign project cannot choose it.
            if inside and name not in self.result.indexes:
                raise InputError(
                    f"{inside.address} takes {name} from an index of its own",
                    where=inside.where,
                    hint=f"name that index for {name} in [tool.uv.sources] of your own pyproject.toml, and require it",
                )
            if not inside:
                pins = self.result.indexes.setdefault(name, [])
                pins.extend([origin] if origin not in pins else [])
            return
        if inside and root and isinstance(origin, FolderOrigin):
            # A path in a foreign repository must not lead to files of this machine.
            if not origin.folder.is_relative_to(root):
                raise InputError(f"{inside.address} requires {name} from outside of it", where=inside.where)
            origin = replace(inside, subdirectory=origin.folder.relative_to(root).as_posix())
        origin = self.fixed.get(name, origin)
        first = self.result.origins.setdefault(name, origin)
        if self.environment is None and first != origin:
            # Every source counts, also a second one for the same name.
            self.result.origins[f"{name} {len(self.result.origins)}"] = first = origin
        elif first != origin:
            raise InputError(
                f"{name} is required from two places: {first.shown} and {origin.shown}", where=self._place(document)
            )
        key = (f"{name} {first.shown}", frozenset(requirement.extras))
        if key not in self.seen:
            self.seen.add(key)
            self._follow_project(name, first, requirement, document)

    def _follow_project(
        self, name: str, origin: Origin, requirement: Requirement, document: TomlDocument | None
    ) -> None:
        """Follow what the project at an origin requires, with the extras of the requirement that led there."""
        inside, root = None, None
        if isinstance(origin, FileOrigin):
            return
        if isinstance(origin, GitOrigin):
            folder = self.checkout(origin, name)
            if folder is None:
                return
            inside = origin
            depth = len(Path(origin.subdirectory).parts)
            # The project may lie below the root of the checked out repository.
            root = folder.parents[depth - 1] if depth else folder
        else:
            folder = origin.folder
        inner = TomlDocument.read(folder / "pyproject.toml")
        if inner is None:
            # An old project has no pyproject.toml; its requirements are known when it is built.
            if isinstance(origin, FolderOrigin) and not (folder / "setup.py").is_file():
                raise InputError(
                    f"{name} is required from {folder}, where there is no pyproject.toml",
                    where=document.where("tool", "uv", "sources") if document else None,
                    hint="correct the path in [tool.uv.sources]",
                )
            return
        required: list[tuple[str, tuple[str, ...]]] = [(text, ()) for text in inner.strings("project", "dependencies")]
        optional = inner.table("project", "optional-dependencies")
        for extra in requirement.extras:
            # Names of extras are compared in their normalised form (PyPA, "Dependency specifiers").
            key = next((key for key in optional if canonicalize_name(key) == canonicalize_name(extra)), None)
            texts = inner.strings("project", "optional-dependencies", key) if key else ()
            required += [(text, (canonicalize_name(extra),)) for text in texts]
        if isinstance(origin, FolderOrigin) and not origin.package:
            # The project is not installed, so uv learns only from here what it requires.
            self.result.origins.pop(name)
            self.result.requirements[:] = [text for text in self.result.requirements if not _is_of(text, name)]
            self.follow(inner, required, top=True)
            return
        self.follow(inner, required, inside=inside, root=root)

    def _place(self, document: TomlDocument | None) -> Location | None:
        """Return the place that errors about the requirements of a document name."""
        return document.where("project", "dependencies") if document else self.place

    def _applies(self, source: UvSource, extras: tuple[str, ...]) -> bool:
        """Whether a source counts here, for a requirement that these extras bring."""
        if "group" in source.table:
            return False  # Groups are for development; no image has them.
        if "extra" in source.table and canonicalize_name(str(source.table["extra"])) not in extras:
            return False
        if source.kind == "index":
            return True  # uv compares the marker.
        return self._holds(source.marker(), (), source.where)

    def _holds(self, marker: Marker | None, extras: tuple[str, ...], where: Location | None) -> bool:
        """Return whether a marker holds with any of these extras. Raise InputError if it cannot be compared."""
        if marker is None or self.environment is None:
            return True
        environment: Any = self.environment
        try:
            # A marker may name an extra, and without one it is compared with an empty text.
            return any(marker.evaluate({**environment, "extra": extra}) for extra in extras or ("",))
        except ValueError as error:  # Some operators parse, and compare nothing.
            raise InputError(
                f"the marker {str(marker)!r} cannot be compared: {error}",
                where=where,
                hint="compare texts with == or !=, versions with any operator",
            ) from None


def origins_digest(packages: PackageOrigins) -> Digest | None:
    """Return a digest of where packages come from, without secrets; None if all are from indexes or folders."""
    # Folders have digests of their own among the inputs: see `source_digests`.
    origins = {
        name: _lasting_name(origin) for name, origin in packages.origins.items() if not isinstance(origin, FolderOrigin)
    }
    pins = {
        name: [[pin.table["name"], _bare(str(pin.table["url"])), pin.marker] for pin in of_name]
        for name, of_name in packages.indexes.items()
    }
    if not origins and not pins:
        return None
    # With spaces, as the digest that locks record.
    return Digest.of(json.dumps([origins, pins], sort_keys=True).encode())


def _lasting_name(origin: FileOrigin | GitOrigin) -> str:
    """Name an origin as on every machine: a file on this disk by its content."""
    if isinstance(origin, FileOrigin) and origin.url.startswith("file:"):
        path = Path(unquote(urlsplit(origin.url).path))
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        return f"{path.name} {content}"
    if isinstance(origin, GitOrigin):
        return f"{origin.shown} "
    # The word None for a missing digest is in the digests that locks record.
    return f"{origin.shown} {origin.digest.hex if origin.digest else None}"


def _is_of(text: str, name: str) -> bool:
    """Return whether a requirement is of this package."""
    try:
        return canonicalize_name(Requirement(text).name) == name
    except ValueError:
        return False


def _bare(url: str) -> str:
    """Name an index as on every machine, without a login; a folder of this machine has no such name."""
    return "" if url.startswith("file:") else without_login(url)
