"""A rule about the registries that a repository allows, which its settings name."""

from collections.abc import Iterator, Sequence

from toolkit.errors import Finding, InputError
from toolkit.lint.rule import ERROR, RULES, Remark, RuleCategory, finding_of, rule
from toolkit.lint.walk import container_of
from toolkit.oci.reference import parse_reference
from toolkit.spec.reader import ComponentDocument
from toolkit.words import some_of

REGISTRY_RULE = "C063"


@rule(
    REGISTRY_RULE,
    "image-registry-not-allowed",
    ERROR,
    RuleCategory.IMAGES,
    "The image is not in one of the registries that the settings allow. Without the setting, all are.",
)
def image_registry(document: ComponentDocument) -> Iterator[Remark]:  # noqa: ARG001 (as every check)
    """Report nothing: `registry_findings` does, since settings decide this rule alone.

    Clusters of many companies reach their own registry alone, and platform teams scan the images in it. A contract
    with another image fails there, or runs what no one has looked at.

    `registries` in `[tool.comp.lint]` lists what is allowed: a host, or the beginning of a path on it. Names without a
    host are those of `docker.io`.

    Push the image there; or, if another registry is right too, add it to the list.

    Wrong:
        --- pyproject.toml
        [tool.comp.lint]
        registries = ["registry.example.com/ml"]
        --- component.yaml
        name: Train
        implementation:
          container:
            image: docker.io/someone/train:1.0
            command: [python, train.py]

    Right:
        --- pyproject.toml
        [tool.comp.lint]
        registries = ["registry.example.com/ml"]
        --- component.yaml
        name: Train
        implementation:
          container:
            image: registry.example.com/ml/train:1.0
            command: [python, train.py]
    """
    yield from ()


def registry_findings(document: ComponentDocument, allowed: Sequence[str]) -> Iterator[Finding]:
    """Yield the finding about an image outside of the allowed registries; an empty list allows all."""
    container = container_of(document)
    if not allowed or container is None:
        return
    try:
        reference = parse_reference(container.image)
    except InputError:
        # C069 reports it.
        return
    if not any(f"{reference.name}/".startswith(f"{each.rstrip('/')}/") for each in allowed):
        message = f"the image is {reference.name}, which is in no allowed registry"
        remark = Remark(document.places[("image",)], message, f"allowed: {some_of([*allowed])}")
        yield finding_of(RULES[REGISTRY_RULE], remark)
