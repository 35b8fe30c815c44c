"""Pipelines read from IR: every construct becomes data, and what is not understood is refused with its line."""

from pathlib import Path
from typing import Any

import pytest

from tests.pipelines import (
    Json,
    constant,
    dag,
    executed,
    file_of,
    given,
    outer,
    pipeline,
    ports,
    result,
    task,
    written,
)
from toolkit.errors import InputError
from toolkit.pipelines.graph import (
    Component,
    Constant,
    Dag,
    DagInput,
    FinalStatus,
    Importer,
    Loop,
    Pipeline,
    Retry,
    Step,
    StepOutput,
    walk,
)
from toolkit.pipelines.graph_reader import parse_pipeline

PATH = Path("p.yaml")
NUMBER = executed("number", ports(x="int"), ports(Output="int"))


def read(document: Json, more: str = "") -> Pipeline:
    return parse_pipeline(written(document) + more, PATH)


def steps(document: Json, more: str = "") -> dict[str, Step]:
    return {step.name: step for _, step in walk(read(document, more).root)}


def one(**parts: Any) -> Json:  # noqa: ANN401 (any value)
    """A pipeline of one task with these parts."""
    parts = {"inputs": {"x": constant(1)}} | parts
    return pipeline(dag({"number": task("number", **parts)}), {"number": NUMBER})


def test_steps_stand_after_those_that_they_need() -> None:
    root = dag(
        {
            "a": task("number", "z", inputs={"x": result("b")}),
            "b": task("number", inputs={"x": outer("n")}),
            "z": task("number", "b", inputs={"x": constant(2.0)}),
        },
        ports(n="int"),
        ports(out="int"),
        {"out": given("a")},
    )
    got = read(pipeline(root, {"number": NUMBER}))
    assert [step.name for step in got.root.steps] == ["b", "z", "a"]
    assert got.root.steps[2].inputs == {"x": StepOutput(step="b", output="Output")}
    assert got.root.steps[2].after == ("z", "b")
    assert got.root.steps[0].inputs == {"x": DagInput(name="n")}
    assert got.root.steps[1].inputs == {"x": Constant(value=2.0)}
    assert got.root.outputs == {"out": (StepOutput(step="a", output="Output"),)}
    assert [port.name for port in got.interface.inputs] == ["n"]
    assert str(got.root.steps[2].where).startswith("p.yaml:")


def test_a_container_has_its_arguments_resources_and_settings() -> None:
    container = {
        "image": "image:2",
        "args": ["--x", "{{$.inputs.parameters['x']}}"],
        "env": [{"name": "A", "value": "b"}, {"name": "EMPTY"}],
        "resources": {
            "cpuLimit": 1.0,
            "resourceCpuLimit": "1",
            "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "2"},
        },
    }
    document = one()
    document["deploymentSpec"]["executors"]["exec-number"] = {"container": container}
    settings = {"imagePullPolicy": "Always"}
    second = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {"exec-number": settings}}}}}
    work = steps(document, "---\n" + written(second))["number"].work
    assert isinstance(work, Component)
    assert work.spec.container.image == "image:2"
    assert dict(work.spec.container.env) == {"A": "b", "EMPTY": ""}
    assert (work.resources.cpu_limit, work.resources.accelerator_count) == ("1", "2")
    assert work.settings == settings


def test_a_step_has_its_policies() -> None:
    step = steps(
        one(
            retryPolicy={"maxRetryCount": 3, "backoffDuration": "2.5s", "backoffFactor": 3.0},
            cachingOptions={"enableCache": True, "cacheKey": "k"},
            triggerPolicy={"condition": "inputs.parameter_values['x'] == 1"},
        )
    )["number"]
    assert step.retry == Retry(times=3, wait=2.5, factor=3.0, longest=3600.0)
    assert (step.cached, step.cache_key) == (True, "k")
    assert step.condition is not None
    assert step.condition.holds({"x": 1})


def test_loops_take_constants_and_inputs() -> None:
    inner = dag({"number": task("number", inputs={"x": outer("item") | {"parameterExpressionSelector": SELECTOR}})})
    inner |= {"inputDefinitions": ports(item="dict", many="list")}
    loops = {
        "fixed": task("loop", parameterIterator={"items": {"raw": '[{"a": 1}]'}, "itemInput": "item"}),
        "given": task(
            "loop",
            inputs={"many": outer("many")},
            parameterIterator={"items": {"inputParameter": "many"}, "itemInput": "item"},
            iteratorPolicy={"parallelismLimit": 2},
        ),
    }
    got = steps(pipeline(dag(loops, ports(many="list")), {"loop": inner, "number": NUMBER}))
    assert got["fixed"].loop == Loop(item="item", items=({"a": 1},))
    assert got["given"].loop == Loop(item="item", items="many", most=2)
    assert got["number"].inputs == {"x": DagInput(name="item", members=("a",))}


SELECTOR = 'parseJson(string_value)["a"]'


def test_an_exit_handler_runs_in_any_case_and_knows_the_end() -> None:
    status = {"taskFinalStatus": {"producerTask": "body"}}
    root = dag(
        {
            "body": task("body"),
            "last": task("last", inputs={"status": status}, triggerPolicy={"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}),
        }
    )
    body = dag({"number": task("number", inputs={"x": constant(1)})})
    parts = {"body": body, "last": executed("last", ports(status="status?")), "number": NUMBER}
    last = steps(pipeline(root, parts))["last"]
    assert last.needs == "completed"
    assert last.inputs == {"status": FinalStatus(step="body")}
    assert last.after == ("body",)
    assert last.interface.inputs[0].type == "PipelineTaskFinalStatus"


def test_an_importer_takes_a_constant_or_an_input() -> None:
    importer = {"artifactUri": {"runtimeParameter": "uri"}, "metadata": {"k": "v"}, "reimport": True}
    importer["downloadToWorkspace"] = True
    parts = {"importer": executed("importer", ports(uri="str"), ports(artifact="Dataset"))}
    root = dag({"get": task("importer", inputs={"uri": constant("file:///x")})})
    work = steps(pipeline(root, parts, {"importer": {"importer": importer}}))["get"].work
    assert work == Importer(uri=DagInput(name="uri"), metadata={"k": "v"}, reimport=True, to_workspace=True)


def test_a_component_that_many_steps_use_is_read_once() -> None:
    # Two to the power of 12 steps in 13 components.
    parts: dict[str, Json] = {"level0": NUMBER}
    for level in range(1, 13):
        inputs = {"x": constant(1)} if level == 1 else {}
        tasks = {name: task(f"level{level - 1}", inputs=inputs) for name in ("left", "right")}
        parts[f"level{level}"] = dag(tasks)
    with pytest.raises(InputError) as caught:
        read(pipeline(dag({name: task("level12") for name in ("a", "b")}), parts))
    assert "the number of steps exceeds the limit of 10,000 items" in caught.value.message


def _changed(*place: Any) -> Json:  # noqa: ANN401 (any value)
    document = one()
    part: Any = document
    *keys, last, value = place
    for key in keys:
        part = part[key]
    part[last] = value
    return document


TASK = ("root", "dag", "tasks", "number")
EXECUTOR = ("deploymentSpec", "executors", "exec-number")


@pytest.mark.parametrize(
    ("place", "message", "line"),
    [
        ((*TASK, "future", 1), "'future' in root.dag.tasks.number is not supported", "future"),
        ((*TASK, "componentRef", "name", "comp-numbr"), "the component 'comp-numbr' is not in the document", "numbr"),
        ((*TASK, "dependentTasks", ["other"]), "needs the step 'other', which is not here", "componentRef"),
        ((*TASK, "dependentTasks", ["number"]), "the steps wait for one another: number > number", "componentRef"),
        ((*TASK, "inputs", {}), "the step 'number' needs the input 'x'", "inputs: {}"),
        ((*TASK, "inputs", "parameters", "x", outer("n")), "from the input 'n', which is not there", "ParameterInput"),
        ((*TASK, "inputs", "parameters", "x", {}), "the parameter 'x' has no source", "x: {}"),
        ((*TASK, "inputs", "parameters", "x", {"runtimeValue": {"runtimeParameter": "y"}}), "no source", "runtime"),
        ((*TASK, "triggerPolicy", {"condition": "1 +"}), r"the condition '1 \+' cannot be understood", "1 +"),
        ((*TASK, "triggerPolicy", {"strategy": "NEVER"}), "the strategy 'NEVER' is not supported", "NEVER"),
        ((*TASK, "retryPolicy", {"maxRetryCount": -1}), "maxRetryCount is not a number", "-1"),
        (
            (*TASK, "retryPolicy", {"maxRetryCount": 1, "backoffDuration": "5m"}),
            "'5m' is not a duration such as '10s'",
            "5m",
        ),
        (
            (*TASK, "parameterIterator", {"items": {"raw": "{}"}, "itemInput": "x"}),
            "the items of a loop are '{}', expected a list",
            "raw",
        ),
        ((*EXECUTOR, {"resolver": {}}), "the executor has resolver, expected a container or an importer", "resolver"),
        ((*EXECUTOR, "container", "lifecycle", {}), "'lifecycle' in .* is not supported", "lifecycle"),
        (("components", "comp-number", "executorLabel", "exec-other"), "executor 'exec-other' is not in", "exec-other"),
        (("components", "comp-number", dag({"n": task("number")})), "a step of itself: comp-number > comp-number", ""),
        (("root", "dag", "outputs", {"parameters": {"o": given("nil")}}), "is not a step here: 'nil'", "o:"),
        (("root", "dag", "outputs", {"parameters": {"o": given("number", "Out")}}), "has no output 'Out'", "o:"),
        (("root", "dag", []), "root.dag is not a mapping", ""),
        (("pipelineInfo", {}), "pipelineInfo.name is not a text", ""),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(place: tuple[Any, ...], message: str, line: str) -> None:
    text = written(_changed(*place))
    with pytest.raises(InputError, match=message) as caught:
        parse_pipeline(text, PATH)
    where = caught.value.where
    assert where is not None
    assert where.line is not None
    # The line itself, or the one before: a mapping begins below its key.
    assert line.removesuffix("Input") in "\n".join(text.splitlines()[where.line - 2 : where.line])


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "the file is empty", "comp pipeline compile"),
        ("implementation: {}\n", "pipelineInfo is missing", "`comp run` runs it"),
        ("pipelineInfo: {name: x}\nimplementation: {}\n", "'implementation' is not supported", "known here"),
        ("components: {}\n", "pipelineInfo is missing", "comp pipeline compile"),
        ("apiVersion: x\nkind: PipelineVersion\n", "pipelineInfo is missing", "without --kubernetes-manifest-format"),
        ("a: 1\n---\nb: 1\n---\nc: 1\n", "a third document follows", ""),
        ("[]\n", "the document is not a mapping", ""),
    ],
)
def test_other_documents_are_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pipeline(text, PATH)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_dag_in_a_dag_keeps_its_steps() -> None:
    inner = dag({"number": task("number", inputs={"x": outer("n")})}, ports(n="int"))
    root = dag({"make": task("make"), "inner": task("inner", inputs={"n": result("make")})})
    parts = {"inner": inner, "number": NUMBER, "make": executed("make", None, ports(Output="int", data="Dataset"))}
    got = [("/".join(each.name for each in (*above, step))) for above, step in walk(read(pipeline(root, parts)).root)]
    assert got == ["make", "inner", "inner/number"]
    assert isinstance(steps(pipeline(root, parts))["inner"].work, Dag)
    assert file_of("make") == {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "data"}}
