"""Check a built site: each link leads to a page and an anchor of it, and nothing is loaded from outside."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

from msgspec import Struct

# The attribute by which an element loads something when the page opens.
_LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
# A page may name these places, since a browser does not go there by itself.
_NAMES = {"canonical", "prev", "next"}


class PageLinks(Struct, frozen=True, kw_only=True):
    """The anchors of a page, where its links lead, and what it loads."""

    anchors: frozenset[str]
    links: frozenset[str]
    loads: frozenset[str]


def broken_links(site: Path) -> list[str]:
    """Return a line for each link of a site that leads nowhere, and for each file that it loads from elsewhere."""
    pages = {path: read_links(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        here = path.relative_to(site)
        found += [f"{here}: loads {place}" for place in sorted(page.loads) if _is_outside(place)]
        inside = sorted(place for place in page.links | page.loads if not _is_outside(place))
        found += [f"{here}: broken link {place}" for place in inside if not _leads(site, path, place, pages)]
    return found


def read_links(text: str) -> PageLinks:
    """Return what a page of HTML has and names."""
    reader = _Reader()
    reader.feed(text)
    return PageLinks(anchors=frozenset(reader.anchors), links=frozenset(reader.links), loads=frozenset(reader.loads))


def _is_outside(place: str) -> bool:
    """Return whether an address is that of another server."""
    return place.startswith("//") or ":" in place.partition("/")[0]


def _leads(site: Path, page: Path, place: str, pages: dict[Path, PageLinks]) -> bool:
    """Return whether a link of a page leads to a file of the site, and to an anchor of it if it names one."""
    path, anchor = map(unquote, urldefrag(place))
    target = page if not path else site / path[1:] if path.startswith("/") else page.parent / path
    target = target.resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return False
    # The theme makes `__` names when the page opens.
    known = pages.get(target)
    return not anchor or anchor.startswith("__") or (known is not None and anchor in known.anchors)


class _Reader(HTMLParser):
    """Collects anchors, links and loaded files of one page."""

    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loads: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element's attributes."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and "href" in values:
            self.links.add(values["href"])
        if (place := values.get(_LOADS.get(tag, ""))) and values.get("rel") not in _NAMES:
            self.loads.add(place)
