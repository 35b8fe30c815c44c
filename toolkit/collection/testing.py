"""The cases of components: chosen and checked, the images that they need, and runs of all of them at once."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from msgspec import Struct

from toolkit.collection.work import failure_of
from toolkit.collection.workspace import Member
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError, Location
from toolkit.job.context import BuildContext
from toolkit.progress import SUBJECT
from toolkit.runners.case_run import CaseJob, CaseOptions, CaseResult, check_case, run_case
from toolkit.runners.cases import Case, find_cases
from toolkit.runners.coverage import Coverage, coverage_of
from toolkit.runners.on_cluster import OnCluster
from toolkit.runners.runnable import RUNNERS_WITH_SECRETS, Unbuilt, find_component, open_runnable
from toolkit.runners.variables import check_given
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import read_component
from toolkit.system.threads import threads
from toolkit.words import did_you_mean, some_of


class CaseChoice(Struct, frozen=True, kw_only=True):
    """Which cases of a component run, and where.

    `pattern` is contained in their names or matches them. A runner that is None is the first that works.
    """

    runners: tuple[str | None, ...]
    options: CaseOptions
    on_cluster: OnCluster
    pattern: str = "*"
    restricted: bool = False
    base: str | None = None


class ReadyCases(Struct, frozen=True, kw_only=True):
    """The chosen cases of the components in one folder, and each of them with each runner."""

    project: Project
    spec: ComponentSpec
    cases: tuple[Case, ...]
    queue: tuple[CaseJob, ...]

    def coverages(self, *, selected: bool) -> dict[str, Coverage]:
        """Return how far cases exercise the inputs of each component; if they are `selected`, of theirs alone."""
        main = self.project.entries[0].name
        own = {
            entry.name: [case for case in self.cases if (case.component or main) == entry.name]
            for entry in self.project.entries
        }
        return {
            entry.name: coverage_of(read_component(entry.contract), own[entry.name])
            for entry in self.project.entries
            if own[entry.name] or not selected
        }


def ready_cases(folder: Path, choice: CaseChoice, context: BuildContext, *, need_match: bool = True) -> ReadyCases:
    """Choose and check the cases of a folder, and build the components that they are of.

    Raises InputError if no case matches the pattern and one is needed, and for cases that do not fit the component.
    """
    project = read_project(folder, environ=context.environ)
    cases = _selected(project.folder, choice.pattern, need_match=need_match)
    _check_components(cases, [entry.name for entry in project.entries])
    components = {
        name: find_component(folder, context, name=name, base=choice.base)
        for name in dict.fromkeys([case.component for case in cases] or [None])
    }
    _check(components, cases, choice, context.environ)
    # All components are built before the first case, so that a failed build does not come after half of the results.
    runnables = [
        {
            name: open_runnable(
                component, context, runner=runner, restricted=choice.restricted, on_cluster=choice.on_cluster
            )
            for name, component in components.items()
        }
        for runner in choice.runners
        if cases
    ]
    return ReadyCases(
        project=project,
        spec=next(iter(components.values())).spec,
        cases=tuple(cases),
        queue=tuple(CaseJob(runnable=each[case.component], case=case) for each in runnables for case in cases),
    )


def run_all_cases(
    ready: Sequence[tuple[Member, ReadyCases]], options: CaseOptions, *, workers: int
) -> Iterator[tuple[Member, CaseResult | Exception]]:
    """Run the cases of many components, as many at a time as there are workers, and yield the results in order.

    What cannot be run, foreseen or a bug, becomes a result.
    """
    with threads(workers) as pool:
        futures = []
        for member, each in ready:
            token = SUBJECT.set(member.name)
            futures += [(member, pool.submit(run_case, job, options)) for job in each.queue]
            SUBJECT.reset(token)
        for member, future in futures:
            yield member, failure_of(future) or future.result()


def _selected(folder: Path, pattern: str, *, need_match: bool) -> list[Case]:
    """Return the cases whose name contains or matches a pattern. Raises InputError if one is needed and none does."""
    every = find_cases(folder)
    cases = [case for case in every if pattern in case.name or fnmatchcase(case.name, pattern)]
    if every and not cases and need_match:
        raise InputError(f"no case matches {pattern!r}", hint=f"the cases: {some_of([case.name for case in every])}")
    return cases


def _check_components(cases: Sequence[Case], known: Sequence[str]) -> None:
    """Raise InputError, with the file, for a case of a component that the image does not have."""
    for case in cases:
        if case.component is not None and case.component not in known:
            raise InputError(
                f"the component {case.component!r} is unknown",
                where=Location(path=case.path),
                hint=did_you_mean(str(case.component), known, otherwise=f"known: {', '.join(known)}"),
            )


def _check(
    components: Mapping[str | None, Unbuilt], cases: Sequence[Case], choice: CaseChoice, environ: Mapping[str, str]
) -> None:
    """Raise the errors of inputs and secrets: a misspelt one must not cost a build."""
    secrets = choice.options.secrets
    check_given(secrets, [component.spec for component in components.values()])
    local = any(runner not in RUNNERS_WITH_SECRETS for runner in choice.runners)
    for case in cases:
        check_case(components[case.component].spec, case, environ, secrets, local=local)
