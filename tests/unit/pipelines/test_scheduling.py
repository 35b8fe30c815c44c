"""Which steps of a graph run, in which order, with which inputs; the work itself is a function of the test."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.pipelines import Json, constant, dag, executed, given, outer, pipeline, ports, result, task, written
from toolkit.errors import InputError
from toolkit.pipelines.graph import Step
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.scheduling import Ended, Rules, State, StepCall, run_graph
from toolkit.pipelines.values import Gathered, Parameter, plain_value

NUMBER = executed("number", ports(x="int"), ports(Output="int"))
FAILS = executed("fails", None, ports(Output="int"))
LAST = executed("last", ports(status="status?", x="int?"))
PARTS = {"number": NUMBER, "fails": FAILS, "last": LAST}
X = "inputs.parameter_values['x']"


class Ran:
    """The result of a run: states and inputs by path."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.why: dict[str, str] = {}
        self.inputs: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.ended = Ended(state=State.FAILED)


def run(
    root: Json,
    parts: Mapping[str, Json] = PARTS,
    *,
    given_inputs: Mapping[str, Any] | None = None,
    work: Callable[[StepCall], Ended] | None = None,
    **rules: Any,  # noqa: ANN401 (the fields of Rules)
) -> Ran:
    ran = Ran()

    def default_work(call: StepCall) -> Ended:
        if call.step.component == "comp-fails":
            return Ended(state=State.FAILED, why="exit code 3")
        x = call.inputs.get("x")
        return Ended(state=State.SUCCEEDED, outputs={"Output": x or Parameter(value=None)})

    def noting(call: StepCall) -> Ended:
        ran.inputs["/".join(call.path)] = {name: plain_value(value) for name, value in call.inputs.items()}
        return (work or default_work)(call)

    def watch(path: tuple[str, ...], _: Step, ended: Ended | None) -> None:
        if ended is not None:
            ran.order.append("/".join(path))
            ran.states["/".join(path)] = ended.state.value
            ran.why["/".join(path)] = ended.why

    graph = parse_pipeline(written(pipeline(root, parts)), Path("p.yaml"))
    inputs = {name: Parameter(value=value) for name, value in (given_inputs or {}).items()}
    ran.ended = run_graph(graph.root, inputs, Rules(**{"jobs": 2, **rules}), work=noting, watch=watch)
    return ran


def number(x: Json, *after: str, **more: Any) -> Json:  # noqa: ANN401 (parts of a task)
    return task("number", *after, inputs={"x": x}, **more)


def test_values_pass_from_step_to_step_and_out() -> None:
    tasks = {"a": number(outer("n")), "b": number(result("a")), "c": number(constant(2.0))}
    ran = run(dag(tasks, ports(n="int"), ports(o="int"), {"o": given("b")}), given_inputs={"n": 5})
    assert ran.ended.outputs == {"o": Parameter(value=5)}
    assert ran.inputs == {"a": {"x": 5}, "b": {"x": 5}, "c": {"x": 2}}
    assert ran.order.index("a") < ran.order.index("b")


def test_a_constant_takes_other_inputs_of_its_step_and_facts_of_the_run() -> None:
    text = "{{$.inputs.parameters['n']}} of {{$.pipeline_job_name}} {{$.unknown}}"
    says = executed("says", ports(text="str", deep="dict"))
    inputs = {"n": outer("n"), "text": constant(text), "deep": constant({"a": ["{{$.inputs.parameters['n']}}", 1.0]})}
    root = dag({"says": task("says", inputs=inputs)}, ports(n="str"))
    # What a user gives is not looked into.
    ran = run(root, {"says": says}, given_inputs={"n": "{{$.pipeline_job_name}}"}, job={"pipeline_job_name": "j"})
    assert ran.inputs["says"]["text"] == "{{$.pipeline_job_name}} of j {{$.unknown}}"
    assert ran.inputs["says"]["deep"] == {"a": ["{{$.pipeline_job_name}}", 1]}


def test_a_false_condition_skips_a_step_and_all_after_it_and_nothing_fails() -> None:
    when = {"triggerPolicy": {"condition": f"int({X}) > 3"}}
    tasks = {"a": number(constant(1), **when), "b": number(result("a")), "c": number(constant(4), **when)}
    ran = run(dag(tasks))
    assert ran.states == {"a": "skipped", "b": "skipped", "c": "succeeded"}
    assert "its condition is false" in ran.why["a"]
    assert ran.why["b"] == "a was skipped"
    assert ran.ended.state is State.SUCCEEDED


def test_the_branch_that_ran_gives_the_output() -> None:
    branch = dag({"n": number(outer("x"))}, ports(x="int"), ports(o="int"), {"o": given("n")})
    either = dag(
        {
            "one": task("branch", inputs={"x": outer("x")}, triggerPolicy={"condition": f"{X} == 1"}),
            "two": task("branch", inputs={"x": outer("x")}, triggerPolicy={"condition": f"!({X} == 1)"}),
        },
        ports(x="int"),
        ports(o="int"),
        {
            "o": {
                "valueFromOneof": {"parameterSelectors": [given(n, "o")["valueFromParameter"] for n in ("one", "two")]}
            }
        },
    )
    root = dag(
        {"either": task("either", inputs={"x": outer("x")}), "after": number(result("either", "o"))}, ports(x="int")
    )
    for x in (1, 2):
        ran = run(root, PARTS | {"branch": branch, "either": either}, given_inputs={"x": x})
        assert ran.inputs["after"] == {"x": x}
        assert ran.ended.state is State.SUCCEEDED


def test_a_failure_stops_what_needs_it_and_nothing_else() -> None:
    tasks = {
        "bad": task("fails"),
        "after": number(result("bad")),
        "free": number(constant(1)),
        "later": number(result("free")),
        "any": task("last", "bad", triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}),
    }
    ran = run(dag(tasks))
    states = {"bad": "failed", "after": "skipped", "free": "succeeded", "later": "succeeded", "any": "succeeded"}
    assert ran.states == states
    assert ran.why["after"] == "bad failed"
    assert (ran.ended.state, ran.ended.why) == (State.FAILED, "bad failed")


def test_fail_fast_begins_nothing_after_a_failure() -> None:
    tasks = {
        "bad": task("fails"),
        "free": number(constant(1), "bad-too"),
        "bad-too": task("fails"),
        "any": task("last", "bad", triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}),
    }
    ran = run(dag(tasks), jobs=1, fail_fast=True)
    assert ran.states["bad"] == "failed"
    assert ran.states["free"] == ran.states["bad-too"] == "skipped"
    assert ran.states["any"] == "succeeded"


@pytest.mark.parametrize(("component", "state"), [("fails", "FAILED"), ("number", "SUCCEEDED")])
def test_an_exit_handler_learns_how_the_steps_ended(component: str, state: str) -> None:
    body = dag({"step": task(component, inputs={"x": constant(1)} if component == "number" else {})})
    root = dag(
        {
            "body": task("body"),
            "last": task(
                "last",
                inputs={"status": {"taskFinalStatus": {"producerTask": "body"}}},
                triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
            ),
        }
    )
    ran = run(root, PARTS | {"body": body})
    status = ran.inputs["last"]["status"]
    assert (status["state"], status["pipelineTaskName"]) == (state, "body")
    assert bool(status["error"]) is (state == "FAILED")
    assert ran.ended.state is (State.FAILED if state == "FAILED" else State.SUCCEEDED)


def loop(items: Json, **more: Any) -> Json:  # noqa: ANN401 (parts of a task)
    return task("loop", parameterIterator={"items": items, "itemInput": "item"}, **more)


BODY = dag({"n": number(outer("item"))}, ports(item="int"), ports(all="list"), {"all": given("n")})


def test_a_loop_gathers_its_outputs_in_order() -> None:
    root = dag({"loop": loop({"raw": "[3, 1, 2]"}), "after": executed_list()}, None, ports(o="list"), GIVEN_ALL)
    ran = run(root, PARTS | {"loop": BODY, "list": executed("list", ports(all="list"))})
    assert ran.inputs["after"] == {"all": [3, 1, 2]}
    assert {path for path in ran.states if path.endswith("/n")} == {"loop/0/n", "loop/1/n", "loop/2/n"}
    assert ran.ended.outputs["o"] == Gathered(items=tuple(Parameter(value=each) for each in (3, 1, 2)))


GIVEN_ALL = {"o": given("loop", "all")}


def executed_list() -> Json:
    return task("list", inputs={"all": result("loop", "all")})


def test_loops_in_loops_give_one_flat_list() -> None:
    inner = dag({"loop": loop({"raw": "[1, 2]"})}, ports(item="int"), ports(all="list"), {"all": given("loop", "all")})
    root = dag(
        {"outer": task("outer", parameterIterator={"items": {"raw": "[7, 8]"}, "itemInput": "item"})},
        None,
        ports(o="list"),
        {"o": given("outer", "all")},
    )
    ran = run(root, PARTS | {"loop": BODY, "outer": inner})
    assert plain_value(ran.ended.outputs["o"]) == [1, 2, 1, 2]


def test_what_goes_to_a_string_is_a_text_as_in_kfps_driver() -> None:
    # kfp takes the items of a list without a type for Strings, and writes a condition that compares texts.
    only = {"triggerPolicy": {"condition": "inputs.parameter_values['item'] == '2'"}}
    takes = task("takes", inputs={"item": outer("item")}, **only)
    body = dag({"takes": takes}, ports(item="str"))
    parts = {"takes": executed("takes", ports(item="str")), "loop": body}
    ran = run(dag({"loop": loop({"raw": "[1, 2]"})}), parts)
    assert ran.inputs == {"loop/1/takes": {"item": "2"}}
    inner = dag({"loop": loop({"inputParameter": "item"}, inputs={"item": outer("item")})}, ports(item="str"))
    rows = task("rows", parameterIterator={"items": {"raw": "[[2], [3, 2]]"}, "itemInput": "item"})
    ran = run(dag({"rows": rows}), parts | {"rows": inner})
    assert list(ran.inputs) == ["rows/0/loop/0/takes", "rows/1/loop/1/takes"]


def test_a_loop_over_nothing_succeeds() -> None:
    root = dag({"loop": loop({"raw": "[]"}), "after": executed_list()})
    ran = run(root, PARTS | {"loop": BODY, "list": executed("list", ports(all="list"))})
    assert ran.inputs == {"after": {"all": []}}
    assert ran.ended.state is State.SUCCEEDED


def test_a_loop_takes_members_of_its_items_from_an_input() -> None:
    selector = {"parameterExpressionSelector": 'parseJson(string_value)["a"]'}
    body = dag({"n": number(outer("item") | selector)}, ports(item="dict", many="list"))
    root = dag(
        {
            "loop": task(
                "loop",
                inputs={"many": outer("many")},
                parameterIterator={"items": {"inputParameter": "many"}, "itemInput": "item"},
            )
        },
        ports(many="list"),
    )
    ran = run(root, PARTS | {"loop": body}, given_inputs={"many": [{"a": 1}, '{"a": 2}']})
    assert ran.inputs == {"loop/0/n": {"x": 1}, "loop/1/n": {"x": 2}}
    ran = run(root, PARTS | {"loop": body}, given_inputs={"many": [{"b": 1}]})
    assert ran.ended.state is State.FAILED
    assert "takes the member 'a'" in ran.why["loop/0/n"]
    ran = run(root, PARTS | {"loop": body}, given_inputs={"many": 5})
    assert "expected a list" in ran.why["loop"]


def test_a_failed_iteration_fails_the_loop_and_the_others_go_on() -> None:
    def work(call: StepCall) -> Ended:
        x = plain_value(call.inputs["x"])
        return Ended(state=State.FAILED if x == 1 else State.SUCCEEDED, outputs={"Output": Parameter(value=x)})

    root = dag({"loop": loop({"raw": "[1, 2]"}, iteratorPolicy={"parallelismLimit": 1})})
    ran = run(root, PARTS | {"loop": BODY}, work=work)
    assert ran.states == {"loop/0/n": "failed", "loop/1/n": "succeeded", "loop": "failed"}
    assert ran.why["loop"] == "iteration 0 failed"
    ran = run(root, PARTS | {"loop": BODY}, work=work, fail_fast=True)
    assert ran.states == {"loop/0/n": "failed", "loop": "failed"}


def test_a_loop_of_one_component_has_a_state_for_each_iteration() -> None:
    def work(call: StepCall) -> Ended:
        return Ended(state=State.FAILED if plain_value(call.inputs["x"]) == 1 else State.SUCCEEDED)

    items = {"items": {"raw": "[1, 2]"}, "itemInput": "x"}
    root = dag({"loop": task("number", parameterIterator=items, iteratorPolicy={"parallelismLimit": 1})})
    assert run(root, work=work).states == {"loop/0": "failed", "loop/1": "succeeded", "loop": "failed"}
    assert run(root, work=work, fail_fast=True).states == {"loop/0": "failed", "loop": "failed"}


@pytest.mark.parametrize("most", [0, 1, 2, 3])
def test_iterations_that_end_at_once_begin_no_more_than_there_are(most: int) -> None:
    skipped = number(constant(1), triggerPolicy={"condition": f"int({X}) > 3"})
    fails = number(constant("a"), triggerPolicy={"condition": f"int({X}) > 3"})
    limited = {"loop": loop({"raw": "[1, 2, 3]"}, iteratorPolicy={"parallelismLimit": most})}
    for step, state, fail_fast in ((skipped, "succeeded", False), (fails, "failed", False), (fails, "failed", True)):
        body = dag({"n": step}, ports(item="int"))
        assert run(dag(limited), PARTS | {"loop": body}, fail_fast=fail_fast).states["loop"] == state


def _most_at_once(jobs: int, limit: int) -> int:
    """Run six iterations; each waits until as many as possible are there."""
    together, lock, count, most = threading.Barrier(min(jobs, limit)), threading.Lock(), 0, 0

    def work(call: StepCall) -> Ended:
        nonlocal count, most
        with lock:
            count += 1
            most = max(most, count)
        together.wait(30)
        with lock:
            count -= 1
        together.wait(30)
        return Ended(state=State.SUCCEEDED, outputs={"Output": call.inputs["x"]})

    items = {"raw": "[1, 2, 3, 4, 5, 6]"}
    root = dag({"loop": loop(items, iteratorPolicy={"parallelismLimit": limit})})
    assert run(root, PARTS | {"loop": BODY}, work=work, jobs=jobs).ended.state is State.SUCCEEDED
    return most


@pytest.mark.parametrize(("jobs", "limit"), [(3, 2), (2, 3), (1, 6)])
def test_as_many_iterations_run_at_once_as_loop_and_user_allow(jobs: int, limit: int) -> None:
    assert _most_at_once(jobs, limit) == min(jobs, limit)


def test_steps_that_do_not_need_one_another_run_at_once() -> None:
    both = threading.Barrier(2)

    def work(_: StepCall) -> Ended:
        both.wait(30)
        return Ended(state=State.SUCCEEDED)

    assert run(dag({"a": task("last"), "b": task("last")}), work=work).ended.state is State.SUCCEEDED


def test_a_step_without_a_required_input_says_where_it_should_come_from() -> None:
    branch = dag({"n": number(constant(1))}, None, ports(o="int"), {"o": given("n")})
    never = {"triggerPolicy": {"condition": "1 == 2"}}
    outer_dag = dag({"branch": task("branch", **never)}, None, ports(o="int"), {"o": given("branch", "o")})
    root = dag({"maybe": task("outer"), "after": number(result("maybe", "o"))})
    ran = run(root, PARTS | {"branch": branch, "outer": outer_dag})
    assert ran.states["after"] == "failed"
    assert ran.why["after"] == "the input 'x' has no value: maybe gave no 'o'"


def test_a_condition_that_cannot_be_worked_out_fails_its_step() -> None:
    ran = run(dag({"a": number(constant("text"), triggerPolicy={"condition": f"{X} > 3"})}))
    assert ran.states == {"a": "failed"}
    assert "have no order" in ran.why["a"]


def test_too_many_iterations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PIPELINE_STEPS", "20")
    ran = run(dag({"loop": loop({"raw": str([*range(30)])})}), PARTS | {"loop": BODY})
    assert ran.states == {"loop": "failed"}
    assert "exceeds the limit of 20 items" in ran.why["loop"]


def test_a_thousand_iterations_need_no_deep_stack() -> None:
    root = dag({"loop": loop({"raw": str([*range(1500)])}, iteratorPolicy={"parallelismLimit": 1})})
    assert run(root, PARTS | {"loop": dag({})}).ended.state is State.SUCCEEDED


def test_a_fault_of_ours_is_not_a_failed_step() -> None:
    def work(_: StepCall) -> Ended:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(dag({"a": task("last")}), work=work)


def test_an_error_of_a_step_is_kept() -> None:
    def work(_: StepCall) -> Ended:
        return Ended(state=State.FAILED, error=InputError("why"))

    assert isinstance(run(dag({"a": task("last")}), work=work).ended.error, InputError)
