"""The catalogue for machines: `index.json` with every component, and `llms.txt` as language models read it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from toolkit.catalogue.component_page import page_path
from toolkit.redaction import hide_in_data, visible
from toolkit.registry.entry import Entry, Port
from toolkit.registry.place import Place
from toolkit.words import shortened

_API = 1
_LINE = 200


def index_json(entries: Sequence[Entry], title: str, place: Place | None) -> bytes:
    """Return every component as JSON: what `comp search --format json` says, and where its page and contract are."""
    # One line for each component, so that a new release changes one line.
    lines = b",\n".join(msgspec.json.encode(_component(entry)) for entry in entries).decode()
    head = {"api": _API, "title": title, "registry": str(place) if place else None}
    text = f'{json.dumps(head, ensure_ascii=False)[:-1]}, "components": [\n{lines}\n]}}\n'
    return hide_in_data(text).encode("utf-8", "backslashreplace")


def llms_txt(entries: Iterable[Entry], title: str, place: Place | None) -> bytes:
    """Return the components as Markdown, in the form of llms.txt: a title, a summary, sections of links."""
    return (visible(hide_in_data("\n".join(_lines(entries, title, place)))) + "\n").encode()


def _component(entry: Entry) -> dict[str, Any]:
    """Return one component as JSON data."""
    return {
        "name": entry.name,
        "version": entry.version,
        "versions": entry.versions,
        "digest": entry.digest,
        "title": entry.title,
        "description": entry.description,
        "published": entry.published,
        "inputs": [_port(port) | {"optional": port.optional} for port in entry.inputs],
        "outputs": [_port(port) for port in entry.outputs],
        "tags": entry.tags,
        "authors": entry.authors,
        "deprecated": entry.deprecated,
        "superseded_by": entry.superseded_by,
        "yanked": entry.yanked,
        "page": page_path(entry.name),
        "contract": f"c/{entry.name}.yaml",
    }


def _port(port: Port) -> dict[str, Any]:
    """Return a port as JSON data."""
    return {"name": port.name, "type": port.type, "kind": port.kind}


def _lines(entries: Iterable[Entry], title: str, place: Place | None) -> Iterator[str]:
    """Yield the lines of llms.txt."""
    registry = f" --registry {place}" if place else ""
    yield f"# {_plain(title)}"
    yield ""
    yield (
        "> Pipeline components with typed inputs and outputs. Each link is the contract (component.yaml) of the newest "
        f"release. `comp add NAME@^VERSION{registry}` copies a component into a project, `comp run` runs it, and "
        "`toolkit.load` loads it in a KFP pipeline."
    )
    namespace = None
    for entry in entries:
        space = entry.name.partition("/")[0]
        if space != namespace:
            namespace = space
            yield ""
            yield f"## {space}"
            yield ""
        yield _line(entry)


def _line(entry: Entry) -> str:
    """Return the line of a component."""
    text = shortened(_plain(entry.description or entry.title), _LINE)
    takes = _plain(", ".join([_typed(port) for port in entry.inputs]))
    makes = _plain(", ".join([_typed(port) for port in entry.outputs]))
    marks = []
    if entry.deprecated is not None:
        marks.append(f"Deprecated{f': use {entry.superseded_by}' if entry.superseded_by else ''}.")
    if entry.yanked:
        marks.append("Yanked.")
    parts = [text, f"Takes {takes or 'nothing'}; produces {makes or 'nothing'}.", *marks]
    return f"- [{entry.name} {entry.version}](c/{entry.name}.yaml): {' '.join(part for part in parts if part)}"


def _typed(port: Port) -> str:
    """Return a port with its type; an optional one has a question mark."""
    return f"{port.name}{'?' if port.optional else ''}: {port.type}" if port.type else port.name


def _plain(text: str) -> str:
    """Return a text in one line, without what would be Markdown of its own."""
    return " ".join(text.replace("[", "(").replace("]", ")").split())
