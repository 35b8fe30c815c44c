"""A base and new layers to an image: config and manifest, in the media types of the base's family.

OCI image specification: config.md, manifest.md. OCI and Docker types are never mixed: some distribution
servers refuse that.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError
from toolkit.oci.descriptor import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
)
from toolkit.oci.image import Image, Layer

# How and where the base was made, and what it asks of a Dockerfile on top of it, is not true of the new image.
_OF_THE_BASE = ("id", "parent", "container", "container_config", "docker_version", "throwaway")
_ORDERS = ("Cmd", "Entrypoint", "OnBuild", "ArgsEscaped", "Image", "Hostname", "Domainname")

_DOCKER_OF_OCI = {
    OCI_LAYER: DOCKER_LAYER,
    "application/vnd.oci.image.layer.v1.tar": "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": (
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    ),
}
_OCI_OF_DOCKER = {docker: oci for oci, docker in _DOCKER_OF_OCI.items()}


def layer_media_type(base: Image) -> str:
    """Return the type of a gzipped layer in the base's family."""
    return DOCKER_LAYER if base.media_type == DOCKER_MANIFEST else OCI_LAYER


def assemble(  # noqa: PLR0913 (one argument for each thing that a config says)
    base: Image,
    layers: Sequence[Layer],
    *,
    history: Sequence[str],
    command: Sequence[str] | None,
    env: Mapping[str, str],
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    created: str,
    user: str | None,
) -> Image:
    """Put `layers` on top of `base`; `history` has one line for each of them.

    The command takes the place of the base's command and entry point. The image has no entry point, because some
    engines, KFP 2's local docker runner among them, pass a contract's command to it as arguments. Without a `command`
    both stay as they are. Environment and
    labels are added to the base's; its annotations are dropped, and Docker manifests get none. Raises InputError for
    a base whose config and manifest disagree.
    """
    config = base.parsed_config()
    diff_ids = _diff_ids(config, base)
    settings = _settings(config, command=command, env=env, labels=labels, user=user)
    new = [{"created": created, "created_by": text} for text in history]
    document = {key: value for key, value in config.items() if key not in _OF_THE_BASE}
    document |= {
        "created": created,
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [*diff_ids, *(str(layer.diff_id) for layer in layers)]},
        "history": [*_history(config, len(base.layers), created), *new],
    }
    return _stacked(base, layers, document, annotations)


def on_top(base: Image, layers: Sequence[Layer], *, history: Sequence[str]) -> Image:
    """Put `layers` on top of `base` and change nothing else: what a base says of itself stays.

    `history` has one line for each of them, at the base's own time. Raises InputError as `assemble` does.
    """
    config = base.parsed_config()
    created = str(config.get("created") or "1980-01-01T00:00:00Z")
    known = _history(config, len(base.layers), created)
    document = {key: value for key, value in config.items() if key not in _OF_THE_BASE}
    document |= {
        "rootfs": {
            "type": "layers",
            "diff_ids": [*_diff_ids(config, base), *(str(layer.diff_id) for layer in layers)],
        },
        "history": [*known, *({"created": created, "created_by": text} for text in history)],
    }
    return _stacked(base, layers, document, {})


def _stacked(
    base: Image, layers: Sequence[Layer], document: Mapping[str, Any], annotations: Mapping[str, str]
) -> Image:
    """Return the image of a base's layers and new ones, with the config `document`."""
    data = canonical_json(document)
    docker = base.media_type == DOCKER_MANIFEST
    descriptors = [_in_family(layer.descriptor, docker=docker) for layer in (*base.layers, *layers)]
    described = Descriptor(media_type=DOCKER_CONFIG if docker else OCI_CONFIG, digest=Digest.of(data), size=len(data))
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
        "config": described.to_dict(),
        "layers": [descriptor.to_dict() for descriptor in descriptors],
    }
    # Schema 2 has no such field.
    if annotations and not docker:
        manifest["annotations"] = dict(annotations)
    sources = zip((*base.layers, *layers), descriptors, strict=True)
    return Image(
        media_type=manifest["mediaType"],
        manifest=canonical_json(manifest),
        config=data,
        layers=tuple(
            Layer(descriptor=descriptor, diff_id=layer.diff_id, chunks=layer.chunks, origin=layer.origin)
            for layer, descriptor in sources
        ),
    )


def _diff_ids(config: Mapping[str, Any], base: Image) -> list[str]:
    """Return the base's diff_ids. Raises InputError unless there is one for each layer."""
    diff_ids = (config.get("rootfs") or {}).get("diff_ids") or []
    if len(diff_ids) != len(base.layers):
        raise InputError(
            f"the base image is inconsistent: {len(base.layers)} layers in its manifest,"
            f" {len(diff_ids)} diff_ids in its config"
        )
    return [str(diff_id) for diff_id in diff_ids]


def _settings(
    config: Mapping[str, Any],
    *,
    command: Sequence[str] | None,
    env: Mapping[str, str],
    labels: Mapping[str, str],
    user: str | None,
) -> dict[str, Any]:
    """Return the config's settings: the base's, with what is ours added or in their place."""
    settings = dict(config.get("config") or {})
    if command is not None:
        settings = {**{key: value for key, value in settings.items() if key not in _ORDERS}, "Cmd": list(command)}
    settings["Env"] = _environment(settings.get("Env") or [], env)
    merged = {**(settings.get("Labels") or {}), **labels}
    if merged:
        settings["Labels"] = merged
    if user is not None:
        settings["User"] = user
    return settings


def _environment(base: Sequence[str], added: Mapping[str, str]) -> list[str]:
    """Replace variables where they stand and append the others in order of name."""
    left = dict(added)
    lines = []
    for line in base:
        name = line.partition("=")[0]
        lines.append(f"{name}={left.pop(name)}" if name in left else line)
    # In order of name, so that equal settings give equal digests.
    return lines + [f"{name}={value}" for name, value in sorted(left.items())]


def _history(config: Mapping[str, Any], layers: int, created: str) -> list[dict[str, Any]]:
    """Return the base's history with exactly one non-empty entry for each of its layers."""
    known = list(config.get("history") or [])
    count = sum(1 for entry in known if not entry.get("empty_layer"))
    if count > layers:
        # Nothing shows which layers these entries stand for.
        known, count = [], 0
    missing = {"created": config.get("created") or created, "created_by": "a layer of the base image"}
    return known + [missing] * (layers - count)


def _in_family(descriptor: Descriptor, *, docker: bool) -> Descriptor:
    """Name a layer's type in the family's words; the bytes are the same."""
    words = _DOCKER_OF_OCI if docker else _OCI_OF_DOCKER
    media_type = words.get(descriptor.media_type, descriptor.media_type)
    return Descriptor(
        media_type=media_type, digest=descriptor.digest, size=descriptor.size, annotations=descriptor.annotations
    )
