"""`comp test`: run the cases in tests/."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent
from toolkit.cli.console import Console, pass_console

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--runner", type=click.Choice(["docker", "buildah", "process"]), help="Default: the first that works.")
@click.option(
    "-k", "pattern", default="*", metavar="PATTERN", help="Only cases whose name has it in it, or matches it."
)
@click.option("--base", metavar="REF", help="The base to build on.  [default: the last build's]")
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    folder: Path,
    runner: str | None,
    pattern: str,
    base: str | None,
    progress: str,
    allowed: "Consent",
) -> int:
    """Run the cases in FOLDER/tests/cases/ and compare their outputs.

    Prints one line a case, and what differs below it. Exit code 1 when a case fails or there is none.
    """
    from toolkit.config import read_project
    from toolkit.runners.cases import find_cases
    from toolkit.running import open_runnable, run_case
    from toolkit.tools import Tools

    project = read_project(folder)
    cases = [case for case in find_cases(project.folder) if pattern in case.name or fnmatchcase(case.name, pattern)]
    if not cases:
        console.say(f"no cases in {folder / 'tests' / 'cases'}: a case is <name>/case.yaml")
        return 1
    with bars.reporting(console, progress) as report:
        tools = Tools(report=report, consent=allowed)
        runnables = {
            name: open_runnable(project.folder, tools, runner=runner, name=name, base=base)
            for name in {case.component for case in cases}
        }
    failed = 0
    for case in cases:
        runnable = runnables[case.component]
        problems = run_case(runnable, case)
        failed += bool(problems)
        console.data(f"{'FAIL' if problems else 'ok  '} {case.name} ({runnable.runner.name})")
        for problem in problems:
            console.data(f"     {problem}")
    console.say(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0
