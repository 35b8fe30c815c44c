"""Facts about an image that exists: its layers, the components that the launcher runs, and its packages."""

import csv
import io
import json
import logging
import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

from toolkit.config.project import read_project
from toolkit.digest import Digest
from toolkit.errors import CompError, InputError, Location, OutsideError, RemoteError
from toolkit.image_paths import INTERFACE, VENV, absolute
from toolkit.job.context import BuildContext
from toolkit.oci.check import check_image
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.reference import Reference, parse_reference
from toolkit.python.base import SystemFacts, read_system
from toolkit.python.libc_floor import floors_of, is_above
from toolkit.python.shared_libraries import is_library, missing_of, needed_libraries
from toolkit.spec.image_interface import image_differences
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import read_component
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.remote.client import Remote

log = logging.getLogger(__name__)

# The beginning of the history's line for each layer that comp made.
_OURS = "comp: "
_CHUNK = 1 << 20
_PACKAGES = re.compile(rf"({VENV}/lib/python[^/]+/site-packages)/([^/]+)-([^/]+)\.dist-info/(RECORD|WHEEL)")
_LABEL = "org.opencontainers.image."


class LayerFacts(Struct, frozen=True, kw_only=True):
    """One layer. `size` is in compressed bytes, `made_by` its line of history, and `ours` is true if comp made it."""

    digest: str
    size: int
    made_by: str
    ours: bool


class PackageFacts(Struct, frozen=True, kw_only=True):
    """One installed distribution. `size` is that of its unpacked files, in bytes.

    `needs` has the oldest C library that its wheel's tags allow: `{"glibc": "2.17"}`. `lacks` lists the shared
    libraries that it needs and the image does not have.
    """

    name: str
    version: str
    size: int
    needs: Mapping[str, str]
    lacks: tuple[str, ...] = ()


class ReferrerFacts(Struct, frozen=True, kw_only=True):
    """A manifest on the remote that refers to the image, such as a signature. `size` is the manifest's, in bytes."""

    artifact_type: str
    digest: str
    size: int


class ImageFacts(Struct, frozen=True, kw_only=True):
    """The facts about an image. `components` is read from its `interface.json`, as the launcher reads it.

    `platforms` lists those of the index that the image is in, `referrers` the manifests that refer to it or to the
    index. `packages` are sorted by size, largest first, and `libc` is their C library, such as `glibc 2.36`; both are
    None if the layers of wheels were not read. `problems` are those of `check_image`, and differences from the
    contracts; None if it was not checked.
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
    problems: tuple[str, ...] | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line for each package that needs another C library, or a newer one, or shared libraries."""
        library, _, version = (self.libc or "").partition(" ")
        packages = self.packages or ()
        return (
            *(
                f"{package.name} {package.version} needs "
                f"{' or '.join(f'{name} {floor}' for name, floor in package.needs.items())}, "
                f"and the base has {self.libc}"
                for package in packages
                if version and is_above(package.needs, library, version)
            ),
            *(
                f"{package.name} {package.version} needs {some_of(package.lacks)}, "
                "which the image lacks: importing it may fail"
                for package in packages
                if package.lacks
            ),
        )


class Opened(Struct, frozen=True, kw_only=True):
    """An image, the platforms of the index that it is in, and the manifests on a remote that refer to it.

    `reference` is None for an image that is not on a remote.
    """

    image: Image
    platforms: tuple[str, ...] = ()
    referrers: tuple[ReferrerFacts, ...] = ()
    reference: Reference | None = None


def open_image(name: str, platform: Platform, context: BuildContext) -> Opened:
    """Open the image of `layout:DIR`, `archive:FILE`, a component's folder, a contract, or a reference.

    Raises InputError for a contract that is not pinned, and as reading the image does.
    """
    scheme, _, rest = name.partition(":")
    if scheme == "layout":
        from toolkit.oci.layout import layout_platforms, read_layout

        return Opened(image=read_layout(Path(rest), platform=platform), platforms=layout_platforms(Path(rest)))
    if scheme == "archive":
        from toolkit.oci.archive import read_archive

        return Opened(image=read_archive(Path(rest), platform=platform, cache=context.cache))
    reference, remote = named_reference(name, context.environ), context.remote()
    try:
        # A tag may move between the requests below, a digest cannot.
        if reference.digest is None and (described := remote.head(reference)):
            reference = reference.with_digest(described.digest)
        image = remote.pull(reference, platform, context.cache, report=context.report)
    except RemoteError as error:
        if not _may_be_a_path(name):
            raise
        raise RemoteError(
            f"no file or folder {name} exists here, and the name was taken as an image on {reference.host}",
            status=error.status,
            hint=_path_hint(error),
        ) from error
    return Opened(
        image=image,
        platforms=tuple(map(str, remote.platforms(reference, context.cache))),
        referrers=_referrers(remote, reference, image),
        reference=reference,
    )


def _referrers(remote: "Remote", reference: Reference, image: Image) -> tuple[ReferrerFacts, ...]:
    """List the manifests that refer to the image or to its index; if the remote fails, warn and list none."""
    # A signature may refer to the index or to one of its images; both digests are equal without an index.
    subjects = dict.fromkeys(digest for digest in (reference.digest, image.digest) if digest)
    try:
        referrers = [referrer for digest in subjects for referrer in remote.referrers(reference, digest)]
    except (OutsideError, InputError) as error:
        log.warning("cannot tell what refers to the image: %s", error.message)
        return ()
    return tuple(
        ReferrerFacts(
            artifact_type=referrer.artifact_type,
            digest=str(referrer.descriptor.digest),
            size=referrer.descriptor.size,
        )
        for referrer in referrers
    )


def named_reference(name: str, environ: Mapping[str, str]) -> Reference:
    """Return the reference that a folder or a contract pins, or that the name itself is."""
    path = Path(name)
    if path.is_dir():
        path = read_project(path, environ=environ).entries[0].contract
    elif not path.is_file():
        try:
            return parse_reference(name)
        except InputError as error:
            if not _may_be_a_path(name):
                raise
            raise InputError(
                f"no file or folder {name} exists here, and it is not the name of an image",
                hint=_path_hint(error),
            ) from error
    image = read_component(path).container.image
    reference = parse_reference(image)
    if reference.digest is None:
        raise InputError(
            f"the contract names {image}, which is not pinned yet",
            where=Location(path=path),
            hint="`comp build --push` pins it; `comp build --dry-run` shows what it would be",
        )
    return reference


def _may_be_a_path(name: str) -> bool:
    """Return whether a name may be a misspelt path: one that does not exist, and has no mark of an image."""
    first, slash, _ = name.partition("/")
    # A first part with a dot is a host, unless the rest shows a contract in a folder such as `v1.2`.
    host = slash and "." in first.strip(".") and not name.endswith((".yaml", ".yml"))
    return not host and ":" not in name and "@" not in name and not Path(name).exists()


def _path_hint(error: CompError) -> str:
    """Return the hint for a misspelt path, with that of the error for the image."""
    return "correct the path" + (f"; if an image is meant: {error.hint}" if error.hint else "")


def contracts_of(name: str, environ: Mapping[str, str]) -> tuple[ComponentSpec, ...]:
    """Return the contracts of a component's folder, or the one at a path; none for the name of an image."""
    path = Path(name)
    if path.is_dir():
        entries = read_project(path, environ=environ).entries
        return tuple(read_component(entry.contract) for entry in entries if entry.contract.is_file())
    return (read_component(path),) if path.is_file() else ()


def inspect_image(
    opened: Opened,
    *,
    packages: bool,
    check: bool = False,
    contracts: Sequence[ComponentSpec] = (),
    known: Mapping[Digest, Digest] = MappingProxyType({}),
) -> ImageFacts:
    """Return the facts about an image. The top layer is read if comp made it; with `packages` the layers of wheels too.

    With `check` every layer is read and verified; an image with problems is not read any further. Then its interface is
    compared with those of `contracts`, and differences are problems too. `known` is that of `check_image`.
    """
    image = opened.image
    problems = tuple(check_image(image, known)) if check else None
    packages = packages and not problems
    config = image.parsed_config()
    settings = config.get("config") or {}
    labels = settings.get("Labels") or {}
    layers = _layers(image, config)
    base = labels.get(f"{_LABEL}base.name", "")
    digest = labels.get(f"{_LABEL}base.digest", "")
    system = _system(image, layers) if packages else None
    components = {} if problems else _components(image, layers)
    if problems == () and components:
        problems = tuple(problem for spec in contracts for problem in image_differences(spec, components))
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
        components=components,
        referrers=opened.referrers,
        packages=_packages(image, layers, system.libraries) if system else None,
        libc=" ".join(system.c_library) if system and system.c_library else None,
        problems=problems,
    )


def _layers(image: Image, config: Mapping[str, Any]) -> tuple[LayerFacts, ...]:
    """Describe the layers from bottom to top, by the config's history."""
    steps = config.get("history") or []
    history = [str(step.get("created_by", "")) for step in steps if not step.get("empty_layer")]
    # A base may have no history for its layers; ours are on top.
    made_by = [*[""] * (len(image.layers) - len(history)), *history][: len(image.layers)]
    return tuple(
        LayerFacts(
            digest=str(layer.descriptor.digest),
            size=layer.descriptor.size,
            made_by=line.removeprefix(_OURS),
            ours=line.startswith(_OURS),
        )
        for layer, line in zip(image.layers, made_by, strict=True)
    )


def _components(image: Image, layers: Sequence[LayerFacts]) -> dict[str, Mapping[str, Any]]:
    """Read `interface.json`, which is in the top layer. Empty if comp did not make it."""
    if not layers or not layers[-1].ours:
        return {}
    for name, member, stream in _members(image.layers[-1]):
        if name == INTERFACE and member.isfile():
            try:
                return dict(json.load(stream)["components"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InputError(f"the image's interface.json is damaged: {error}") from None
    return {}


def _system(image: Image, layers: Sequence[LayerFacts]) -> SystemFacts:
    """Read the C library and the shared libraries of the base's layers."""
    return read_system(layer for layer, facts in zip(image.layers, layers, strict=True) if not facts.ours)


def _packages(image: Image, layers: Sequence[LayerFacts], present: AbstractSet[str]) -> tuple[PackageFacts, ...]:
    """Add up the files of each distribution's RECORD (PyPA, "Recording installed projects"), and read its tags.

    `present` are the base's shared libraries.
    """
    sizes: dict[str, int] = {}
    needed: dict[str, tuple[str, ...]] = {}
    records: dict[tuple[str, str], list[str]] = {}
    tags: dict[tuple[str, str], list[str]] = {}
    for layer, facts in zip(image.layers, layers, strict=True):
        # A Dockerfile of `comp dockerfile` copies the environment, and its history has the engine's words.
        if not facts.ours and absolute(VENV) not in facts.made_by:
            continue
        for name, member, stream in _members(layer):
            # The layer is one stream, so each file is read when it comes by; RECORDs are matched with sizes at the end.
            sizes[name] = member.size
            if is_library(name):
                needed[name] = needed_libraries(iter(partial(stream.read, _CHUNK), b""))
            if match := _PACKAGES.fullmatch(name):
                root, named, text = match[1], (match[2], match[3]), stream.read().decode("utf-8", "replace")
                if match[4] == "WHEEL":
                    tags[named] = [line.removeprefix("Tag:") for line in text.splitlines() if line.startswith("Tag:")]
                else:
                    # RECORD is CSV: a path with a comma is in quotes.
                    records[named] = [_installed_path(root, row[0]) for row in csv.reader(io.StringIO(text)) if row]
    libraries = {*present, *(path.rpartition("/")[2] for path in needed)}
    packages = [
        PackageFacts(
            name=name,
            version=version,
            size=sum(sizes.get(path, 0) for path in paths),
            needs=floors_of(tags.get((name, version), ())),
            lacks=missing_of((library for path in paths for library in needed.get(path, ())), libraries),
        )
        for (name, version), paths in records.items()
    ]
    return tuple(sorted(packages, key=lambda package: (-package.size, package.name)))


def _installed_path(root: str, path: str) -> str:
    """Return the path in the image of a RECORD's path, which may climb out of site-packages."""
    return posixpath.normpath(posixpath.join(root, path))


def _members(layer: Layer) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes]]]:
    """Yield the members of a layer, each with its content, front to back."""
    with layer_tar(layer) as archive:
        for member in members(archive):
            stream = archive.extractfile(member) if member.isfile() else None
            yield member.name, member, stream or io.BytesIO()
