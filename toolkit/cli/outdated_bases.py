"""`comp outdated --bases`: which bases of components have newer images, and what those bring."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.cli import bars
from toolkit.cli.base.differences import (
    NO_SCAN,
    PACKAGE_TITLES,
    PACKAGES,
    TITLES,
    as_markdown,
    in_words,
    markdown_row,
    package_data,
    package_rows,
    packages_table,
    standing_data,
    sum_up,
)
from toolkit.cli.ci_reports import write_outputs, write_summary
from toolkit.cli.console import Console, columns
from toolkit.cli.failures import print_failure
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.bases.standing import Standing
    from toolkit.bases.system_packages import NewerPackage


def outdated_bases(console: Console, folders: Sequence[Path], form: str, output_file: Path | None) -> int:
    """Print how the bases of the components at and below folders stand, and return the exit code."""
    from toolkit.bases.standing import standings
    from toolkit.bases.system_packages import newer_system_packages
    from toolkit.collection.members_bases import bases_below
    from toolkit.job.context import BuildContext
    from toolkit.registry.offline import HINT, is_offline

    if is_offline(os.environ):
        raise UsageError("--bases asks servers for tags of images", hint=HINT)
    with bars.reporting(console) as report:
        bases, context = bases_below(folders or (Path(),), os.environ), BuildContext(report=report)
        found = standings(bases, context)
        packages = newer_system_packages(bases, context)
    newer = [each for each in found if each.is_newer]
    if form == "json":
        console.json([_data(each, packages) for each in found])
    elif form == "markdown":
        console.document(as_markdown(newer or found) + (f"\n{packages_table(packages)}" if packages else ""))
    elif newer:
        rows = [(each.base.name, ", ".join(each.base.names), sum_up(each)) for each in newer]
        console.data("\n".join(columns([("base", "components", "a newer one brings"), *rows])))
    unknown = [each.problem for each in found if each.problem and each.state == "unknown"]
    code = max((print_failure(problem) for problem in unknown), default=0)
    if any(each.found and each.found.security for each in newer):
        console.say(NO_SCAN)
    # Columns of bases have no place for them; the other formats have.
    for package in packages if form == "text" else ():
        console.say(f"system package {package}")
    console.say(in_words(found))
    _report(found, newer, packages, output_file)
    return code


def _data(standing: "Standing", packages: "Sequence[NewerPackage]") -> dict[str, Any]:
    """Return a base as JSON data, with the newer ones of the packages that locks add to it."""
    added = [package_data(each) for each in packages if each.base == standing.base]
    return standing_data(standing) | {"system_packages": added}


def _report(
    found: "Sequence[Standing]",
    newer: "Sequence[Standing]",
    packages: "Sequence[NewerPackage]",
    output_file: Path | None,
) -> None:
    """Write what later steps of a CI platform read."""
    components = list(dict.fromkeys(name for each in newer for name in each.base.names))
    outputs = {
        "any": "true" if newer else "false",
        "count": str(len(newer)),
        "components": json.dumps(components),
    }
    write_outputs(output_file, outputs)
    write_summary("Bases", TITLES, [markdown_row(each) for each in found])
    if packages:
        write_summary(PACKAGES, PACKAGE_TITLES, package_rows(packages))
