"""Rules about the container's command and image, and about the size of the contract."""

import json
from collections.abc import Iterator
from pathlib import Path

from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.lint.rule import ERROR, INFO, WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import beginning, container_of
from toolkit.oci.reference import parse_reference
from toolkit.spec.document import Reading, compose, plain
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
)
def no_command(document: ComponentDocument) -> Iterator[Remark]:
    """Report a container without a command.

    Argo's emissary executor, which runs KFP's steps, starts the program itself, so that it has to know the command. KFP
    1.8 warns when it loads a contract without one.

    Write the entry point of the image as `command`. `docker image inspect IMAGE` shows it, under `Entrypoint`.

    Wrong:
        --- component.yaml
        name: Train
        implementation:
          container:
            image: train:1.0
            args: [--epochs, '3']

    Right:
        --- component.yaml
        name: Train
        implementation:
          container:
            image: train:1.0
            command: [python, train.py]
            args: [--epochs, '3']
    """
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
)
def image_not_pinned(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image without a digest.

    A tag can be moved to another image at any time. Two runs of one pipeline can then differ, and KFP's cache cannot
    see it: it compares the image's text, and returns the results of the old image.

    A digest names one image for ever. `comp build --push` writes that of the image it has pushed into the contract.

    Wrong:
        image: registry.example.com/ml/train:1.0

    Right:
        image: registry.example.com/ml/train@sha256:75e0b93eb1a8b5e5a2b0ac03ef6d5a9b6c0ecb4d1a0fd5b7f8c0e6e2f0f4a9c1
    """
    container = container_of(document)
    # KFP's cache compares the text of the image, so a tag that moves returns results of the old image.
    if container and "@" not in container.image:
        ours = absolute(LAUNCHER) in container.command or _has_dockerfile(document.path.parent)
        advice = "`comp build --push` pins it" if ours else f"name it by digest: {container.image}@sha256:…"
        # A source has the name until the first build; `comp publish` refuses a contract without a digest.
        severity = INFO if ours else None
        yield Remark(document.places[("image",)], "the image has no digest", advice, severity)


def _has_dockerfile(folder: Path) -> bool:
    """Return whether a contract's folder is a component whose image a Dockerfile describes."""
    try:
        project = TomlDocument.read(folder / "pyproject.toml")
    except InputError:
        # S001 reports settings that cannot be read.
        return False
    return project is not None and "tool" in project.data and "dockerfile" in project.table("tool", "comp")


@rule(
    "C061",
    "image-latest",
    WARNING,
    RuleCategory.IMAGES,
    "The tag `latest`, which names no version.",
)
def image_latest(document: ComponentDocument) -> Iterator[Remark]:
    """Report the tag `latest`.

    `latest` is the tag that tools use if none is given. It names no version: what it means depends on the day, and on
    whether the node has pulled the image before.

    Wrong:
        image: registry.example.com/ml/train:latest

    Right:
        image: registry.example.com/ml/train:1.0
    """
    container = container_of(document)
    if container and container.image.endswith(":latest"):
        yield Remark(document.places[("image",)], "the image's tag is latest", "name a version, or better a digest")


@rule(
    "C062",
    "image-no-tag",
    WARNING,
    RuleCategory.IMAGES,
    "An image without tag or digest means `latest`.",
)
def image_no_tag(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image with neither tag nor digest.

    An image without tag and digest is the one with the tag `latest`, which names no version: see C061.

    Wrong:
        image: registry.example.com/ml/train

    Right:
        image: registry.example.com/ml/train:1.0
    """
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
)
def image_not_a_reference(document: ComponentDocument) -> Iterator[Remark]:
    """Report an image whose name is not a reference.

    The name of an image is `[host[:port]/]path[:tag][@digest]`. The path is in small letters and digits, with `.`, `_`,
    `-` between them and slashes between its parts. Anything else is refused by the container engine when the step
    starts.

    Wrong:
        image: registry.example.com/ML/train model:1.0

    Right:
        image: registry.example.com/ml/train-model:1.0
    """
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
)
def too_large(document: ComponentDocument) -> Iterator[Remark]:
    """Report a large file; one beyond the annotation's limit is an error.

    KFP 1.8 stores the contract in an annotation of the pod, as JSON in ASCII: without comments and indentation, but
    with six bytes for an `é`. Kubernetes takes at most 262,144 bytes of annotations, and more is an error here.
    From 10,000 bytes on it is a warning: the text is repeated in every pipeline that uses the component, and
    programs inside of it have neither tests nor a version of their own.

    Move code out of the contract into the image: `comp new --from-program`, or `--from-function`.

    Wrong:
        command: [python, -c, 'print("…(12000 characters)…")']

    Right:
        command: [python, train.py]
    """
    size = len(document.text.encode())
    if size <= _LARGE:
        return
    # No character of a contract becomes more than three times as long in JSON.
    stored = _stored_size(document) if size > _LARGEST // 3 else 0
    if stored > _LARGEST:
        message = f"{stored:,} bytes as KFP 1.8 stores it are more than {_LARGEST:,}"
        yield Remark(beginning(document), message, "move code into the image", ERROR)
    else:
        yield Remark(beginning(document), f"{size:,} bytes are more than {_LARGE:,}", "move code into the image")


def _stored_size(document: ComponentDocument) -> int:
    """Return the bytes of the annotation in which KFP 1.8 stores a contract: JSON, in ASCII alone."""
    data = plain(Reading(document.path), compose(document.text, document.path))
    return len(json.dumps(data))
