"""Look into an image that is already there: its layers, what the launcher will run, and what its packages weigh."""

import csv
import io
import json
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from toolkit.config import read_project
from toolkit.errors import InputError, Location
from toolkit.oci.contents import layer_tar
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import Reference, parse_reference
from toolkit.spec.reader import read_component
from toolkit.tools import Tools

_OURS = "comp: "
_INTERFACE = "opt/comp/interface.json"
_PACKAGES = re.compile(r"(opt/comp/venv/lib/python[^/]+/site-packages)/([^/]+)\.dist-info/RECORD")
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
    """One installed distribution; `size` is what its files take when unpacked, in bytes."""

    name: str
    version: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFacts:
    """What an image is. `components` are those of its `interface.json`, as the launcher will read them.

    `platforms` are all that there are where it is one of several. `packages` are sorted by size, largest first; None
    when nobody asked for them.
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
    packages: tuple[PackageFacts, ...] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """An image, and the platforms that there are beside its own, it included; none where it stands alone."""

    image: Image
    platforms: tuple[str, ...] = ()


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
    return Opened(
        image=remote.pull(reference, platform, tools.cache),
        platforms=tuple(map(str, remote.platforms(reference, tools.cache))),
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
        packages=_packages(image, layers) if packages else None,
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
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"the image's interface.json is damaged: {error}") from None
    return {}


def _packages(image: Image, layers: Sequence[LayerFacts]) -> tuple[PackageFacts, ...]:
    """Add up what each distribution's RECORD lists (PyPA, "Recording installed projects")."""
    sizes: dict[str, int] = {}
    records: dict[tuple[str, str], list[str]] = {}
    for layer, facts in zip(image.layers, layers, strict=True):
        if not facts.ours:
            continue
        for name, member, stream in _members(layer):
            sizes[name] = member.size
            if match := _PACKAGES.fullmatch(name):
                rows = csv.reader(io.StringIO(stream.read().decode("utf-8", "replace")))
                distribution, _, version = match[2].rpartition("-")
                records[distribution, version] = [_below(match[1], row[0]) for row in rows if row]
    found = [
        PackageFacts(name=name, version=version, size=sum(sizes.get(path, 0) for path in paths))
        for (name, version), paths in records.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.size, one.name)))


def _below(root: str, path: str) -> str:
    """Join a RECORD's path, which may climb out of site-packages, to where that lies."""
    return posixpath.normpath(posixpath.join(root, path))


def _members(layer: Layer) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes]]]:
    """Go through a layer once, front to back."""
    with layer_tar(layer) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            yield member.name, member, stream or io.BytesIO()
