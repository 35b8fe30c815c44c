"""The page of one component, and its contract beside it."""

import logging
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from toolkit.catalogue.colours import colour_of
from toolkit.catalogue.contract_text import LONGEST, contract_html
from toolkit.catalogue.drawing import draw
from toolkit.catalogue.fitting import Fits, telling_types, type_name
from toolkit.catalogue.image_words import ImageView
from toolkit.catalogue.pages import Pages
from toolkit.catalogue.readme import readme_html
from toolkit.catalogue.usage import usage_of
from toolkit.catalogue.versions import history_of
from toolkit.errors import CompError
from toolkit.redaction import without_login
from toolkit.registry.entry import Entry
from toolkit.registry.names import parse_name
from toolkit.registry.place import Place
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, README, Release
from toolkit.registry.semver import parse_version
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component
from toolkit.words import counted, in_bytes, shortened

log = logging.getLogger(__name__)

# Folders between the root and a page: c/NAMESPACE/NAME.html.
_DEPTH = 2
_REVISION = 12
_DESCRIPTION = 200


class Fact(Struct, frozen=True, kw_only=True):
    """A line about where a component comes from; `href` is an address of the web."""

    name: str
    text: str
    href: str | None = None
    code: bool = False


class Badge(Struct, frozen=True, kw_only=True):
    """A short word about a component; `href` is a place in the catalogue."""

    text: str
    href: str | None = None


class Surroundings(Struct, frozen=True, kw_only=True):
    """What all pages need: the registry, `place` as readers reach it, who fits, and which components have pages."""

    registry: Registry
    place: Place | None
    pages: Pages
    fits: Fits
    known: Collection[str]


def page_path(name: str) -> str:
    """Return the path of a component's page."""
    return f"c/{name}.html"


def component_files(entry: Entry, around: Surroundings, image: ImageView | None) -> dict[str, bytes]:
    """Return the page of a component and its contract, by their paths. Raises OutsideError if a release is damaged."""
    registry = around.registry
    release = registry.release(parse_name(entry.name), parse_version(entry.version))
    contract = registry.content(release, CONTRACT)
    page = around.pages.render(
        "component.html",
        script="page.js",
        depth=_DEPTH,
        heading=f"{entry.name} · {around.pages.title}",
        values=_values(entry, release, contract, around, image),
    )
    return {page_path(entry.name): page, f"c/{entry.name}.yaml": contract}


def _values(
    entry: Entry, release: Release, contract: bytes, around: Surroundings, image: ImageView | None
) -> dict[str, Any]:
    """Return what the template shows."""
    registry, fits = around.registry, around.fits
    marks = registry.marks(release.name)
    history = history_of(registry, release.name, marks)
    text = contract.decode("utf-8", "replace")
    return {
        "name": entry.name,
        "release": release,
        "description": shortened(" ".join(release.description.split()), _DESCRIPTION),
        "badges": list(_badges(release, entry)),
        "deprecated": marks.deprecated,
        "yank": marks.yanked.get(release.version),
        "known": around.known,
        "usage": usage_of(release, _spec(release, text), around.place),
        "anchors": _anchors(release),
        "colour": colour_of,
        "type_name": type_name,
        "graph": draw(entry, fits.before(entry), fits.after(entry)),
        "takes": telling_types(entry.inputs),
        "makes": telling_types(entry.outputs),
        "readme": _readme(registry, release),
        "versions": history.rows,
        "older": history.older,
        "comparisons": history.comparisons,
        "image": image,
        "contract": contract_html(text),
        "contract_cut": len(text) > LONGEST,
        "facts": list(_facts(release, contract)),
    }


def _spec(release: Release, text: str) -> ComponentSpec | None:
    """Return the contract as read; None if another program published one that cannot be read."""
    try:
        return parse_component(text, Path(f"{release.name}.yaml"))
    except CompError as error:
        log.warning("the contract of %s cannot be read: %s", release, error.message)
        return None


def _readme(registry: Registry, release: Release) -> object:
    """Return the README as HTML; None without one."""
    if all(file.path != README for file in release.files):
        return None
    return readme_html(registry.content(release, README).decode("utf-8", "replace"))


def _anchors(release: Release) -> dict[tuple[str, str], str]:
    """Return an id for each port; a name of any characters is one part of an address."""
    anchors, taken = {}, set()
    ports = [("input", port.name) for port in release.interface.inputs]
    ports += [("output", port.name) for port in release.interface.outputs]
    for direction, name in ports:
        plain = "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
        base, number = f"{direction}-{plain or 'port'}", 1
        anchor = base
        while anchor in taken:
            number += 1
            anchor = f"{base}-{number}"
        taken.add(anchor)
        anchors[direction, name] = anchor
    return anchors


def _badges(release: Release, entry: Entry) -> Iterator[Badge]:
    """Yield the words under the title."""
    yield from (Badge(text=tag, href=f"index.html#tag={quote(tag, safe='')}") for tag in release.tags)
    yield from (Badge(text=platform) for platform in release.platforms)
    if release.licenses:
        yield Badge(text=release.licenses)
    yield Badge(text=counted(entry.versions, "version"))


def _facts(release: Release, contract: bytes) -> Iterator[Fact]:
    """Yield where the component comes from."""
    yield Fact(name="Version", text=str(release.version))
    yield Fact(name="Published", text=release.published.replace("T", " ").removesuffix("Z") + " UTC")
    if release.by:
        yield Fact(name="Publisher", text=release.by)
    if release.authors:
        yield Fact(name="Authors", text=", ".join(release.authors))
    if release.licenses:
        yield Fact(name="Licence", text=release.licenses)
    if release.source:
        source = without_login(release.source)
        yield Fact(name="Source", text=source.partition("://")[2] or source, href=_web_address(source))
    if release.revision:
        yield Fact(name="Revision", text=release.revision[:_REVISION], code=True)
    if release.platforms:
        yield Fact(name="Platforms", text=", ".join(release.platforms))
    yield Fact(name="Digest", text=str(release.digest), code=True)
    size = len(contract) + sum(file.size for file in release.files)
    yield Fact(name="Size of the release", text=f"{in_bytes(size)} in {counted(len(release.files) + 1, 'file')}")


def _web_address(source: str) -> str | None:
    """Return a repository's address if a browser can open it; other schemes may do anything."""
    address = source.removeprefix("git+")
    return address if address.startswith(("https://", "http://")) else None
