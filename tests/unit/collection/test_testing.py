"""Cases of components: which are chosen, what is refused before a build, and that one failure is one result."""

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.components import FUNCTION, small_base, write_component
from toolkit.cache.store import Cache
from toolkit.collection.testing import CaseChoice, ReadyCases, ready_cases, run_all_cases
from toolkit.collection.workspace import Member
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.progress import SUBJECT
from toolkit.runners.case_run import CaseJob, CaseOptions, CaseResult
from toolkit.runners.on_cluster import OnCluster
from toolkit.runners.protocol import Outcome, Run

ONCE = CaseOptions(secrets={})
TWO = (
    '[project]\nname = "first"\nversion = "1.0.0"\n[tool.comp]\nentrypoint = "count_words:count"\nbase = "{base}"\n'
    '[tool.comp.components.second]\nentrypoint = "count_words:count"\n'
)


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    """Hide the engines."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        docker = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={"PATH": str(tmp_path), "DOCKER_HOST": docker})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write two components of one image, with two cases of the first and one of the second."""
    base = f"layout:{small_base(tmp_path / 'base')}"
    (tmp_path / "component" / "components").mkdir(parents=True)
    files = {"src/count_words.py": FUNCTION, "pyproject.toml": TWO.format(base=base)}
    written = write_component(tmp_path / "component", base, files)
    cases = {"short": "inputs: {text: a}\n", "long": "inputs: {text: a b}\n"}
    _write_cases(written, {**cases, "other": "component: second\ninputs: {text: a}\n"})
    return written


def _write_cases(folder: Path, cases: Mapping[str, str]) -> None:
    for name, text in cases.items():
        path = folder / "tests" / "cases" / name / "case.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _ready(
    folder: Path,
    context: BuildContext,
    pattern: str = "*",
    *,
    runners: tuple[str | None, ...] = ("process",),
    secrets: Mapping[str, str] | None = None,
    need_match: bool = True,
) -> ReadyCases:
    options = CaseOptions(secrets=secrets or {})
    choice = CaseChoice(runners=runners, options=options, on_cluster=OnCluster(), pattern=pattern)
    return ready_cases(folder, choice, context, need_match=need_match)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*", ["long", "other", "short"]), ("o", ["long", "other", "short"]), ("?o*", ["long"]), ("hor", ["short"])],
)
def test_a_pattern_is_contained_or_matches(folder: Path, context: BuildContext, pattern: str, names: list[str]) -> None:
    ready = _ready(folder, context, pattern)
    assert [case.name for case in ready.cases] == names
    assert [job.case.name for job in ready.queue] == names


def test_a_pattern_that_matches_no_case(folder: Path, context: BuildContext) -> None:
    with pytest.raises(InputError, match="no case matches 'LONG'") as refused:
        _ready(folder, context, "LONG")
    assert refused.value.hint == "the cases: long, other, short"
    # In a collection another component may have it. Then nothing is built: no engine is looked for.
    ready = _ready(folder, context, "LONG", need_match=False, runners=("docker",))
    assert (ready.cases, ready.queue) == ((), ())


def test_a_folder_without_cases_needs_no_match(folder: Path, context: BuildContext) -> None:
    for path in folder.glob("tests/cases/*/case.yaml"):
        path.unlink()
    ready = _ready(folder, context, "LONG")
    assert ready.queue == ()
    assert ready.coverages(selected=True) == {}
    assert {name: one.percent for name, one in ready.coverages(selected=False).items()} == {"first": 0, "second": 0}


def test_every_case_runs_with_each_runner_and_its_own_component(folder: Path, context: BuildContext) -> None:
    queue = _ready(folder, context, runners=("process", "process")).queue
    assert [(job.case.name, job.runnable.name) for job in queue] == [
        *(("long", "first"), ("other", "second"), ("short", "first"))
    ] * 2


def test_coverage_is_of_each_component_by_its_own_cases(folder: Path, context: BuildContext) -> None:
    assert {name: one.percent for name, one in _ready(folder, context).coverages(selected=False).items()} == {
        "first": 100,
        "second": 100,
    }
    chosen = _ready(folder, context, "other")
    assert list(chosen.coverages(selected=True)) == ["second"]
    assert chosen.coverages(selected=False)["first"].missing == ("no case gives 'text'",)


def test_a_component_that_the_image_does_not_have(folder: Path, context: BuildContext) -> None:
    _write_cases(folder, {"wrong": "component: secnd\ninputs: {text: a}\n"})
    with pytest.raises(InputError, match="the component 'secnd' is unknown") as refused:
        _ready(folder, context)
    assert refused.value.hint == "did you mean 'second'?"
    assert refused.value.where
    assert refused.value.where.path == folder / "tests" / "cases" / "wrong" / "case.yaml"
    # A case that is not chosen stops nothing.
    assert _ready(folder, context, "short").queue


def test_cases_and_secrets_are_checked_before_a_build(folder: Path, context: BuildContext) -> None:
    # Without a container engine, what is built for docker would fail first.
    with pytest.raises(OutsideError):
        _ready(folder, context, runners=("docker",))
    with pytest.raises(UsageError, match="TOKEN"):
        _ready(folder, context, runners=("docker",), secrets={"TOKEN": "x"})
    _write_cases(folder, {"wrong": "inputs: {txt: a}\n"})
    with pytest.raises(InputError, match="txt"):
        _ready(folder, context, runners=("docker",))


class _Noting(Struct, kw_only=True):
    """A runner that notes for which component of the collection it runs, and does what the value of `text` says."""

    subjects: list[str]
    name: str = "noting"

    def run(self, run: Run) -> Outcome:
        self.subjects.append(SUBJECT.get())
        if run.values["text"] == "bug":
            raise ZeroDivisionError
        if run.values["text"] == "engine":
            raise OutsideError("no engine")
        return Outcome(exit_code=int(run.values["text"]), paths={})


def test_a_failure_of_one_case_does_not_stop_the_others(folder: Path, context: BuildContext) -> None:
    texts = ("0", "engine", "bug", "3")
    _write_cases(folder, {f"n{number}": f"inputs: {{text: '{text}'}}\n" for number, text in enumerate(texts)})
    ready, subjects = _ready(folder, context, "n[0-9]"), list[str]()
    ready = _with_runner(ready, _Noting(subjects=subjects))
    members = [Member(folder=folder, name=name) for name in ("a", "b")]
    results = list(run_all_cases([(member, ready) for member in members], ONCE, workers=2))
    assert [member.name for member, _ in results] == ["a"] * 4 + ["b"] * 4
    assert [type(result) for _, result in results] == [CaseResult, OutsideError, ZeroDivisionError, CaseResult] * 2
    last = results[-1][1]
    assert isinstance(last, CaseResult)
    assert "it failed with exit code 3" in last.problems
    assert sorted(subjects) == ["a"] * 4 + ["b"] * 4
    assert SUBJECT.get() == ""


def _with_runner(ready: ReadyCases, runner: _Noting) -> ReadyCases:
    queue = tuple(CaseJob(runnable=replace(job.runnable, runner=runner), case=job.case) for job in ready.queue)
    return replace(ready, queue=queue)
