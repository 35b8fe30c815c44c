"""Releases that kfp can load, in a registry, and a project that takes them."""

from pathlib import Path

from msgspec.structs import replace

from tests.releases import publish, release
from toolkit.registry.folder.directory import Directory
from toolkit.registry.release import Release
from toolkit.spec.reader import parse_component

IMAGE = "registry.example.com/ml/train@sha256:" + "0" * 64
CONTRACT = """\
name: Train model
description: Fit a model, version {version}.
inputs:
- {{name: Training data, type: Dataset, description: The rows.}}
- {{name: Epochs, type: Integer, default: '3', description: How often to read them.}}
- {{name: note, type: String, optional: true}}
outputs:
- {{name: Model, type: Model, description: The fit.}}
- {{name: accuracy, type: Float}}
implementation:
  container:
    image: {image}
    command: [train, {{inputPath: Training data}}, {{inputValue: Epochs}}, {{outputPath: Model}}]
    args: [{{outputPath: accuracy}}, {{if: {{cond: {{isPresent: note}}, then: [--note, {{inputValue: note}}]}}}}]
"""


def contract(version: str) -> bytes:
    """Return the contract of a version of ml/train, which begins with data and ends with a model."""
    return CONTRACT.format(version=version, image=IMAGE).encode()


def publish_contract(registry: Path, version: str, *, name: str = "train", content: bytes | None = None) -> Release:
    """Publish a version of ml/NAME in the folder of a registry."""
    data = content or contract(version)
    new = release(version, name=name, content=data)
    spec = parse_component(data.decode(), Path("component.yaml"))
    new = replace(new, interface=spec.interface, image=spec.container.image)
    publish(Directory.create(registry), new, content=data)
    return new
