"""Generate a registry of many components and versions, in the real format, much faster than by publishing.

The package itself makes one release of each component, and its entry; other versions fill their texts into it. Writing
is plain, without locks and without syncing each file. `comp registry verify` finds no fault in the result.
"""

import json
import multiprocessing
import os
import random
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from toolkit.digest import Digest, canonical_json
from toolkit.registry.entry import Entry, entry_of
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_bytes
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.folder.index import IndexLine, index_line
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version
from toolkit.spec.reader import parse_component

_SUBJECTS = ("Model", "Dataset", "Metrics", "Table", "Text", "Image", "Schema", "Report", "Features", "Embeddings")
_VERBS = ("train", "evaluate", "clean", "split", "deploy", "convert", "filter", "merge", "sample", "validate")
_LIBRARIES = ("xgboost", "sklearn", "torch", "keras", "spark", "pandas", "polars", "prophet", "catboost", "onnx")
_NAMESPACES = 40
_IMAGE = "registry.example.com/team-{team}/{verb}-{library}@sha256:{image}"
_DESCRIPTION = "{verb} {subject} with {library}, the way that team {team} does it. Version {version}."
_CONTRACT = """\
name: {title}
description: {description}
inputs:
- {{name: data, type: {subject}, description: What to {verb}}}
- {{name: rate, type: Float, default: '{rate}', description: How fast}}
- {{name: rounds, type: Integer, default: '100', description: How often}}
outputs:
- {{name: result, type: {result}, description: What comes out}}
- {{name: metrics, type: Metrics}}
implementation:
  container:
    image: {image}
    command: [python3, -m, step, --data, {{inputPath: data}}, --rate, {{inputValue: rate}}, --rounds,
      {{inputValue: rounds}}, --result, {{outputPath: result}}, --metrics, {{outputPath: metrics}}]
"""


def name_of(number: int) -> Name:
    """Return the name of a component."""
    words = _words(number)
    return Name(f"team-{words['team']}", f"{words['verb']}-{words['subject'].lower()}-{words['library']}-{number}")


def generate(root: Path, components: int, versions: int, *, processes: int = 2) -> None:
    """Write the registry to a new folder."""
    root.mkdir(parents=True)
    (root / layout.CONFIG).write_bytes(RegistryConfig(name="generated").to_bytes())
    for number in range(256):
        (root / f"{layout.BLOBS}/sha256/{number:02x}").mkdir(parents=True)
    work = [(root, number, versions) for number in range(components)]
    with multiprocessing.Pool(processes) as pool:
        entries = list(pool.imap_unordered(_component, work, chunksize=20))
    (root / layout.CATALOGUE).write_bytes(catalogue_bytes(entries))


def release_of(number: int, version: int) -> tuple[Release, bytes]:
    """Return one release of a component, and its contract."""
    words = _words(number)
    contract = _text(words, version)
    spec = parse_component(contract, Path(CONTRACT))
    release = Release(
        name=name_of(number),
        version=_version(version),
        digest=Digest.of(contract.encode()),
        image=spec.container.image,
        title=spec.name,
        description=spec.description,
        interface=spec.interface,
        published="2026-01-31T12:00:00Z",
        by="Ada",
        tags=(words["library"], words["verb"]),
    )
    return release, contract.encode()


def _component(work: tuple[Path, int, int]) -> Entry:
    """Write the releases of one component with all that is derived, and return its entry."""
    root, number, versions = work
    words, name, lines = _words(number), name_of(number), []
    template = _Template(number, words)
    for folder in (layout.records(name), layout.tags(name), layout.pins(name)):
        (root / folder).mkdir(parents=True)
    (root / layout.index(name)).parent.mkdir(parents=True, exist_ok=True)
    for number_of_version in range(versions):
        version, contract, record, line = template.filled(number_of_version)
        digest = Digest.of(contract)
        blob = f"{root}/{layout.blob(digest)}"
        _write(blob, contract)
        _write(f"{root}/{layout.record(name, version)}", record)
        for view in (layout.tagged(name, version), layout.pinned(name, digest)):
            os.link(blob, f"{root}/{view}")
        lines.append(line)
    os.link(blob, f"{root}/{layout.newest(name)}")
    _write(f"{root}/{layout.index(name)}", msgspec.json.Encoder().encode_lines(lines))
    return entry_of(release_of(number, versions - 1)[0], versions, Marks())


class _Template:
    """The record of a component's releases, in which few texts differ: filling them in is much faster."""

    def __init__(self, number: int, words: Mapping[str, str]) -> None:
        release, _ = release_of(number, 0)
        self._words, self._line = words, index_line(release, b"")
        differing = {key: f"@{key}@" for key in ("version", "digest", "image", "description")}
        record = release.to_dict() | differing
        del record["checksum"]
        self._checked = canonical_json(record, ascii_only=True).decode()
        self._record = json.dumps(record | {"checksum": "@checksum@"}, indent=2) + "\n"

    def filled(self, number: int) -> tuple[Version, bytes, bytes, IndexLine]:
        """Return a version with its contract, the bytes of its record, and its line of the index."""
        version = _version(number)
        contract = _text(self._words, number).encode()
        parts = {
            "version": str(version),
            "digest": str(Digest.of(contract)),
            "image": _image(self._words, number),
            "description": _description(self._words, number),
        }
        checksum = str(Digest.of(_with(self._checked, parts).encode()))
        record = _with(self._record, parts | {"checksum": checksum}).encode()
        line = replace(
            self._line,
            version=parts["version"],
            digest=parts["digest"],
            image=parts["image"],
            record=str(Digest.of(record)),
        )
        return version, contract, record, line


def _with(text: str, parts: Mapping[str, str]) -> str:
    """Return a text with parts filled in."""
    for key, part in parts.items():
        text = text.replace(f"@{key}@", part)
    return text


def _version(number: int) -> Version:
    """Return a version; higher numbers are newer."""
    return Version(major=number // 50, minor=number % 50, patch=0)


def _words(number: int) -> dict[str, str]:
    """Return the words that tell components apart, the same for equal numbers."""
    chance = random.Random(number)  # noqa: S311 (no secret)
    verb, subject, library = chance.choice(_VERBS), chance.choice(_SUBJECTS), chance.choice(_LIBRARIES)
    return {
        "verb": verb,
        "subject": subject,
        "library": library,
        "result": chance.choice(_SUBJECTS),
        "team": str(number % _NAMESPACES),
        "title": f"{verb.title()} {subject} {number}",
        "rate": f"0.{chance.randint(1, 99)}",
    }


def _text(words: Mapping[str, str], version: int) -> str:
    """Return the contract of a version."""
    return _CONTRACT.format(**words, description=_description(words, version), image=_image(words, version))


def _description(words: Mapping[str, str], version: int) -> str:
    """Return the description of a version."""
    return _DESCRIPTION.format(**words, version=version)


def _image(words: Mapping[str, str], version: int) -> str:
    """Return the image of a version."""
    return _IMAGE.format(**words, image=Digest.of(f"{words['title']} {version}".encode()).hex)


def _write(path: str, data: bytes) -> None:
    """Write a new file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    os.write(descriptor, data)
    os.close(descriptor)
