"""Where requirements come from if not from an index by name: `[tool.uv.sources]`, and addresses in requirements.

uv's documentation, "Dependency sources"; PyPA, "Dependency specifiers" and "Direct URL". Every kind of source is
followed, or refused with its line; `editable` makes no difference to an image.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from packaging.markers import Environment, Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import InputError, Location
from toolkit.python.git import GitOrigin
from toolkit.python.indexes import IndexPin
from toolkit.python.workspace import members_of, workspace_of
from toolkit.redaction import without_login
from toolkit.toml import Document

_KINDS = ("index", "git", "url", "path", "workspace")
_FURTHER = {
    "index": (),
    "git": ("rev", "tag", "branch", "subdirectory", "lfs"),
    "url": ("subdirectory",),
    "path": ("editable", "package", "subdirectory"),
    "workspace": ("editable",),
}
_EVERYWHERE = ("marker", "extra", "group")
_ARCHIVES = (".whl", ".tar.gz", ".zip")
_NAMED_INDEX = re.compile(r"([\w.-]+)=(\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderOrigin:
    """A project on this disk. `package` false means that only what it requires is wanted."""

    folder: Path
    package: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOrigin:
    """A wheel or source distribution by its address: https, http, or a file. `sha256` is what the address demands."""

    url: str = field(repr=False)  # It may hold credentials.
    sha256: str | None = None
    where: Location | None = None

    @property
    def address(self) -> str:
        """The address up to the end of its path, without credentials."""
        return without_login(self.url).partition("#")[0].partition("?")[0]

    @property
    def filename(self) -> str:
        """The last part of its path."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


Origin = FolderOrigin | FileOrigin | GitOrigin


@dataclass(slots=True)
class Declared:
    """What was found by following requirements: the origins and indexes of packages, by normalised name.

    `requirements` are what was asked for without addresses, and what required projects ask for from elsewhere than
    the index, which uv does not see in their wheels. `addressed` are names that wheels require by an address.
    """

    requirements: list[str] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    indexes: dict[str, list[IndexPin]] = field(default_factory=dict)
    addressed: set[str] = field(default_factory=set)


# Gives the folder of a project in git, for a while.
Checkout = Callable[[GitOrigin, str], Path | None]


def follow(
    document: Document | None,
    requirements: Sequence[str],
    *,
    environment: Environment | None = None,
    checkout: Checkout = lambda *_: None,
    fixed: Mapping[str, Origin] = MappingProxyType({}),
) -> Declared:
    """Follow the sources of requirements that stand in a document, and those of required projects.

    Markers are compared with the `environment`; without one every source counts. `fixed` are origins that take the
    place of those found, by name. Raises InputError for a source that cannot be used.
    """
    return follow_all([(document, requirements)], environment=environment, checkout=checkout, fixed=fixed)


def follow_all(
    asked: Sequence[tuple[Document | None, Sequence[str]]],
    *,
    environment: Environment | None = None,
    checkout: Checkout = lambda *_: None,
    fixed: Mapping[str, Origin] = MappingProxyType({}),
    listed: Path | None = None,
) -> Declared:
    """Follow the requirements of several documents, as `follow` does those of one.

    Those without a document stand in the file `listed`.
    """
    found = Declared()
    for document, requirements in asked:
        place = Location(path=listed) if listed else None
        follower = _Follower(found, environment, checkout, fixed, place)
        follower.follow(document, [(text, ()) for text in requirements], top=True)
    return found


@dataclass(slots=True)
class _Follower:
    found: Declared
    environment: Environment | None
    checkout: Checkout
    fixed: Mapping[str, Origin]
    place: Location | None = None
    seen: set[tuple[str, frozenset[str]]] = field(default_factory=set)

    def follow(
        self,
        document: Document | None,
        requirements: Sequence[tuple[str, tuple[str, ...]]],
        *,
        top: bool = False,
        inside: GitOrigin | None = None,
        root: Path | None = None,
    ) -> None:
        """Follow requirements, each with the extras that bring it; `inside` a git repository checked out at `root`."""
        sources = _sources(document) if document else {}
        for text, extras in requirements:
            try:
                requirement = Requirement(text)
            except ValueError:
                if top:
                    self.found.requirements.append(text)  # uv, or who read it, says what is wrong.
                continue
            name = canonicalize_name(requirement.name)
            bare = Requirement(text)
            bare.url = None
            if not self._holds(requirement.marker, extras, self._place(document)):
                continue
            if requirement.url:
                # What stands in a wheel's metadata as well.
                if not top:
                    self.found.addressed.add(name)
                origins: list[Origin | IndexPin] = [_of_address(requirement, self._place(document))]
            else:
                entries = [entry for entry in sources.get(name, ()) if self._applies(entry, extras)]
                origins = [entry.origin() for entry in entries]
            if top or origins:
                self.found.requirements.append(str(bare))
            for origin in origins:
                self._take(name, origin, requirement, document, inside, root)

    def _take(
        self,
        name: str,
        origin: "Origin | IndexPin",
        requirement: Requirement,
        document: Document | None,
        inside: GitOrigin | None,
        root: Path | None,
    ) -> None:
        if isinstance(origin, IndexPin):
            if inside and name not in self.found.indexes:
                raise InputError(
                    f"{inside.address} takes {name} from an index of its own",
                    where=inside.where,
                    hint=f"name that index for {name} in [tool.uv.sources] of your own pyproject.toml, and require it",
                )
            if not inside:
                pins = self.found.indexes.setdefault(name, [])
                pins.extend([origin] if origin not in pins else [])
            return
        if inside and root and isinstance(origin, FolderOrigin):
            if not origin.folder.is_relative_to(root):
                raise InputError(f"{inside.address} requires {name} from outside of it", where=inside.where)
            origin = replace(inside, subdirectory=origin.folder.relative_to(root).as_posix())
        origin = self.fixed.get(name, origin)
        known = self.found.origins.setdefault(name, origin)
        if self.environment is None and _essence(known) != _essence(origin):
            # Every source counts, also another one of the same name.
            self.found.origins[f"{name} {len(self.found.origins)}"] = known = origin
        elif _essence(known) != _essence(origin):
            raise InputError(
                f"{name} is required from two places: {_said(known)} and {_said(origin)}", where=self._place(document)
            )
        key = (f"{name} {_said(known)}", frozenset(requirement.extras))
        if key not in self.seen:
            self.seen.add(key)
            self._follow_project(name, known, requirement, document)

    def _follow_project(self, name: str, origin: Origin, requirement: Requirement, document: Document | None) -> None:
        inside, root = None, None
        if isinstance(origin, FileOrigin):
            return
        if isinstance(origin, GitOrigin):
            folder = self.checkout(origin, name)
            if folder is None:
                return
            inside = origin
            depth = len(Path(origin.subdirectory).parts)
            root = folder.parents[depth - 1] if depth else folder
        else:
            folder = origin.folder
        inner = Document.read(folder / "pyproject.toml")
        if inner is None:
            if isinstance(origin, FolderOrigin) and not (folder / "setup.py").is_file():
                raise InputError(
                    f"{name} is required from {folder}, where there is no pyproject.toml",
                    where=document.where("tool", "uv", "sources") if document else None,
                    hint="correct the path in [tool.uv.sources]",
                )
            return
        required: list[tuple[str, tuple[str, ...]]] = [(one, ()) for one in inner.strings("project", "dependencies")]
        optional = inner.table("project", "optional-dependencies")
        for extra in requirement.extras:
            key = next((key for key in optional if canonicalize_name(key) == canonicalize_name(extra)), None)
            texts = inner.strings("project", "optional-dependencies", key) if key else ()
            required += [(one, (canonicalize_name(extra),)) for one in texts]
        if isinstance(origin, FolderOrigin) and not origin.package:
            # Without the project itself, uv learns what it requires from here alone.
            self.found.origins.pop(name)
            self.found.requirements[:] = [text for text in self.found.requirements if not _is_of(text, name)]
            self.follow(inner, required, top=True)
            return
        self.follow(inner, required, inside=inside, root=root)

    def _place(self, document: Document | None) -> Location | None:
        return document.where("project", "dependencies") if document else self.place

    def _applies(self, entry: "_Entry", extras: tuple[str, ...]) -> bool:
        if "group" in entry.table:
            return False  # Groups are for developing; no image has them.
        if "extra" in entry.table and canonicalize_name(str(entry.table["extra"])) not in extras:
            return False
        if entry.kind == "index":
            return True  # uv compares the marker.
        return self._holds(entry.marker(), (), entry.where)

    def _holds(self, marker: Marker | None, extras: tuple[str, ...], where: Location | None) -> bool:
        if marker is None or self.environment is None:
            return True
        given: Any = self.environment
        try:
            return any(marker.evaluate({**given, "extra": extra}) for extra in extras or ("",))
        except ValueError as error:  # Not all that parses can be compared.
            raise InputError(
                f"the marker {str(marker)!r} cannot be compared: {error}",
                where=where,
                hint="compare texts with == or !=, versions with any operator",
            ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One table of a source, in the document that holds it."""

    name: str
    kind: str
    table: Mapping[str, Any]
    document: Document
    where: Location

    def marker(self) -> Marker | None:
        text = self._text("marker")
        try:
            return Marker(text) if text else None
        except ValueError as error:
            raise self._wrong(f"has an invalid marker, {text!r}: {str(error).splitlines()[0]}") from None

    def origin(self) -> "Origin | IndexPin":
        """Say where the package comes from. Raises InputError for what cannot be followed."""
        if self.kind == "index":
            return IndexPin(table=self._index(), marker=self._text("marker"))
        if self.kind == "git":
            return self._git()
        if self.kind == "url":
            return self._file(self._address("url"))
        if self.kind == "workspace":
            return self._member()
        path = (self.document.path.parent / Path(self._text("path")).expanduser()).resolve()
        if path.is_file():
            return self._file(path.as_uri())
        folder = path / self._text("subdirectory")
        return FolderOrigin(folder=folder, package=self.table.get("package") is not False)

    def _git(self) -> GitOrigin:
        given = [key for key in ("rev", "tag", "branch") if key in self.table]
        if len(given) > 1:
            raise self._wrong(f"names {' and '.join(given)}; one is enough")
        if self.table.get("lfs"):
            raise self._wrong("asks for files of git LFS, which are not fetched")
        names = {"tag": ("refs/tags/",), "branch": ("refs/heads/",)}.get(given[0] if given else "")
        origin = GitOrigin(
            url=self._address("git").removeprefix("git+"),
            ref=self._text(given[0]) if given else None,
            subdirectory=self._text("subdirectory"),
            where=self.where,
        )
        return replace(origin, names=names) if names else origin

    def _file(self, url: str) -> FileOrigin:
        if "subdirectory" in self.table:
            raise self._wrong("names a subdirectory of an archive, which cannot be used")
        return _file_origin(url, self.where, self.name)

    def _member(self) -> FolderOrigin:
        members = members_of(self.document)
        if self.table["workspace"] is not True:
            raise self._wrong("has a workspace that is not true")
        if self.name not in members:
            raise InputError(
                f"{self.name} is required from the workspace, which has no such member",
                where=self.where,
                hint="add its folder to members in [tool.uv.workspace]",
            )
        return FolderOrigin(folder=members[self.name])

    def _index(self) -> Mapping[str, Any]:
        wanted = self._text("index")
        for document in (self.document, workspace_of(self.document.path.parent)):
            for table in (document.table("tool", "uv").get("index") or ()) if document else ():
                if isinstance(table, dict) and table.get("name") == wanted and isinstance(table.get("url"), str):
                    return table | {"url": _absolute(str(table["url"]), document.path.parent if document else Path())}
        for variable in ("UV_INDEX", "UV_DEFAULT_INDEX"):
            for text in os.environ.get(variable, "").split():
                named = _NAMED_INDEX.fullmatch(text)
                if named and named[1] == wanted:
                    return {"name": wanted, "url": named[2]}
        raise self._wrong(f"names the index {wanted!r}, which is not defined", "define it in [[tool.uv.index]]")

    def _address(self, key: str) -> str:
        if not (text := self._text(key).strip()):
            raise self._wrong(f"has an empty {key}")
        return text

    def _text(self, key: str) -> str:
        value = self.table.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(f"has a {key} that is not a string")
        return value

    def _wrong(self, problem: str, hint: str | None = None) -> InputError:
        return InputError(
            f"the source of {self.name} {problem}", where=self.where, hint=hint or "see uv's documentation"
        )


def origins_of(requirements: Sequence[str]) -> dict[str, Origin]:
    """Read the origins of requirements with addresses, by normalised name."""
    parsed = [one for one in map(Requirement, requirements) if one.url]
    return {canonicalize_name(one.name): _of_address(one, None) for one in parsed}


def sources_digest(declared: Declared) -> str | None:
    """Hash where packages come from, without what is secret; None where all come from the indexes or this disk."""
    said = {name: _lasting(one) for name, one in declared.origins.items() if not isinstance(one, FolderOrigin)}
    pins = {
        name: [[pin.table["name"], _bare(str(pin.table["url"])), pin.marker] for pin in of_name]
        for name, of_name in declared.indexes.items()
    }
    if not said and not pins:
        return None
    return hashlib.sha256(json.dumps([said, pins], sort_keys=True).encode()).hexdigest()


def _sources(document: Document) -> dict[str, list[_Entry]]:
    """Read the sources by normalised name; those of the workspace's root hold for its members, too."""
    sources: dict[str, list[_Entry]] = {}
    if os.environ.get("UV_NO_SOURCES", "") not in {"", "0", "false"}:
        return sources
    for one in (workspace_of(document.path.parent), document):
        if one is not None:
            sources |= {
                canonicalize_name(name): list(_entries(one, name, value))
                for name, value in one.table("tool", "uv", "sources").items()
            }
    return sources


def _entries(document: Document, name: str, value: object) -> Iterator[_Entry]:
    where = document.where("tool", "uv", "sources", name)
    for table in value if isinstance(value, list) else [value]:
        kinds = [kind for kind in _KINDS if isinstance(table, dict) and kind in table]
        if not isinstance(table, dict) or len(kinds) != 1:
            raise InputError(
                f"the source of {name} is not one of {', '.join(_KINDS)}", where=where, hint="name one kind of source"
            )
        known = {*kinds, *_FURTHER[kinds[0]], *_EVERYWHERE}
        for key in table.keys() - known:
            raise InputError(
                f"the source of {name} has the key {key!r}, which is not known",
                where=where,
                hint=f"known for {kinds[0]}: {', '.join(sorted(known))}",
            )
        yield _Entry(name=canonicalize_name(name), kind=kinds[0], table=table, document=document, where=where)


def _of_address(requirement: Requirement, where: Location | None) -> Origin:
    """Read the address of a requirement (PyPA, "Direct URL" and pip, "VCS Support")."""
    url = requirement.url or ""
    scheme = _parts(url, where, requirement.name).scheme
    if scheme.startswith("git+"):
        address, _, fragment = url.removeprefix("git+").partition("#")
        path, at, ref = address.rpartition("@")
        if not at or "/" not in path.partition("://")[2]:
            path, ref = address, ""  # That was the @ of a user.
        folder = parse_qs(fragment).get("subdirectory", [""])[0]
        return GitOrigin(url=path, ref=ref or None, subdirectory=folder.strip("/"), where=where)
    if scheme == "file":
        path_here = Path(unquote(urlsplit(url).path))
        if path_here.is_dir():
            return FolderOrigin(folder=path_here.resolve())
    if scheme not in {"http", "https", "file"}:
        raise InputError(
            f"{requirement.name} is required from an address of {scheme or 'no kind'}: {without_login(url)}",
            where=where,
            hint="usable: git+https, git+ssh, git+file, https, http and file",
        )
    return _file_origin(url, where, requirement.name)


def _file_origin(url: str, where: Location | None, name: str) -> FileOrigin:
    fragment = parse_qs(_parts(url, where, name).fragment)
    if "subdirectory" in fragment:
        raise InputError(
            f"{name} is required from a subdirectory of an archive, which cannot be used",
            where=where,
            hint="require it from git, or from an archive of its own",
        )
    origin = FileOrigin(url=url.partition("#")[0], sha256=fragment.get("sha256", [None])[0], where=where)
    if not origin.filename.endswith(_ARCHIVES):
        raise InputError(
            f"{name} is required from {origin.address}, which is neither a wheel nor a source distribution",
            where=where,
            hint=f"the address has to end in one of {', '.join(_ARCHIVES)}",
        )
    return origin


def _parts(url: str, where: Location | None, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InputError(f"the address of {name} is invalid: {error}: {without_login(url)}", where=where) from None
    return parts


def _is_of(text: str, name: str) -> bool:
    try:
        return canonicalize_name(Requirement(text).name) == name
    except ValueError:
        return False


def _absolute(url: str, folder: Path) -> str:
    return url if "://" in url else (folder / url).resolve().as_uri()


def _essence(origin: Origin) -> Origin:
    return origin if isinstance(origin, FolderOrigin) else replace(origin, where=None)


def _lasting(origin: FileOrigin | GitOrigin) -> str:
    """Name an origin as on every machine: a file on this disk by its content."""
    if isinstance(origin, FileOrigin) and origin.url.startswith("file:"):
        path = Path(unquote(urlsplit(origin.url).path))
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        return f"{path.name} {content}"
    return f"{_said(origin)} {origin.sha256 if isinstance(origin, FileOrigin) else ''}"


def _bare(url: str) -> str:
    return "" if url.startswith("file:") else without_login(url)


def _said(origin: Origin) -> str:
    if isinstance(origin, FolderOrigin):
        return str(origin.folder)
    return (
        f"{origin.label(origin.ref or 'HEAD')} {' '.join(origin.names)}".strip()
        if isinstance(origin, GitOrigin)
        else origin.address
    )
