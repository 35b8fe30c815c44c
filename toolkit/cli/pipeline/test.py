"""`comp pipeline test`: run the cases of a pipeline on this machine."""

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import bars, consent
from toolkit.cli.case_reports import as_json, report_case, report_end
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.pipeline.local_options import (
    component_option,
    folders,
    function_option,
    jobs_option,
    python_option,
    runner_option,
)
from toolkit.cli.run import secret_option
from toolkit.collection.relocking import relock
from toolkit.errors import InputError
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.jail.consent import Consent
    from toolkit.runners.cases import Case


@click.command
@click.argument("file", type=click.Path(path_type=Path))
@runner_option
@component_option
@secret_option
@click.option("-k", "pattern", default="*", metavar="PATTERN", help="Only the cases whose name contains or matches it.")
@jobs_option
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Run each case N times, and compare."
)
@click.option("--update", is_flag=True, help="Keep what cases write now as their snapshots.")
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write results as JUnit's XML."
)
@function_option
@python_option
@format_option
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    file: Path,
    runner: str | None,
    components: Sequence[str],
    secrets: Sequence[str],
    pattern: str,
    jobs: int | None,
    repeat: int,
    update: bool,
    junit: Path | None,
    function: str | None,
    python: Path | None,
    form: str,
    progress: str,
    allowed: "Consent",
) -> int:
    """Run the cases of the pipeline in FILE and compare its outputs.

    A case is tests/cases/NAME/case.yaml beside FILE, as for a component; `component: NAME` in it names the pipeline if
    the folder has several. The exit code is 1 if a case fails, or if there is no case to run.
    """
    from toolkit.job.context import BuildContext
    from toolkit.pipelines.case_run import PipelineUnderTest, check_pipeline_case, run_pipeline_case
    from toolkit.pipelines.source import open_pipeline
    from toolkit.pipelines.step_variables import step_variables
    from toolkit.pipelines.workers import Sources, find_workers
    from toolkit.runners.case_run import CaseOptions
    from toolkit.runners.junit import junit_xml
    from toolkit.runners.variables import given_secrets
    from toolkit.system.atomic import write_text

    source = open_pipeline(file, function=function, python=python)
    cases = _selected(file.absolute().parent, source.pipeline.name, pattern)
    # A misspelt input must not cost a build.
    for case in cases:
        check_pipeline_case(source, case)
    sources = Sources(named=folders(components), locked=source.locked, root=source.root)
    with bars.reporting(console, progress) as report:
        context = BuildContext(report=report, consent=allowed, relock=relock)
        workers = find_workers(source.pipeline, runner, sources, context)
        ready = PipelineUnderTest(
            source=source,
            workers=workers,
            context=context,
            jobs=jobs or os.cpu_count() or 1,
            variables=step_variables(source.pipeline, workers, given_secrets(secrets, os.environ), os.environ),
        )
        results = []
        for case in cases:
            result = run_pipeline_case(ready, case, CaseOptions(secrets={}, repeat=repeat, update=update))
            results.append(result)
            if form == "text":
                report_case(console, result)
    if junit:
        write_text(junit, junit_xml(results))
    if form == "json":
        console.data(as_json(results, {}))
    else:
        report_end(console, results, {})
    return 1 if any(result.problems for result in results) else 0


def _selected(folder: Path, pipeline: str, pattern: str) -> "list[Case]":
    """Return the cases of a pipeline whose name matches. Raises InputError without any."""
    from toolkit.runners.cases import find_cases

    every = [case for case in find_cases(folder) if case.component in {None, pipeline}]
    if not every:
        raise InputError(f"no cases of {pipeline} in {folder / 'tests' / 'cases'}", hint="add one: NAME/case.yaml")
    chosen = [case for case in every if pattern in case.name or fnmatchcase(case.name, pattern)]
    if not chosen:
        raise InputError(f"no case matches {pattern!r}", hint=f"the cases: {some_of([case.name for case in every])}")
    return chosen
