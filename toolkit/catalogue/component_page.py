"""The page of one component, and its contract beside it."""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from toolkit.catalogue.colours import colour_of
from toolkit.catalogue.contract_text import LONGEST, contract_html
from toolkit.catalogue.drawing import draw
from toolkit.catalogue.fitting import Neighbour, telling_types, type_name
from toolkit.catalogue.image_words import ImageView
from toolkit.catalogue.pages import Pages
from toolkit.catalogue.readme import readme_html
from toolkit.catalogue.usage import usage_of
from toolkit.catalogue.versions import COMPARED, Text, history_of
from toolkit.errors import CompError
from toolkit.redaction import without_login
from toolkit.registry.entry import Entry
from toolkit.registry.names import parse_name
from toolkit.registry.place import Place
from toolkit.registry.protocol import Registry
from toolkit.registry.release import CONTRACT, README, Release
from toolkit.registry.semver import parse_version
from toolkit.spec.model import ComponentSpec
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


class Subject(Struct, frozen=True, kw_only=True):
    """What a page is made from besides the component's releases.

    `before` and `after` are its neighbours; `successor` says whether the component that supersedes it has a page.
    """

    entry: Entry
    before: tuple[Neighbour, ...] = ()
    after: tuple[Neighbour, ...] = ()
    image: ImageView | None = None
    successor: bool = False


class Surroundings(Struct, frozen=True, kw_only=True):
    """What all pages need: the registry, its place as readers reach it, and the pages' frame."""

    registry: Registry
    place: Place | None
    pages: Pages


def page_path(name: str) -> str:
    """Return the path of a component's page."""
    return f"c/{name}.html"


def component_files(subject: Subject, around: Surroundings) -> dict[str, bytes]:
    """Return the page of a component and its contract, by their paths. Raises OutsideError if a release is damaged."""
    entry, registry = subject.entry, around.registry
    release = registry.release(parse_name(entry.name), parse_version(entry.version))
    contract = registry.content(release, CONTRACT)
    page = around.pages.render(
        "component.html",
        script="page.js",
        depth=_DEPTH,
        heading=f"{entry.name} · {around.pages.title}",
        values=_values(subject, release, contract, around),
    )
    return {page_path(entry.name): page, f"c/{entry.name}.yaml": contract}


def _values(subject: Subject, release: Release, contract: bytes, around: Surroundings) -> dict[str, Any]:
    """Return what the template shows."""
    entry, registry = subject.entry, around.registry
    marks = registry.marks(release.name)
    text = Text.of(release, contract)
    history = history_of(registry, release, marks, text)
    return {
        "name": entry.name,
        "release": release,
        "description": shortened(" ".join(release.description.split()), _DESCRIPTION),
        "badges": list(_badges(release, entry)),
        "deprecated": marks.deprecated,
        "yank": marks.yanked.get(release.version),
        "successor": subject.successor,
        "usage": usage_of(release, _spec(release, text), around.place),
        "anchors": _anchors(release),
        "colour": colour_of,
        "type_name": type_name,
        "graph": draw(entry, subject.before, subject.after),
        "takes": telling_types(entry.inputs),
        "makes": telling_types(entry.outputs),
        "readme": _readme(registry, release),
        "versions": history.rows,
        "older": history.older,
        "compared": COMPARED,
        "comparisons": history.comparisons,
        "image": subject.image,
        "contract": contract_html(text.text),
        "contract_cut": len(text.text) > LONGEST,
        "facts": list(_facts(release, contract)),
    }


def _spec(release: Release, text: Text) -> ComponentSpec | None:
    """Return the contract as read; None if another program published one that cannot be read."""
    try:
        return text.document.spec
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
