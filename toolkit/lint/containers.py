"""Rules about the container: its command, its image, and the size of it all."""

from collections.abc import Iterator

from toolkit.errors import InputError, Location
from toolkit.lint.rule import ERROR, WARNING, Remark, rule
from toolkit.lint.walk import container
from toolkit.oci.reference import parse_reference
from toolkit.spec.reader import Document

# KFP 1.8 keeps the contract in a Kubernetes annotation, which may have 262,144 bytes.
_LARGE, _LARGEST = 10_000, 262_144


@rule(
    "C040",
    "no-command",
    WARNING,
    "Without a command Argo's emissary executor and KFP 2 cannot run the step.",
    bad="container: {image: a:1, args: [x]}",
    good="container: {image: a:1, command: [run], args: [x]}",
)
def no_command(document: Document) -> Iterator[Remark]:
    """Ask for a command."""
    for each in container(document):
        if each.command:
            continue
        advice = "write the image's entry point as `command`"
        yield Remark(document.places[("image",)], "the container has no command", advice)


@rule(
    "C060",
    "image-not-pinned",
    WARNING,
    "The image is not named by digest, so it can change under a pipeline.",
    bad="image: registry.example.com/ml/train:1.0",
    good="image: registry.example.com/ml/train@sha256:…",
)
def image_not_pinned(document: Document) -> Iterator[Remark]:
    """Ask for a digest."""
    for each in container(document):
        if "@" not in each.image:
            yield Remark(document.places[("image",)], "the image has no digest", "`comp build --push` pins it")


@rule(
    "C061",
    "image-latest",
    WARNING,
    "The tag `latest` says nothing.",
    bad="image: a/b:latest",
    good="image: a/b:1.2.0",
)
def image_latest(document: Document) -> Iterator[Remark]:
    """Find the tag `latest`."""
    for each in container(document):
        if each.image.endswith(":latest"):
            yield Remark(document.places[("image",)], "the image's tag is latest", "name a version, better a digest")


@rule(
    "C062",
    "image-no-tag",
    WARNING,
    "An image without tag or digest means `latest`.",
    bad="image: a/b",
    good="image: a/b:1.2.0",
)
def image_no_tag(document: Document) -> Iterator[Remark]:
    """Find images with nothing but a name."""
    for each in container(document):
        if each.image and "@" not in each.image and ":" not in each.image.rpartition("/")[2]:
            message = "the image has neither tag nor digest"
            yield Remark(document.places[("image",)], message, "name a version, better a digest")


@rule(
    "C069",
    "image-not-a-reference",
    ERROR,
    "The image's name cannot be parsed.",
    bad="image: Registry/Name With Spaces",
    good="image: registry.example.com/name:1.0",
)
def image_not_a_reference(document: Document) -> Iterator[Remark]:
    """Parse the image's name."""
    for each in container(document):
        try:
            parse_reference(each.image)
        except InputError as error:
            message = error.message if each.image else "the container has no image"
            yield Remark(document.places[("image",)], message, error.hint or "")


@rule(
    "C080",
    "too-large",
    WARNING,
    "KFP 1.8 keeps contracts in an annotation of at most 262,144 bytes; large ones make every pipeline slow.",
    bad="a program of 70 kB inside args",
    good="the program inside the image",
)
def too_large(document: Document) -> Iterator[Remark]:
    """Weigh the file; beyond the annotation's limit it is an error."""
    size = len(document.text.encode())
    if size > _LARGE:
        limit, severity = (_LARGEST, ERROR) if size > _LARGEST else (_LARGE, WARNING)
        where = Location(path=document.path)
        yield Remark(where, f"{size:,} bytes are more than {limit:,}", "move code into the image", severity)
