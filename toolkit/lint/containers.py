"""Rules about the container's command and image, and about the size of the contract."""

from collections.abc import Iterator

from toolkit.errors import InputError, Location
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import container_of
from toolkit.oci.reference import parse_reference
from toolkit.spec.reader import ComponentDocument

# KFP 1.8 stores the contract in a Kubernetes annotation, of at most 262,144 bytes. Of public contracts 6.5 % are larger
# than the first number (measured in 2026).
_LARGE, _LARGEST = 10_000, 262_144


@rule(
    "C040",
    "no-command",
    WARNING,
    RuleCategory.PASSING,
    "Without a command Argo's emissary executor and KFP 2 cannot run the step.",
    bad="container: {image: a:1, args: [x]}",
    good="container: {image: a:1, command: [run], args: [x]}",
)
def no_command(document: ComponentDocument) -> Iterator[Remark]:
    """Report a container without a command."""
    container = container_of(document)
    if container and not container.command:
        advice = "write the image's entry point as `command`"
        yield Remark(document.places[("image",)], "the container has no command", advice)


@rule(
    "C060",
    "image-not-pinned",
    WARNING,
    RuleCategory.IMAGES,
    "The image has no digest, so that it can change under a pipeline.",
    bad="image: registry.example.com/ml/train:1.0",
    good="image: registry.example.com/ml/train@sha256:…",
)
def image_not_pinned(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image without a digest."""
    container = container_of(document)
    # KFP's cache compares the text of the image, so a tag that moves returns results of the old image.
    if container and "@" not in container.image:
        ours = absolute(LAUNCHER) in container.command
        advice = "`comp build --push` pins it" if ours else f"name it by digest: {container.image}@sha256:…"
        # A source has the name until the first build; `comp publish` refuses a contract without a digest.
        severity = INFO if ours else None
        yield Remark(document.places[("image",)], "the image has no digest", advice, severity)


@rule(
    "C061",
    "image-latest",
    WARNING,
    RuleCategory.IMAGES,
    "The tag `latest`, which names no version.",
    bad="image: a/b:latest",
    good="image: a/b:1.2.0",
)
def image_latest(document: ComponentDocument) -> Iterator[Remark]:
    """Report the tag `latest`."""
    container = container_of(document)
    if container and container.image.endswith(":latest"):
        yield Remark(document.places[("image",)], "the image's tag is latest", "name a version, or better a digest")


@rule(
    "C062",
    "image-no-tag",
    WARNING,
    RuleCategory.IMAGES,
    "An image without tag or digest means `latest`.",
    bad="image: a/b",
    good="image: a/b:1.2.0",
)
def image_no_tag(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image with neither tag nor digest."""
    container = container_of(document)
    # A colon before the last slash begins the host's port.
    if container and container.image and "@" not in container.image and ":" not in container.image.rpartition("/")[2]:
        message = "the image has neither tag nor digest"
        yield Remark(document.places[("image",)], message, "name a version, or better a digest")


@rule(
    "C069",
    "image-not-a-reference",
    ERROR,
    RuleCategory.IMAGES,
    "The image's name cannot be parsed.",
    bad="image: Registry/Name With Spaces",
    good="image: registry.example.com/name:1.0",
)
def image_not_a_reference(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image whose name is not a reference."""
    if container := container_of(document):
        try:
            parse_reference(container.image)
        except InputError as error:
            message = error.message if container.image else "the container has no image"
            yield Remark(document.places[("image",)], message, error.hint or "")


@rule(
    "C080",
    "too-large",
    WARNING,
    RuleCategory.PORTABILITY,
    "KFP 1.8 stores contracts in an annotation of at most 262,144 bytes; large ones make every pipeline slow.",
    bad="a program of 70 kB inside args",
    good="the program inside the image",
)
def too_large(document: ComponentDocument) -> Iterator[Remark]:
    """Report a large file; one beyond the annotation's limit is an error."""
    size = len(document.text.encode())
    if size > _LARGE:
        limit, severity = (_LARGEST, ERROR) if size > _LARGEST else (_LARGE, WARNING)
        where = Location(path=document.path)
        yield Remark(where, f"{size:,} bytes are more than {limit:,}", "move code into the image", severity)
