"""`comp outdated --bases`: which bases of components have newer images, and what those bring."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.cli import bars
from toolkit.cli.base.differences import (
    NO_SCAN,
    TITLES,
    as_markdown,
    in_words,
    markdown_row,
    standing_data,
    sum_up,
)
from toolkit.cli.ci_reports import write_outputs, write_summary
from toolkit.cli.console import Console, columns
from toolkit.cli.failures import print_failure
from toolkit.errors import UsageError

if TYPE_CHECKING:
    from toolkit.bases.standing import Standing


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
        console.json([standing_data(each) for each in found])
    elif form == "markdown":
        console.document(as_markdown(newer or found))
    elif newer:
        rows = [(each.base.name, ", ".join(each.base.names), sum_up(each)) for each in newer]
        console.data("\n".join(columns([("base", "components", "a newer one brings"), *rows])))
    unknown = [each.problem for each in found if each.problem and each.state == "unknown"]
    code = max((print_failure(problem) for problem in unknown), default=0)
    if any(each.found and each.found.security for each in newer):
        console.say(NO_SCAN)
    # Data of the bases alone: a lock says which packages it adds.
    for package in packages:
        console.say(f"system package {package}")
    console.say(in_words(found))
    _report(found, newer, output_file)
    return code


def _report(found: "Sequence[Standing]", newer: "Sequence[Standing]", output_file: Path | None) -> None:
    """Write what later steps of a CI platform read."""
    components = list(dict.fromkeys(name for each in newer for name in each.base.names))
    outputs = {
        "any": "true" if newer else "false",
        "count": str(len(newer)),
        "components": json.dumps(components),
    }
    write_outputs(output_file, outputs)
    write_summary("Bases", TITLES, [markdown_row(each) for each in found])
