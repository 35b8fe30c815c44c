"""Registries with a few components that fit together, for the pages of catalogues."""

from pathlib import Path
from typing import Any

from toolkit.digest import Digest
from toolkit.registry.entry import Entry, Port
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import parse_name
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_component

LOAD = """name: Load table
description: Read a table from an address.
inputs:
- {name: address, type: String}
outputs:
- {name: table, type: Dataset}
implementation:
  container:
    image: IMAGE
    command: [load, --address, {inputValue: address}, --table, {outputPath: table}]
"""
TRAIN = """name: Train model
description: Fit a classifier.
inputs:
- {name: data, type: Dataset, description: A table}
- {name: rate, type: Float, default: '0.1', description: The learning rate}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: IMAGE
    command: [train, --data, {inputPath: data}, --rate, {inputValue: rate}, --model, {outputPath: model}]
"""
SCORE = """name: Score
description: Measure a model.
inputs:
- {name: model, type: Model}
outputs:
- {name: metrics, type: Metrics}
implementation:
  container:
    image: IMAGE
    command: [score, --model, {inputPath: model}, --metrics, {outputPath: metrics}]
"""


def publish(
    registry: Directory,
    full: str,
    version: str,
    contract: str,
    *,
    readme: str | None = None,
    image: str | None = None,
    **more: Any,  # noqa: ANN401 (fields of any type)
) -> Release:
    """Publish a contract; its image has a digest of its own, unless it is given. `more` are fields of the release."""
    image = image or f"registry.example.com/{full}@sha256:{Digest.of(f'{full}@{version}'.encode()).hex}"
    text = contract.replace("IMAGE", image)
    spec = parse_component(text, Path("component.yaml"))
    contents = {CONTRACT: text.encode()}
    files = {README: readme.encode()} if readme is not None else {}
    fields: dict[str, Any] = {"published": "2026-01-31T12:00:00Z"} | more
    release = Release(
        name=parse_name(full),
        version=parse_version(version),
        digest=Digest.of(text.encode()),
        image=image,
        title=spec.name,
        description=spec.description,
        interface=spec.interface,
        files=tuple(ReleaseFile(path=at, digest=Digest.of(data), size=len(data)) for at, data in files.items()),
        **fields,
    )
    registry.publish(release, contents | files)
    return release


def small_registry(root: Path) -> Directory:
    """Make a registry of three components that fit together, in two namespaces."""
    registry = Directory.create(root)
    publish(registry, "data/load-table", "1.0.0", LOAD, tags=("csv",), authors=("Ada",))
    publish(registry, "ml/train-model", "1.0.0", TRAIN, tags=("sklearn",), authors=("Ada", "Grace"))
    publish(registry, "ml/score", "1.0.0", SCORE, tags=("sklearn",), licenses="Apache-2.0", by="robot")
    return registry


def entry(name: str, *, takes: tuple[str, ...] = (), gives: tuple[str, ...] = (), **more: Any) -> Entry:  # noqa: ANN401
    """Return the entry of a component with ports of these types."""
    fields: dict[str, Any] = {
        "version": "1.0.0",
        "versions": 1,
        "digest": f"sha256:{'0' * 64}",
        "published": "2026-01-31T12:00:00Z",
    }
    ports = [
        tuple(Port(name=type_.lower(), type=type_, kind="artifact") for type_ in types) for types in (takes, gives)
    ]
    described = {"title": name, "description": f"Does {name}."}
    made = fields | described | {"inputs": ports[0], "outputs": ports[1]} | more
    return Entry(name=name, **made)
