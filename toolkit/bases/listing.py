"""List the bases that were made here and those that components use, without asking any server."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.bases.description import BaseDescription, known_description
from toolkit.bases.opening import made_folder
from toolkit.bases.used import UsedBase
from toolkit.config.project import is_on_disk
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.document import parse_document
from toolkit.oci.image import Image
from toolkit.oci.layout import layout_digest, layout_platforms, read_layout
from toolkit.oci.reference import Reference
from toolkit.remote.pulling import choose_platform


class ListedBase(Struct, frozen=True, kw_only=True):
    """A base in the list. `held` says what holds its components to it, and is `made` for one in the cache.

    `digest` is the one in the lock or the settings, and for a base on this disk that of its image. `facts` are None if
    the image is not here; `problem` then says what is wrong with it, if anything is.
    """

    name: str
    held: str
    digest: str
    platforms: tuple[str, ...] = ()
    facts: BaseDescription | None = None
    components: tuple[str, ...] = ()
    problem: str = ""


def listed_bases(used: Sequence[UsedBase], context: BuildContext) -> Iterator[ListedBase]:
    """Yield the bases that components use, then those that were made into the cache, each once."""
    seen = set()
    for base in used:
        seen.add(base.name)
        yield _used(base, context)
    for folder in sorted(made_folder(context).glob("*/oci-layout")):
        if f"layout:{folder.parent}" not in seen:
            yield _on_disk(folder.parent, folder.parent.name, context)


def _used(base: UsedBase, context: BuildContext) -> ListedBase:
    """Return a base that components use."""
    if is_on_disk(base.name):
        scheme, _, path = base.name.partition(":")
        if scheme == "archive":
            # To read one takes as long as it is large.
            return ListedBase(name=base.name, held=str(base.held), digest="", components=base.names)
        found = _on_disk(Path(path), base.name, context)
        return replace(found, held=str(base.held), components=base.names)
    facts = _cached_facts(base.reference, base.platform, context) if base.reference else None
    digest = str(base.reference.digest) if base.reference else ""
    return ListedBase(name=base.name, held=str(base.held), digest=digest, facts=facts, components=base.names)


def _on_disk(folder: Path, name: str, context: BuildContext) -> ListedBase:
    """Return a base in a layout."""
    try:
        platforms = layout_platforms(folder)
        host = str(host_platform())
        chosen = host if host in platforms or not platforms else platforms[0]
        image = read_layout(folder, platform=Platform.parse(chosen))
        facts = known_description(image, context.cache, here=True)
    except CompError as error:
        return ListedBase(name=name, held="made", digest="", problem=error.message)
    return ListedBase(name=name, held="made", digest=str(layout_digest(folder)), platforms=platforms, facts=facts)


def _cached_facts(reference: Reference, platform: Platform, context: BuildContext) -> BaseDescription | None:
    """Return the facts about an image on a remote; None unless the cache has what they are read from."""
    image = _cached_image(reference, platform, context)
    return known_description(image, context.cache) if image else None


def _cached_image(reference: Reference, platform: Platform, context: BuildContext) -> Image | None:
    """Return an image whose documents are all in the cache. None if one is missing."""
    cache, digest = context.cache, reference.digest
    try:
        document = parse_document(data) if digest and (data := cache.read_verified(digest)) else {}
        if "manifests" in document:
            digest = choose_platform(document, platform, reference).digest
            document = parse_document(data) if (data := cache.read_verified(digest)) else {}
        config = document.get("config")
        is_here = isinstance(config, dict) and digest and _has(config.get("digest"), context)
    except InputError:
        return None
    # By digest and with everything in the cache, nothing is asked for.
    return context.remote().pull(reference.with_digest(digest), platform, cache) if is_here and digest else None


def _has(digest: object, context: BuildContext) -> bool:
    """Return whether the cache has a blob."""
    return isinstance(digest, str) and context.cache.blob_path(Digest.parse(digest)).is_file()
