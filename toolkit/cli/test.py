"""`comp test`: run the cases in tests/."""

from fnmatch import fnmatchcase
from pathlib import Path

import click

from toolkit.cli.console import Console, pass_console


@click.command
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--runner", type=click.Choice(["docker", "buildah", "process"]), help="Default: the first that works.")
@click.option(
    "-k", "pattern", default="*", metavar="PATTERN", help="Only cases whose name has it in it, or matches it."
)
@pass_console
def command(console: Console, *, folder: Path, runner: str | None, pattern: str) -> int:
    """Run the cases in FOLDER/tests/cases/ and compare their outputs.

    Prints one line a case, and what differs below it. Exit code 1 when a case fails or there is none.
    """
    from toolkit.config import read_project
    from toolkit.runners.cases import find_cases
    from toolkit.running import open_runnable, run_case

    project = read_project(folder)
    cases = [case for case in find_cases(project.folder) if pattern in case.name or fnmatchcase(case.name, pattern)]
    if not cases:
        console.say(f"no cases in {folder / 'tests' / 'cases'}: a case is <name>/case.yaml")
        return 1
    runnables = {
        name: open_runnable(project.folder, runner=runner, name=name) for name in {case.component for case in cases}
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
