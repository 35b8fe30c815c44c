"""Small releases, and registries that hold them."""

from pathlib import Path

from msgspec.structs import replace

from toolkit.digest import Digest
from toolkit.interface.model import Input, Interface, Kind
from toolkit.registry.names import Name
from toolkit.registry.protocol import WritableRegistry
from toolkit.registry.release import CONTRACT, README, Release, ReleaseFile
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_component

_REAL = """\
name: Train
description: Fit a model, version {version}
inputs:
- {{name: c, type: Float, default: '1.0', description: Strength}}
outputs:
- {{name: model, type: Model}}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:{digest}
    command: [train, {{inputValue: c}}, {{outputPath: model}}]
"""

IMAGE = "registry.example.com/ml/train@sha256:" + "0" * 64


def contract(version: str) -> bytes:
    """Return a contract that differs between versions."""
    return f"name: Train\ndescription: The version {version}\n".encode()


def release(
    version: str = "1.0.0",
    *,
    namespace: str = "ml",
    name: str = "train",
    content: bytes | None = None,
    readme: bytes | None = None,
) -> Release:
    """Return a release of NAMESPACE/NAME, with the contract `content` or else that of its version."""
    port = Input(name="c", type="Float", kind=Kind.PARAMETER, default="1.0")
    files = (ReleaseFile(path=README, digest=Digest.of(readme), size=len(readme)),) if readme is not None else ()
    return Release(
        name=Name(namespace, name),
        version=parse_version(version),
        digest=Digest.of(contract(version) if content is None else content),
        image=IMAGE,
        title="Train",
        description="Fit a model",
        interface=Interface(inputs=(port,)),
        published="2026-01-31T12:00:00Z",
        files=files,
    )


def publish(
    registry: WritableRegistry, new: Release, *, content: bytes | None = None, readme: bytes | None = None
) -> bool:
    """Publish a release that `release` made of the same content and README."""
    contents = {CONTRACT: contract(str(new.version)) if content is None else content}
    return registry.publish(new, contents if readme is None else contents | {README: readme})


def contract_of(version: str, **inputs: str) -> bytes:
    """Return a contract that can be used, with the image of every release; `inputs` are names and types."""
    ports = "".join(f"- {{name: {name}, type: {kind}}}\n" for name, kind in inputs.items())
    arguments = "".join(f", {{inputValue: {name}}}" for name in inputs)
    return (
        f"name: Train\ndescription: Fit a model\nmetadata: {{annotations: {{version: {version}}}}}\n"
        + (f"inputs:\n{ports}" if inputs else "")
        + f"implementation:\n  container:\n    image: {IMAGE}\n    command: [train{arguments}]\n"
    ).encode()


def real_contract(version: str) -> bytes:
    """Return a contract that KFP loads, and that differs between versions."""
    return _REAL.format(version=version, digest="0" * 64).encode()


def real_release(version: str = "1.0.0", *, name: str = "train", readme: bytes | None = None) -> Release:
    """Return a release whose record says what its contract does, `real_contract` of its version."""
    spec = parse_component(real_contract(version).decode(), Path("component.yaml"))
    made = release(version, name=name, content=real_contract(version), readme=readme)
    return replace(made, description=spec.description, interface=spec.interface)
