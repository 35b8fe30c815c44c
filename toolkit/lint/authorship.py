"""Rules about who made a component, and which version of it a contract is."""

import re
from collections.abc import Iterator

from toolkit.errors import Location
from toolkit.lint.rule import INFO, Remark, RuleCategory, rule
from toolkit.lint.walk import beginning
from toolkit.spec.reader import ComponentDocument

_OWNERS = frozenset({"author", "authors", "owner", "owners", "maintainer", "maintainers"})
_LICENSES = frozenset({"license", "licenses", "licence", "licences"})
_SOURCES = frozenset(
    {"source", "repository", "url", "homepage", "canonical_location", "canonical-location", "git_remote_url"}
)


@rule(
    "C092",
    "missing-version",
    INFO,
    RuleCategory.DOCUMENTATION,
    "The contract has no version. It is off unless you select it.",
    opt_in=True,
)
def missing_version(document: ComponentDocument) -> Iterator[Remark]:
    """Report a contract without the annotation `version`.

    With a version, callers can say which one they were made for, and `comp breaking` can say whether the next one has
    the right number. `comp generate` takes it from `pyproject.toml`, and `comp publish` needs it.

    A contract that no other repository uses needs none, so the rule is off. Switch it on for a repository: `severity =
    { C092 = "warning" }` in `[tool.comp.lint]`.

    Wrong:
        metadata:
          annotations: {author: Ada}
        $ comp lint component.yaml --select C092

    Right:
        metadata:
          annotations: {author: Ada, version: 1.0.0}
        $ comp lint component.yaml --select C092
    """
    if not document.spec.annotations.get("version"):
        advice = "add metadata: {annotations: {version: 1.0.0}}, or the version in pyproject.toml"
        yield Remark(_top(document), "the contract has no version", advice)


@rule(
    "C093",
    "missing-owner",
    INFO,
    RuleCategory.DOCUMENTATION,
    "The contract names no author or owner. It is off unless you select it.",
    opt_in=True,
)
def missing_owner(document: ComponentDocument) -> Iterator[Remark]:
    """Report a contract without an annotation that names who made it, or who looks after it.

    In a shared collection, those who use a component need to know whom to ask. The annotation is `author`, `owner` or
    `maintainer`, their plurals, or a key that ends in one of these, such as `org.opencontainers.image.authors`.
    `comp generate` takes it from `authors` in `pyproject.toml`.

    A single component needs none of this, so the rule is off. Switch it on for a repository: `severity = { C093 =
    "warning" }` in `[tool.comp.lint]`.

    Wrong:
        metadata:
          annotations: {version: 1.0.0}
        $ comp lint component.yaml --select C093

    Right:
        metadata:
          annotations: {version: 1.0.0, author: Ada}
        $ comp lint component.yaml --select C093
    """
    if not _has(document, _OWNERS):
        advice = "add the annotation `author`, or `authors` in pyproject.toml"
        yield Remark(_top(document), "the contract names no author or owner", advice)


@rule(
    "C094",
    "missing-license-or-source",
    INFO,
    RuleCategory.DOCUMENTATION,
    "The contract names no license, or no place of its source. It is off unless you select it.",
    opt_in=True,
)
def missing_license_or_source(document: ComponentDocument) -> Iterator[Remark]:
    """Report a contract without annotations that name its license and the place of its source.

    A company that takes a component from another one has to know its license, and those who debug it look for its code.
    The annotations are `license` and `source`; `repository`, `url`, `homepage` and `canonical_location` count as a
    source too. `comp generate` takes both from `license` and `urls` in `pyproject.toml`.

    A single component needs none of this, so the rule is off. Switch it on for a repository: `severity = { C094 =
    "warning" }` in `[tool.comp.lint]`.

    Wrong:
        metadata:
          annotations: {version: 1.0.0, license: MIT}
        $ comp lint component.yaml --select C094

    Right:
        metadata:
          annotations: {version: 1.0.0, license: MIT, source: 'https://git.example.com/ml/train'}
        $ comp lint component.yaml --select C094
    """
    for keys, what, advice in (
        (_LICENSES, "license", "add the annotation `license`, or `license` in pyproject.toml"),
        (_SOURCES, "source", "add the annotation `source`, or `Source` under [project.urls] in pyproject.toml"),
    ):
        if not _has(document, keys):
            yield Remark(_top(document), f"the contract names no {what}", advice)


def _has(document: ComponentDocument, keys: frozenset[str]) -> bool:
    """Return whether an annotation with one of these keys has a value; a domain before the key does not count."""
    annotations = document.spec.annotations.items()
    return any(value and re.split(r"[/.]", key.lower())[-1] in keys for key, value in annotations)


def _top(document: ComponentDocument) -> Location:
    """Return the place of the contract's metadata, or its begin."""
    return document.places.get(("metadata",), beginning(document))
