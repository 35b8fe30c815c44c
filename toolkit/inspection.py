"""Look into an image that is already there: its layers, what the launcher will run, and what its packages weigh."""

import csv
import io
import json
import logging
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from toolkit.config import read_project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.base import SystemFacts, read_system
from toolkit.python.floors import floors_of, is_above
from toolkit.python.shared_libraries import is_library, missing_of, needed_libraries
from toolkit.spec.reader import read_component
from toolkit.tools import Tools
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

_OURS = "comp: "
_CHUNK = 1 << 20
_INTERFACE = "opt/comp/interface.json"
_PACKAGES = re.compile(r"(opt/comp/venv/lib/python[^/]+/site-packages)/([^/]+)-([^/]+)\.dist-info/(RECORD|WHEEL)")
_LABEL = "org.opencontainers.image."


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerFacts:
    """One layer, from bottom to top: `size` in compressed bytes; `made_by` is its line of history."""

    digest: str
    size: int
    made_by: str
    ours: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageFacts:
    """One installed distribution; `size` is what its files take when unpacked, in bytes.

    `needs` says which C library is enough for its machine code, as its wheel's tags say: `{"glibc": "2.17"}`;
    `lacks` are the shared libraries that it asks for and the image does not have.
    """

    name: str
    version: str
    size: int
    needs: Mapping[str, str]
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferrerFacts:
    """A manifest on the remote that refers to the image: a signature, say. `size` is the manifest's, in bytes."""

    artifact_type: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """What an image is. `components` are those of its `interface.json`, as the launcher will read them.

    `platforms` are all that there are where it is one of several, `referrers` what a remote lists for it or for all
    of them. `packages` are sorted by size, largest first, and `libc` is the C library that they have, like
    `glibc 2.36`; both are None when nobody asked for them.
    """

    digest: str
    media_type: str
    platform: str
    platforms: tuple[str, ...]
    created: str
    base: str
    user: str
    command: tuple[str, ...]
    labels: Mapping[str, str]
    layers: tuple[LayerFacts, ...]
    components: Mapping[str, Mapping[str, Any]]
    referrers: tuple[ReferrerFacts, ...]
    packages: tuple[PackageFacts, ...] | None
    libc: str | None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say which packages need another C library than there is, or a newer one, and which lack libraries."""
        library, _, version = (self.libc or "").partition(" ")
        above = [one for one in self.packages or () if version and is_above(one.needs, library, version)]
        return (
            *(
                f"{one.name} {one.version} needs "
                f"{' or '.join(f'{name} {floor}' for name, floor in one.needs.items())}, and the base has {self.libc}"
                for one in above
            ),
            *(
                f"{one.name} {one.version} needs {some_of(one.lacks)}, which the image lacks: importing it may fail"
                for one in self.packages or ()
                if one.lacks
            ),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """An image, and on a remote what refers to it; the platforms that there are, none where it stands alone."""

    image: Image
    platforms: tuple[str, ...] = ()
    referrers: tuple[ReferrerFacts, ...] = ()


def open_image(name: str, platform: Platform, tools: Tools) -> Opened:
    """Find an image: `layout:DIR`, `archive:FILE`, a component's folder or contract (its image), or a reference."""
    scheme, _, rest = name.partition(":")
    if scheme == "layout":
        from toolkit.oci.layout import layout_platforms, read_layout

        return Opened(image=read_layout(Path(rest), platform=platform), platforms=layout_platforms(Path(rest)))
    if scheme == "archive":
        from toolkit.oci.archive import read_archive

        return Opened(image=read_archive(Path(rest), platform=platform, cache=tools.cache))
    reference, remote = _reference(name), tools.remote()
    if reference.digest is None and (described := remote.head(reference)):
        reference = reference.with_digest(described.digest)
    image = remote.pull(reference, platform, tools.cache, report=tools.report)
    return Opened(
        image=image,
        platforms=tuple(map(str, remote.platforms(reference, tools.cache))),
        referrers=_referrers(remote, reference, image),
    )


def _referrers(remote: "Remote", reference: Reference, image: Image) -> tuple[ReferrerFacts, ...]:
    """List what refers to the image or to the index that it is of; a remote that fails is told and costs no more."""
    subjects = dict.fromkeys(digest for digest in (reference.digest, image.digest) if digest)
    try:
        found = [one for digest in subjects for one in remote.referrers(reference, digest)]
    except (OutsideError, InputError) as error:
        log.warning("cannot tell what refers to the image: %s", error.message)
        return ()
    return tuple(
        ReferrerFacts(artifact_type=one.artifact_type, digest=str(one.descriptor.digest), size=one.descriptor.size)
        for one in found
    )


def _reference(name: str) -> Reference:
    path = Path(name)
    if path.is_dir():
        path = read_project(path).entries[0].contract
    if not path.is_file():
        return parse_reference(name)
    image = read_component(path).container.image
    reference = parse_reference(image)
    if reference.digest is None:
        raise InputError(
            f"the contract names {image}, which is not pinned yet",
            where=Location(path=path),
            hint="`comp build --push` pins it; `comp build --dry-run` shows what it would be",
        )
    return reference


def inspect_image(opened: Opened, *, packages: bool) -> ImageFacts:
    """Describe an image. The top layer is read when it is ours; with `packages` the layers of wheels too."""
    image = opened.image
    config = image.parsed_config()
    settings = config.get("config") or {}
    labels = settings.get("Labels") or {}
    layers = _layers(image, config)
    base = labels.get(f"{_LABEL}base.name", "")
    digest = labels.get(f"{_LABEL}base.digest", "")
    system = _system(image, layers) if packages else None
    return ImageFacts(
        digest=str(image.digest),
        media_type=image.media_type,
        platform=str(image.platform),
        platforms=opened.platforms,
        created=str(config.get("created", "")),
        base=f"{base}@{digest}" if base and digest else base or digest,
        user=str(settings.get("User") or ""),
        command=tuple(map(str, [*(settings.get("Entrypoint") or []), *(settings.get("Cmd") or [])])),
        labels=labels,
        layers=layers,
        components=_components(image, layers),
        referrers=opened.referrers,
        packages=_packages(image, layers, system.libraries) if system else None,
        libc=" ".join(system.c_library) if system and system.c_library else None,
    )


def _layers(image: Image, config: Mapping[str, Any]) -> tuple[LayerFacts, ...]:
    history = [str(one.get("created_by", "")) for one in config.get("history") or [] if not one.get("empty_layer")]
    # A base without history leaves its layers without names; ours are on top.
    made_by = [*[""] * (len(image.layers) - len(history)), *history][: len(image.layers)]
    return tuple(
        LayerFacts(
            digest=str(layer.descriptor.digest),
            size=layer.descriptor.size,
            made_by=said.removeprefix(_OURS),
            ours=said.startswith(_OURS),
        )
        for layer, said in zip(image.layers, made_by, strict=True)
    )


def _components(image: Image, layers: Sequence[LayerFacts]) -> dict[str, Mapping[str, Any]]:
    if not layers or not layers[-1].ours:
        return {}
    for name, member, stream in _members(image.layers[-1]):
        if name == _INTERFACE and member.isfile():
            try:
                return dict(json.load(stream)["components"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InputError(f"the image's interface.json is damaged: {error}") from None
    return {}


def _system(image: Image, layers: Sequence[LayerFacts]) -> SystemFacts:
    return read_system(layer for layer, facts in zip(image.layers, layers, strict=True) if not facts.ours)


def _packages(image: Image, layers: Sequence[LayerFacts], present: AbstractSet[str]) -> tuple[PackageFacts, ...]:
    """Add up what each distribution's RECORD lists (PyPA, "Recording installed projects"), and read its tags.

    `present` are the base's shared libraries.
    """
    sizes: dict[str, int] = {}
    asked: dict[str, tuple[str, ...]] = {}
    records: dict[tuple[str, str], list[str]] = {}
    tags: dict[tuple[str, str], list[str]] = {}
    for layer, facts in zip(image.layers, layers, strict=True):
        if not facts.ours:
            continue
        for name, member, stream in _members(layer):
            sizes[name] = member.size
            if is_library(name):
                asked[name] = needed_libraries(iter(partial(stream.read, _CHUNK), b""))
            if match := _PACKAGES.fullmatch(name):
                root, one, text = match[1], (match[2], match[3]), stream.read().decode("utf-8", "replace")
                if match[4] == "WHEEL":
                    tags[one] = [line.removeprefix("Tag:") for line in text.splitlines() if line.startswith("Tag:")]
                else:
                    records[one] = [_below(root, row[0]) for row in csv.reader(io.StringIO(text)) if row]
    there = {*present, *(path.rpartition("/")[2] for path in asked)}
    found = [
        PackageFacts(
            name=one[0],
            version=one[1],
            size=sum(sizes.get(path, 0) for path in paths),
            needs=floors_of(tags.get(one, ())),
            lacks=missing_of((name for path in paths for name in asked.get(path, ())), there),
        )
        for one, paths in records.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.size, one.name)))


def _below(root: str, path: str) -> str:
    """Join a RECORD's path, which may climb out of site-packages, to where that lies."""
    return posixpath.normpath(posixpath.join(root, path))


def _members(layer: Layer) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes]]]:
    """Go through a layer once, front to back."""
    with layer_tar(layer) as archive:
        for member in members(archive):
            stream = archive.extractfile(member) if member.isfile() else None
            yield member.name, member, stream or io.BytesIO()
