"""The images in compiled pipelines: where they stand, and each of them by digest."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml
from msgspec import Struct

from toolkit.errors import InputError, Location, RemoteError
from toolkit.oci.descriptor import Descriptor
from toolkit.oci.reference import Reference, parse_reference
from toolkit.spec.document import Reading
from toolkit.spec.pin import span

_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTAINER = ("container", "image")


class ImageSite(Struct, frozen=True, kw_only=True):
    """An image in the text of a pipeline: the executor that it belongs to, and its offsets."""

    image: str
    executor: str
    start: int
    end: int


def image_sites(text: str, path: Path) -> tuple[ImageSite, ...]:
    """Find the image of every executor in IR, or in its Kubernetes manifest. Raises InputError unless it is YAML."""
    try:
        documents = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise InputError(f"kfp wrote YAML that cannot be read: {error}", where=Location(path=path)) from error
    reading = Reading(path)
    return tuple(site for document in documents if document for site in _sites(text, document, reading))


def pinned(text: str, sites: tuple[ImageSite, ...], pins: Mapping[str, str]) -> str:
    """Return the text with the images that have a pin replaced by it; every other byte stays."""
    for site in sorted(sites, key=lambda site: site.start, reverse=True):
        if site.image in pins:
            text = text[: site.start] + pins[site.image] + text[site.end :]
    return text


def is_pinned(image: str) -> bool:
    """Return whether an image is named by digest."""
    return "@sha256:" in image


def resolved(image: str, head: Callable[[Reference], Descriptor | None], where: Location | None = None) -> str:
    """Return an image by the digest that its tag has now; `head` asks the remote for its manifest.

    Raises InputError if it is missing or not a reference, OutsideError if the remote fails.
    """
    hint = "correct the image, pin it by digest, or keep the tag with --allow-tags"
    try:
        reference = parse_reference(image)
    except InputError as error:
        raise InputError(error.message, where=where, hint=error.hint) from None
    try:
        found = head(reference)
    except RemoteError as error:
        raise RemoteError(
            f"cannot resolve the image {image}: {error.message}",
            status=error.status,
            where=where,
            hint=error.hint or hint,
        ) from error
    if found is None:
        raise InputError(f"the image {image} is missing from {reference.host}", where=where, hint=hint)
    return str(reference.with_digest(found.digest))


def _sites(text: str, node: yaml.Node, reading: Reading) -> Iterator[ImageSite]:
    """Yield the sites below a node: a deployment's executors, wherever a manifest has it."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in reading.mapping(node, "the pipeline").items():
        if key != "deploymentSpec":
            yield from _sites(text, value, reading)
            continue
        executors = reading.mapping(value, key).get("executors")
        for name, executor in (reading.mapping(executors, "executors") if executors else {}).items():
            image: yaml.Node | None = executor
            for part in _CONTAINER:
                image = reading.mapping(image, part).get(part) if image else None
            if isinstance(image, yaml.ScalarNode):
                start, end = span(text, image)
                yield ImageSite(image=image.value, executor=name, start=start, end=end)
