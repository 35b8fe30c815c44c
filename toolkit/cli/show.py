"""`comp show`: show one component of a registry."""

import os
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.changes import as_data, change_lines, verdict
from toolkit.cli.component_text import component_lines
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.registry_options import offline_option, registry_option
from toolkit.errors import InputError, UsageError

if TYPE_CHECKING:
    from toolkit.breaking.history import Step
    from toolkit.registry.consuming.choosing import Found

# The versions that are compared with the ones before them: each is read for it.
_COMPARED = 10


@click.command
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--readme", is_flag=True, help="Print the README of the release alone.")
@click.option("--yaml", is_flag=True, help="Print the contract of the release alone.")
@click.option("--versions", metavar="A..B", help="Print what changes from the version A to B alone.")
@registry_option
@offline_option
@format_option
@pass_console
def command(
    console: Console, *, name: str, readme: bool, yaml: bool, versions: str | None, registry: str | None, form: str
) -> None:
    """Show a component, such as ml/train-model or ml/train-model@^1.

    Prints its inputs and outputs, image, files and origin, what each version changed, and how it is used. Looks in all
    configured registries unless --registry names one.
    """
    from toolkit.breaking.history import history
    from toolkit.registry.consuming.choosing import Registries
    from toolkit.registry.names import parse_request
    from toolkit.registry.release import CONTRACT

    if sum((readme, yaml, versions is not None)) > 1:
        raise UsageError("--readme, --yaml and --versions exclude each other", hint="give one of them")
    request = parse_request(name)
    found = Registries.of(registry, environ=os.environ, required=request.registry is None).find(request)
    # Verified: a damaged release is an error here already, and not first at `comp add`.
    contract = found.registry.content(found.release, CONTRACT)
    if yaml:
        console.document(contract.decode(errors="replace"))
    elif readme:
        console.document(_readme(found))
    elif versions is not None:
        _compare(console, found, versions, form)
    else:
        steps = history(found.registry, found.release.name, newest=_COMPARED)
        if form == "json":
            console.json(_as_data(found, steps))
        else:
            versions_ = len(found.registry.versions(found.release.name))
            console.data("\n".join(component_lines(found, contract, steps, versions_)))


def _readme(found: "Found") -> str:
    """Return the README of a release. Raises InputError if it has none."""
    from toolkit.registry.release import README

    if README not in {file.path for file in found.release.files}:
        raise InputError(f"{found.release} has no {README}", hint=f"comp show {found.release.name} prints the rest")
    return found.registry.content(found.release, README).decode(errors="replace")


def _compare(console: Console, found: "Found", versions: str, form: str) -> None:
    """Print what changes between two versions."""
    from toolkit.breaking.history import between
    from toolkit.registry.semver import parse_version

    first, dots, second = versions.partition("..")
    if not dots:
        raise UsageError(f"--versions is {versions!r}, expected two versions", hint="write --versions 1.0.0..1.1.0")
    name = found.release.name
    compared = between(found.registry, name, (parse_version(first), parse_version(second)))
    if form == "json":
        versions_ = {"name": str(name), "version": first, "new_version": second}
        console.json(versions_ | as_data(compared))
    else:
        console.data("\n".join([f"{name} {first} -> {second}: {verdict(compared)}", *change_lines(compared)]))


def _as_data(found: "Found", steps: "tuple[Step, ...]") -> dict[str, Any]:
    """Return a component as JSON data: the record of the release, the marks, and the newest versions."""
    release, registry = found.release, found.registry
    marks = registry.marks(release.name)
    deprecated = marks.deprecated
    return {
        **release.to_dict(),
        "registry": str(found.place.place),
        "deprecated": deprecated.reason if deprecated else None,
        "superseded_by": str(deprecated.superseded_by) if deprecated and deprecated.superseded_by else None,
        "yanked": marks.yanked[release.version].reason if release.version in marks.yanked else None,
        "versions": [str(version) for version in reversed(registry.versions(release.name))],
        "history": [
            {
                "version": str(step.release.version),
                "published": step.release.published,
                "by": step.release.by,
                "yanked": step.yank.reason if step.yank else None,
                **as_data(step.found),
            }
            for step in steps
        ],
    }
