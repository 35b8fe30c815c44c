"""`[tool.uv.sources]`: the tables that say where the packages of a project come from.

uv's documentation, "Dependency sources". Every kind of source is read, or refused with its line. `editable` makes no
difference to an image.
"""

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from packaging.markers import Marker
from packaging.utils import canonicalize_name

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError, Location
from toolkit.requirements.indexes import IndexPin
from toolkit.requirements.origins import FileOrigin, FolderOrigin, GitOrigin, Origin, origin_of_file
from toolkit.requirements.uv_workspace import members_of, workspace_of
from toolkit.system.moment import once

# The keys that say which kind of source a table is, then those that each kind and every table may have besides.
_KINDS = ("index", "git", "url", "path", "workspace")
_FURTHER = {
    "index": (),
    "git": ("rev", "tag", "branch", "subdirectory", "lfs"),
    "url": ("subdirectory",),
    "path": ("editable", "package", "subdirectory"),
    "workspace": ("editable",),
}
_EVERYWHERE = ("marker", "extra", "group")
_NAMED_INDEX = re.compile(r"([\w.-]+)=(\S+)")


class UvSource(Struct, frozen=True, kw_only=True):
    """One table: the package that it is for, the kind of source, and the document that it stands in."""

    name: str
    kind: str
    table: Mapping[str, Any]
    document: TomlDocument
    where: Location

    def marker(self) -> Marker | None:
        """Return the marker under which the source counts, None if it always does."""
        text = self._text("marker")
        try:
            return Marker(text) if text else None
        except ValueError as error:
            raise self._wrong(f"has an invalid marker, {text!r}: {str(error).splitlines()[0]}") from None

    def origin(self, environ: Mapping[str, str]) -> "Origin | IndexPin":
        """Return the origin, or the index, that the table names. Raises InputError for an unusable table."""
        if self.kind == "index":
            return IndexPin(table=self._index(environ), marker=self._text("marker"))
        if self.kind == "git":
            return self._git()
        if self.kind == "url":
            return self._file(self._address("url"))
        if self.kind == "workspace":
            return self._member()
        path = (self.document.path.parent / Path(self._text("path")).expanduser()).resolve()
        # A path may lead to a wheel or a source distribution as well as to a folder.
        if path.is_file():
            return self._file(path.as_uri())
        folder = path / self._text("subdirectory")
        return FolderOrigin(folder=folder, package=self.table.get("package") is not False)

    def _git(self) -> GitOrigin:
        """Return the repository and the reference. Raise InputError for more than one reference, or for LFS."""
        keys = [key for key in ("rev", "tag", "branch") if key in self.table]
        if len(keys) > 1:
            raise self._wrong(f"names {' and '.join(keys)}; one is enough")
        # Refused, since the build would get pointers in place of the files.
        if self.table.get("lfs"):
            raise self._wrong("asks for files of git LFS, which are not fetched")
        # A `rev` may be anything, so it keeps the default.
        names = {"tag": ("refs/tags/",), "branch": ("refs/heads/",)}.get(keys[0] if keys else "")
        origin = GitOrigin(
            url=self._address("git").removeprefix("git+"),
            ref=self._text(keys[0]) if keys else None,
            subdirectory=self._text("subdirectory"),
            where=self.where,
        )
        return replace(origin, names=names) if names else origin

    def _file(self, url: str) -> FileOrigin:
        """Return the file at an address."""
        if "subdirectory" in self.table:
            raise self._wrong("names a subdirectory of an archive, which cannot be used")
        return origin_of_file(url, self.where, self.name)

    def _member(self) -> FolderOrigin:
        """Return the folder of a member of the workspace."""
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

    def _index(self, environ: Mapping[str, str]) -> Mapping[str, Any]:
        """Return the table of the index: of this document, of the workspace's root, or of the environment."""
        wanted = self._text("index")
        # A member's own index counts before one of the same name in the root.
        for document in (self.document, workspace_of(self.document.path.parent)):
            for table in (document.table("tool", "uv").get("index") or ()) if document else ():
                if isinstance(table, dict) and table.get("name") == wanted and isinstance(table.get("url"), str):
                    return table | {"url": _absolute(str(table["url"]), document.path.parent if document else Path())}
        for variable in ("UV_INDEX", "UV_DEFAULT_INDEX"):
            for text in environ.get(variable, "").split():
                named = _NAMED_INDEX.fullmatch(text)
                if named and named[1] == wanted:
                    return {"name": wanted, "url": named[2]}
        raise self._wrong(f"names the index {wanted!r}, which is not defined", "define it in [[tool.uv.index]]")

    def _address(self, key: str) -> str:
        """Return the address under a key. Raise InputError if it is empty."""
        if not (text := self._text(key).strip()):
            raise self._wrong(f"has an empty {key}")
        return text

    def _text(self, key: str) -> str:
        """Return the text under a key, empty if it is missing. Raise InputError for any other value."""
        value = self.table.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(f"has a {key} that is not a string")
        return value

    def _wrong(self, problem: str, hint: str | None = None) -> InputError:
        """Return the error for this source."""
        return InputError(
            f"the source of {self.name} {problem}", where=self.where, hint=hint or "see uv's documentation"
        )


def uv_sources(document: TomlDocument, environ: Mapping[str, str]) -> dict[str, list[UvSource]]:
    """Return the sources that a document names, by normalised name; those of the workspace's root count for members."""
    sources: dict[str, list[UvSource]] = {}
    # uv's own variable: then uv ignores sources, too.
    if environ.get("UV_NO_SOURCES", "") not in {"", "0", "false"}:
        return sources
    # The member's own come last, and replace those of the root.
    for place in (workspace_of(document.path.parent), document):
        if place is not None:
            sources |= once(("uv sources", place.path), partial(_sources, place))
    return sources


def _sources(document: TomlDocument) -> dict[str, list[UvSource]]:
    """Return the sources that stand in a document, by normalised name."""
    return {
        canonicalize_name(name): list(_tables(document, name, value))
        for name, value in document.table("tool", "uv", "sources").items()
    }


def _tables(document: TomlDocument, name: str, value: object) -> Iterator[UvSource]:
    """Read the value of one name: a table, or a list of tables with markers."""
    where = document.where("tool", "uv", "sources", name)
    for table in value if isinstance(value, list) else [value]:
        kinds = [kind for kind in _KINDS if isinstance(table, dict) and kind in table]
        if not isinstance(table, dict) or len(kinds) != 1:
            raise InputError(
                f"the source of {name} is not one of {', '.join(_KINDS)}", where=where, hint="name one kind of source"
            )
        allowed = {*kinds, *_FURTHER[kinds[0]], *_EVERYWHERE}
        # A key that is passed over could be one that chooses what is installed.
        for key in table.keys() - allowed:
            raise InputError(
                f"the source of {name} has the unknown key {key!r}",
                where=where,
                hint=f"known for {kinds[0]}: {', '.join(sorted(allowed))}",
            )
        yield UvSource(name=canonicalize_name(name), kind=kinds[0], table=table, document=document, where=where)


def _absolute(url: str, folder: Path) -> str:
    """Return an index's address; uv takes a path as relative to the file that names it."""
    return url if "://" in url else (folder / url).resolve().as_uri()
