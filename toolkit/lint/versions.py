"""The rule about a component's version, which both its contract and its settings have."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from toolkit.errors import Finding, FindingsError, Location, Severity
from toolkit.lint.rule import ERROR, RuleCategory, reported
from toolkit.spec.reader import ComponentDocument, read_document

if TYPE_CHECKING:
    # It takes long to import, and one contract needs no settings of a component.
    from toolkit.config.project import Project

reported(
    "V605",
    "versions-differ",
    ERROR,
    RuleCategory.VERSIONS,
    "The contract has another version than the settings.",
    """
    `comp publish` takes the version of `[project]`, and `comp breaking` that of the contract: one of them is old. Who
    reads the published contract sees a version that it does not have.

    `comp generate` writes the version into the contract of a function. In a program's contract, write it yourself.

    Wrong:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.1.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- component.yaml
        name: Train
        metadata:
          annotations:
            version: '1.0.0'
        implementation:
          container:
            image: train:1.1.0
            command: [python, train.py]
        $ comp lint .

    Right:
        --- pyproject.toml
        [project]
        name = "train"
        version = "1.1.0"

        [tool.comp]
        command = ["python", "train.py"]
        --- component.yaml
        name: Train
        metadata:
          annotations:
            version: '1.1.0'
        implementation:
          container:
            image: train:1.1.0
            command: [python, train.py]
        $ comp lint .
    """,
    settable=True,
)


def differing_versions(project: "Project") -> Iterator[Finding]:
    """Yield a finding for each contract that names another version than the project; unreadable ones have others."""
    for entry in project.entries:
        if not entry.contract.is_file():
            continue
        try:
            document = read_document(entry.contract)
        except FindingsError:
            continue
        if finding := version_finding(document, project, generated=entry.entrypoint is not None):
            yield finding


def version_finding(document: ComponentDocument, project: "Project", *, generated: bool) -> Finding | None:
    """Return the finding about a contract that names another version than its project; None without one."""
    version = document.spec.annotations.get("version")
    if version is None or version == project.version:
        return None
    return Finding(
        rule="V605",
        severity=Severity.ERROR,
        message=f"the contract has the version {version}, and {project.pyproject.name} has {project.version}",
        where=document.places.get(("annotations", "version")) or Location(path=document.path),
        help="`comp generate` writes it" if generated else f"write {project.version} into one of the two",
    )
