"""Running cases: what differs, repetitions, snapshots, several at a time, and secrets."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.errors import InputError, Location, OutsideError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.runners.case_run import CaseJob, CaseOptions, check_case, run_case, run_cases
from toolkit.runners.cases import Case, read_case
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.runnable import Runnable
from toolkit.spec.declared import declared_of
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder

ONCE = CaseOptions(secrets={})
SPEC = ComponentSpec(
    name="n",
    description="",
    interface=Interface(
        inputs=(Input(name="n", type="Integer", kind=Kind.PARAMETER),),
        outputs=(
            Output(name="count", type="Integer", kind=Kind.PARAMETER),
            Output(name="model", type="Model", kind=Kind.ARTIFACT),
        ),
    ),
    implementation=Container(image="a:1", command=("run", PortPlaceholder(kind="inputValue", port="n"))),
)
SECRET = replace(SPEC, annotations={"comp.env": '{"TOKEN": {"secret": "api", "key": "token"}}'})


class Scripted(Struct, kw_only=True):
    """A runner that answers each run by the next of its answers, the last one for ever."""

    answers: list[Mapping[str, str]] = field(default_factory=lambda: [{"count": "9"}])
    exit_code: int = 0
    printed: bytes = b""
    name: str = "scripted"
    environments: list[dict[str, str]] = field(default_factory=list)
    specs: list[ComponentSpec] = field(default_factory=list)

    def run(self, run: Run) -> Outcome:
        self.environments.append(run.environment)
        self.specs.append(run.spec)
        assert run.log is not None
        run.log.write(self.printed)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for name, text in answer.items():
            run.outputs[name].write_text(text)
        return Outcome(exit_code=self.exit_code, paths={name: run.outputs[name] for name in answer})


MakeJob = Callable[..., CaseJob]


@pytest.fixture
def make(tmp_path: Path) -> MakeJob:
    """Make a job from the text of a case, and the runner that answers it."""

    def job(
        text: str, runner: Scripted, *, spec: ComponentSpec = SPEC, environ: Mapping[str, str] | None = None
    ) -> CaseJob:
        runnable = Runnable(name="n", spec=spec, image="a:1", runner=runner, environ=environ or {})
        return CaseJob(runnable=runnable, case=_case(tmp_path, text))

    return job


def _case(folder: Path, text: str) -> Case:
    path = folder / "tests" / "cases" / "small" / "case.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return read_case(path)


@pytest.mark.parametrize(
    ("text", "runner", "problems"),
    [
        ("outputs: {count: {equals: 9}}", Scripted(), []),
        ("outputs: {count: {equals: 8}}", Scripted(), ["count: is 9, expected 8"]),
        ("outputs: {count: {equals: 9}}", Scripted(exit_code=3), ["it failed with exit code 3"]),
        ("fails: true", Scripted(exit_code=3), []),
        ("fails: true", Scripted(), ["it succeeded, expected it to fail"]),
        ("fails: {exit: 3, message: un.ucky}", Scripted(exit_code=3, printed=b"it is unlucky"), []),
        ("fails: {exit: 4}", Scripted(exit_code=3), ["it failed with exit code 3, expected 4"]),
        (
            "fails: {message: unlucky}",
            Scripted(exit_code=3, printed=b"x"),
            ["it failed, and printed nothing that matches 'unlucky'"],
        ),
    ],
)
def test_a_case_lists_what_differs(make: MakeJob, text: str, runner: Scripted, problems: list[str]) -> None:
    result = run_case(make("inputs: {n: 1}\n" + text, runner), ONCE)
    assert list(result.problems) == problems
    assert (result.component, result.runner, result.output) == ("n", "scripted", runner.printed.decode())


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("inputs: {m: 1}", "the component has no input 'm'", "it has: n"),
        ("outputs: {cuont: {exists: true}}", "the component has no output 'cuont'", "did you mean 'count'?"),
        ("inputs: {}", r"missing inputs: n \(Integer\)", None),
    ],
)
def test_a_case_that_does_not_go_with_the_contract_is_named(
    tmp_path: Path, text: str, problem: str, hint: str | None
) -> None:
    case = _case(tmp_path, text)
    with pytest.raises(InputError, match=problem) as refused:
        check_case(SPEC, case, {}, {})
    assert refused.value.where is not None
    assert refused.value.where.path == case.path
    assert refused.value.hint == hint


def test_an_engine_that_fails_is_an_error_of_the_case(make: MakeJob) -> None:
    class Failing(Scripted):
        def run(self, run: Run) -> Outcome:
            assert run.log is not None
            run.log.write(b"1\n2\n3\n4\n5\n6: no space left\n")
            run.log.flush()
            raise OutsideError("its reason is in the output", hint="do this")

    job = make("inputs: {n: 1}", Failing())
    with pytest.raises(OutsideError) as failed:
        run_case(job, ONCE)
    assert failed.value.message == "its reason is in the output\n  2\n  3\n  4\n  5\n  6: no space left"
    assert (failed.value.where, failed.value.hint) == (Location(path=job.case.path), "do this")


def test_repetitions_have_to_write_the_same(make: MakeJob) -> None:
    thrice = replace(ONCE, repeat=3)
    answers: list[Mapping[str, str]] = [{"count": "9", "model": "a\n"}, {"count": "9", "model": "a\n"}]
    assert run_case(make("inputs: {n: 1}", Scripted(answers=[*answers])), thrice).problems == ()
    differs = [*answers, {"count": "9", "model": "b\n"}]
    assert run_case(make("inputs: {n: 1}", Scripted(answers=[*differs])), thrice).problems == (
        "repetition 3: model: differs from the first run's\n--- expected\n+++ actual\n@@ -1 +1 @@\n-a\n+b",
    )
    unstable = "inputs: {n: 1}\noutputs: {model: {stable: false}}"
    assert run_case(make(unstable, Scripted(answers=[*differs])), thrice).problems == ()
    alone = [*answers, {"count": "9"}]
    assert run_case(make("inputs: {n: 1}", Scripted(answers=[*alone])), thrice).problems == (
        "repetition 3: model: was written by the first run alone",
    )


def test_a_tolerance_holds_for_repetitions_too(make: MakeJob) -> None:
    answers: list[Mapping[str, str]] = [{"count": "1.0"}, {"count": "1.05"}]
    text = "inputs: {n: 1}\noutputs: {count: {approx: 1, rtol: 0.1}}"
    assert run_case(make(text, Scripted(answers=answers)), replace(ONCE, repeat=2)).problems == ()


def test_a_snapshot_is_written_when_all_else_passes(make: MakeJob) -> None:
    update = replace(ONCE, update=True)
    text = "inputs: {n: 1}\noutputs: {count: {snapshot: true, min: 9}}"
    failed = run_case(make(text, Scripted(answers=[{"count": "8"}])), update)
    assert (failed.problems, failed.updated) == (("count: is 8, expected at least 9",), ())
    job = make(text, Scripted())
    assert [path.name for path in run_case(job, update).updated] == ["count"]
    # The same output changes nothing.
    assert run_case(job, update).updated == ()
    assert run_case(job, ONCE).problems == ()


def test_results_come_in_the_order_of_the_jobs(make: MakeJob) -> None:
    jobs = [make("inputs: {n: 1}", Scripted(name=str(number))) for number in range(20)]
    assert [result.runner for result in run_cases(jobs, ONCE, workers=4)] == [str(number) for number in range(20)]


def test_a_case_gets_secrets_and_variables_of_its_own(make: MakeJob) -> None:
    runner = Scripted()
    job = make(
        "inputs: {n: 1}\nenv: {LEVEL: debug}", runner, spec=SECRET, environ={"TOKEN": "from-the-caller", "A": "b"}
    )
    run_case(job, ONCE)
    run_case(job, replace(ONCE, secrets={"TOKEN": "as-given"}))
    run_case(make("inputs: {n: 1}\nenv: {TOKEN: of-the-case}", runner, spec=SECRET), ONCE)
    assert runner.environments == [
        {"TOKEN": "from-the-caller", "LEVEL": "debug"},
        {"TOKEN": "as-given", "LEVEL": "debug"},
        {"TOKEN": "of-the-case"},
    ]


def test_a_secret_without_a_value_is_named_before_the_run(tmp_path: Path) -> None:
    case = _case(tmp_path, "inputs: {n: 1}")
    with pytest.raises(InputError, match="the component needs TOKEN, which a cluster has as 'token'") as refused:
        check_case(SECRET, case, {}, {})
    assert refused.value.hint is not None
    assert "set the variable TOKEN" in refused.value.hint
    check_case(SECRET, case, {}, {}, local=False)


def test_a_cluster_has_the_secrets_but_for_those_that_the_case_replaces(make: MakeJob) -> None:
    runner = Scripted(name="argo")
    run_case(make("inputs: {n: 1}\nenv: {LEVEL: debug}", runner, spec=SECRET), ONCE)
    run_case(make("inputs: {n: 1}\nenv: {TOKEN: of-the-case}", runner, spec=SECRET), ONCE)
    assert [(dict(spec.container.env), list(declared_of(spec).references)) for spec in runner.specs] == [
        ({"LEVEL": "debug"}, ["TOKEN"]),
        ({"TOKEN": "of-the-case"}, []),
    ]
