"""`comp test`: run the cases in tests/."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from toolkit.cli import bars, consent, many, on_cluster
from toolkit.cli.case_reports import as_data, as_json, report_case, report_end, sums
from toolkit.cli.console import Console, format_option, pass_console
from toolkit.cli.run import base_option, restricted_option, secret_option
from toolkit.collection.relocking import relock
from toolkit.errors import InputError, UsageError
from toolkit.words import did_you_mean

if TYPE_CHECKING:
    from toolkit.collection.testing import CaseChoice, ReadyCases
    from toolkit.collection.work import Done, Outcome
    from toolkit.collection.workspace import Member
    from toolkit.jail.consent import Consent
    from toolkit.job.context import BuildContext
    from toolkit.runners.case_run import CaseResult
    from toolkit.runners.coverage import Coverage
    from toolkit.runners.on_cluster import OnCluster
    from toolkit.spec.model import ComponentSpec

_ALL = "*"


@click.command
@many.folders_argument
@many.every_option
@many.since_option
@click.option(
    "--runner",
    "runners",
    multiple=True,
    metavar="NAME[,NAME…]",
    help="The runners, each for every case.  [default: the first that works]",
)
@restricted_option
@click.option(
    "-k", "pattern", default=_ALL, metavar="PATTERN", help="Only the cases whose name contains or matches it."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many cases run at a time.  [default: one for each processor]",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), default=1, metavar="N", help="Run each case N times, and compare."
)
@click.option("--update", is_flag=True, help="Keep what cases write now as their snapshots.")
@secret_option
@many.junit_option
@click.option(
    "--min-coverage",
    type=click.IntRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="Exit with 1 if cases exercise less of the inputs.",
)
@format_option
@base_option
@on_cluster.options
@consent.options
@bars.option
@pass_console
def command(
    console: Console,
    /,
    *,
    folders: tuple[Path, ...],
    every: bool,
    since: str | None,
    runners: Sequence[str],
    restricted: bool,
    pattern: str,
    jobs: int | None,
    repeat: int,
    update: bool,
    secrets: Sequence[str],
    junit: Path | None,
    min_coverage: int,
    form: str,
    base: str | None,
    on_cluster: "OnCluster",
    progress: str,
    allowed: "Consent",
) -> int:
    """Run the cases in FOLDER/tests/cases/ and compare their outputs.

    Prints a line for each case and runner, and the differences below it; on stderr what a failing component printed,
    and which inputs no case exercises. The exit code is 1 if a case fails. Without any case it is 0, and
    a note says so. The cases of many components run together, and each line names the component.
    """
    from toolkit.collection.testing import CaseChoice
    from toolkit.job.context import BuildContext
    from toolkit.runners.case_run import CaseOptions
    from toolkit.runners.variables import given_secrets

    chosen = _runners(runners)
    if update:
        _check_update(chosen, os.environ)
    choice = CaseChoice(
        runners=chosen,
        options=CaseOptions(secrets=given_secrets(secrets, os.environ), repeat=repeat, update=update),
        on_cluster=replace(on_cluster, say=console.say),
        pattern=pattern,
        restricted=restricted,
        base=base,
    )
    asked = many.Asked(folders=folders, every=every, since=since, form=form, junit=junit, jobs=jobs)
    asked.check()
    context = BuildContext(consent=allowed, relock=relock)
    run = _test_many if asked.one is None else _test
    return run(console, asked, choice, context, min_coverage, progress)


def _test(
    console: Console,
    asked: many.Asked,
    choice: "CaseChoice",
    context: "BuildContext",
    min_coverage: int,
    progress: str,
) -> int:
    """Run the cases of one folder."""
    from toolkit.collection.testing import ready_cases
    from toolkit.runners.case_run import run_cases
    from toolkit.runners.junit import junit_xml
    from toolkit.system.atomic import write_text

    with bars.reporting(console, progress) as report:
        ready = ready_cases(asked.one or Path(), choice, replace(context, report=report))
    results = []
    for result in run_cases(ready.queue, choice.options, workers=asked.at_once):
        results.append(result)
        if asked.form == "text":
            report_case(console, result)
    coverages = _coverages(ready, choice, min_coverage)
    if asked.junit:
        write_text(asked.junit, junit_xml(results))
    if asked.form == "json":
        console.data(as_json(results, coverages))
    elif ready.cases:
        report_end(console, results, coverages)
    if not ready.cases:
        _say_none(console, ready.spec)
    return 1 if any(result.problems for result in results) or _is_below(console, coverages, min_coverage) else 0


def _test_many(
    console: Console,
    asked: many.Asked,
    choice: "CaseChoice",
    context: "BuildContext",
    min_coverage: int,
    progress: str,
) -> int:
    """Build all components, then run the cases of all, and report on each component."""
    from toolkit.collection.testing import ReadyCases, ready_cases
    from toolkit.collection.work import Done, Outcome, work_on_all

    members = asked.members()
    report = many.Report(console, "comp test", members, replace(asked, junit=None))
    ready: dict[Path, ReadyCases] = {}

    def make_ready(member: "Member") -> Done:
        """Build one component for its cases."""
        ready[member.folder] = ready_cases(member.folder, choice, context, need_match=False)
        return Done(result="ready")

    outcomes = {}
    with bars.reporting(console, progress) as progress_report:
        context = replace(context, report=progress_report)
        for outcome in work_on_all(members, make_ready, jobs=asked.at_once):
            outcomes[outcome.member.folder] = outcome
            if outcome.failure:
                report.add(outcome)
    if ready and choice.pattern != _ALL and not any(each.cases for each in ready.values()):
        raise InputError(f"no case of {len(members)} components matches {choice.pattern!r}")
    queue = [(member, ready[member.folder]) for member in members if member.folder in ready]
    results, failures = _run_many(console, asked, queue, choice)
    for member, cases in queue:
        own, failure, done = results[member.folder], failures.get(member.folder), None
        if failure is None:
            with many.about(member):
                done = _done(console, cases, own, _coverages(cases, choice, min_coverage), min_coverage)
        seconds = outcomes[member.folder].seconds + sum(result.seconds for result in own)
        report.add(Outcome(member=member, seconds=seconds, done=done, failure=failure))
    whole = [result for own in results.values() for result in own]
    if asked.junit:
        _write_junit(asked.junit, whole, [outcome for outcome in report.outcomes if outcome.failure])
    console.say(f"cases: {sums(whole)}")
    return report.end()


def _run_many(
    console: Console, asked: many.Asked, queue: "Sequence[tuple[Member, ReadyCases]]", choice: "CaseChoice"
) -> "tuple[dict[Path, list[CaseResult]], dict[Path, Exception]]":
    """Run all cases, print each result, and return by folder the results, and what kept a case from running."""
    from toolkit.collection.testing import run_all_cases

    results: dict[Path, list[CaseResult]] = {member.folder: [] for member, _ in queue}
    failures: dict[Path, Exception] = {}
    for member, result in run_all_cases(queue, choice.options, workers=asked.at_once):
        if isinstance(result, Exception):
            failures.setdefault(member.folder, result)
            continue
        results[member.folder].append(result)
        if asked.form == "text":
            with many.about(member):
                report_case(console, result)
    return results, failures


def _done(
    console: Console,
    ready: "ReadyCases",
    results: "Sequence[CaseResult]",
    coverages: "Mapping[str, Coverage]",
    min_coverage: int,
) -> "Done":
    """Print what is to be said of one component among many, and return what came of its cases."""
    from toolkit.collection.work import Done

    if ready.cases:
        report_end(console, results, coverages)
    failed, below = any(result.problems for result in results), _is_below(console, coverages, min_coverage)
    result = "failed" if failed else "low coverage" if below else "passed" if results else "without cases"
    return Done(result=result, code=int(failed or below), more=as_data(results, coverages))


def _write_junit(path: Path, results: "Sequence[CaseResult]", failed: "Sequence[Outcome]") -> None:
    """Write the results of all cases, and why other components have none."""
    from toolkit.collection.junit import suite_of
    from toolkit.runners.junit import document, suites_of
    from toolkit.system.atomic import write_text

    write_text(path, document("comp test", [*suites_of(results), *([suite_of("comp test", failed)] if failed else [])]))


def _coverages(ready: "ReadyCases", choice: "CaseChoice", min_coverage: int) -> "Mapping[str, Coverage]":
    """Return how far cases exercise the inputs of each component."""
    # Chosen cases alone say nothing about what no case exercises.
    chosen_alone = choice.pattern != _ALL
    return {} if chosen_alone and not min_coverage else ready.coverages(selected=chosen_alone)


def _is_below(console: Console, coverages: "Mapping[str, Coverage]", least: int) -> bool:
    """Return whether cases exercise less of some component's inputs than the user wants, and say so."""
    below = [name for name, coverage in coverages.items() if coverage.percent < least]
    for name in below:
        console.say(f"{name}: cases exercise {coverages[name].percent} % of the uses of its inputs, not {least} %")
    return bool(below)


def _runners(texts: Sequence[str]) -> tuple[str | None, ...]:
    """Return the runners that the user names, or None for the first that works."""
    from toolkit.runners.runnable import RUNNERS

    named = list(dict.fromkeys(name.strip() for text in texts for name in text.split(",")))
    for name in named:
        if name not in RUNNERS:
            raise UsageError(
                f"{name!r} is not a runner", hint=did_you_mean(name, RUNNERS, otherwise=f"one of {', '.join(RUNNERS)}")
            )
    return tuple(named) or (None,)


def _check_update(runners: Sequence[str | None], environ: Mapping[str, str]) -> None:
    """Raise UsageError where snapshots must not be written."""
    if environ.get("CI", "").lower() not in {"", "0", "false"}:
        raise UsageError(
            "--update would accept whatever the component writes here, in continuous integration (CI is set)",
            hint="update snapshots on your own machine, look at the difference, and commit them",
        )
    if len(runners) > 1:
        raise UsageError("--update takes one runner, whose outputs become the snapshots", hint="name one --runner")


def _say_none(console: Console, spec: "ComponentSpec") -> None:
    """Say that there is no case, and how to begin."""
    from toolkit.runners.cases import first_case

    lines = first_case(spec).splitlines()
    console.say("no cases in tests/cases: nothing was tested")
    console.say("\n  ".join(["\nhint: write tests/cases/first/case.yaml, such as", *lines]))
