"""Build a catalogue: read the registry's entries, and make again what they say is not as it was."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, json

from toolkit.catalogue import images as image_facts
from toolkit.catalogue.component_page import Subject
from toolkit.catalogue.fitting import Fits, named_types
from toolkit.catalogue.folder import SiteFolder, site_folder
from toolkit.catalogue.image_words import image_view
from toolkit.catalogue.images import Images, ReadImage
from toolkit.catalogue.listing import (
    FIRST,
    by_shard,
    example_searches,
    facets_of,
    row_of,
    settings,
    shard,
    shard_path,
    shown_first,
)
from toolkit.catalogue.machines import index_json, llms_txt
from toolkit.catalogue.pages import Pages
from toolkit.catalogue.workshop import Order, make_all
from toolkit.digest import Digest
from toolkit.registry.entry import Entry
from toolkit.registry.place import Place
from toolkit.registry.protocol import Registry
from toolkit.words import counted

_IMAGES = "images"
# Begins the name of a component's unit.
_PAGE = "c/"


class Choices(Struct, frozen=True, kw_only=True):
    """What a user asks of a catalogue.

    `place` is the registry's as readers reach it, None to leave it out. `read_image` is None if no remote is asked;
    `packages` says whether it reads the packages of an image.
    """

    title: str = "Component catalogue"
    place: Place | None = None
    live: bool = False
    artifact_hub: bool = False
    read_image: ReadImage | None = None
    packages: bool = False


class Built(Struct, frozen=True, kw_only=True):
    """What a build did: numbers of pages, and the components that could not be read."""

    components: int
    written: int
    unchanged: int
    removed: int
    failed: tuple[str, ...]

    def summary(self) -> str:
        """Return it in words."""
        words = f"{counted(self.components, 'component')}: {self.written} made, {self.unchanged} unchanged"
        return f"{words}, {self.removed} removed" if self.removed else words


def build_site(registry: Registry, out: Path, choices: Choices) -> Built:
    """Build the catalogue of a registry in the folder `out`, or bring it up to date.

    A component that cannot be read keeps its former page, if it has one, and is reported. Raises InputError for a
    folder with files of others, OutsideError if the registry cannot be reached or the folder not be written.
    """
    entries = sorted(map(named_types, registry.entries()), key=lambda entry: entry.name)
    pages = Pages(choices.title, live=choices.live)
    with site_folder(out) as folder:
        images = _images(registry, entries, folder, choices)
        before = folder.written
        order = Order(title=choices.title, place=choices.place, live=choices.live, artifact_hub=choices.artifact_hub)
        changed = _changed(folder, entries, images, f"{pages.key}\n{choices.place}\n{choices.artifact_hub}")
        failed = _components(folder, registry, changed, order)
        written = folder.written - before
        lost = {name for name in failed if not folder.keep_former(f"{_PAGE}{name}")}
        _shared(folder, [entry for entry in entries if entry.name not in lost], choices, pages)
        gone = folder.finish()
    return Built(
        components=len(entries),
        written=written,
        unchanged=len(entries) - written - len(failed),
        removed=sum(name.startswith(_PAGE) for name in gone),
        failed=tuple(sorted(failed)),
    )


def _images(registry: Registry, entries: Sequence[Entry], folder: SiteFolder, choices: Choices) -> Images:
    """Return what is known about images, and store it."""
    stored = folder.read(_IMAGES, image_facts.PATH)
    images = Images.from_bytes(stored)
    images.update(registry, entries, choices.read_image, packages=choices.packages)
    if content := images.to_bytes() if stored or choices.read_image else None:
        _unit(folder, _IMAGES, {image_facts.PATH: content})
    return images


def _changed(folder: SiteFolder, entries: Sequence[Entry], images: Images, common: str) -> list[tuple[Subject, str]]:
    """Return the components whose pages are not as they were, with the keys of what the new ones are made from."""
    fits, known, changed = Fits(entries), {entry.name for entry in entries}, []
    for entry in entries:
        successor = entry.superseded_by in known
        parts = [common, fits.key(entry), images.key(entry), str(successor)]
        key = Digest.of(json.encode(entry) + "\n\n".join(parts).encode()).hex
        if not folder.keep(f"{_PAGE}{entry.name}", key):
            subject = Subject(
                entry=entry,
                before=fits.before(entry),
                after=fits.after(entry),
                image=image_view(entry, images),
                successor=successor,
            )
            changed.append((subject, key))
    return changed


def _components(
    folder: SiteFolder, registry: Registry, changed: Sequence[tuple[Subject, str]], order: Order
) -> list[str]:
    """Make the pages of components; return those that cannot be read."""
    failed = []
    keys = {subject.entry.name: key for subject, key in changed}
    for subject, files in make_all(registry, [subject for subject, _ in changed], order):
        name = subject.entry.name
        if files is None:
            failed.append(name)
        else:
            folder.write(f"{_PAGE}{name}", keys[name], files)
    return failed


def _shared(folder: SiteFolder, entries: Sequence[Entry], choices: Choices, pages: Pages) -> None:
    """Make what is about all components: the list with its data, the files for machines, style and scripts."""
    _unit(folder, "assets", pages.assets())
    keys, size = [], 0
    for number, part in by_shard(entries):
        content = shard(number, part)
        keys.append(Digest.of(content).hex)
        size += len(content)
        _unit(folder, shard_path(number), {shard_path(number): content})
    listed = shown_first(entries)
    facets = facets_of(listed)
    page = pages.render(
        "list.html",
        script="list.js",
        depth=0,
        heading=pages.title,
        values={
            "description": f"{counted(len(listed), 'component')} with typed inputs and outputs",
            "about": _about(listed),
            "examples": example_searches(facets),
            "count_words": counted(len(listed), "component"),
            "rows": [row_of(entry) for entry in listed[:FIRST]],
            "total": len(entries),
            "settings": settings(entries, facets, keys, size),
        },
    )
    _unit(folder, "list", {"index.html": page})
    machines = {
        "index.json": index_json(entries, choices.title, choices.place),
        "llms.txt": llms_txt(entries, choices.title, choices.place),
    }
    _unit(folder, "machines", machines)


def _about(entries: Sequence[Entry]) -> str:
    """Return a line about the catalogue as a whole."""
    namespaces = len({entry.name.partition("/")[0] for entry in entries})
    newest = max((entry.published for entry in entries), default="")
    return f"in {counted(namespaces, 'namespace')}, newest release {newest[:10]}" if entries else ""


def _unit(folder: SiteFolder, name: str, files: dict[str, bytes]) -> None:
    """Write files that are made from everything, unless they are the same."""
    key = Digest.of(b"\n".join(Digest.of(content).hex.encode() for content in files.values())).hex
    if not folder.keep(name, key):
        folder.write(name, key, files)
