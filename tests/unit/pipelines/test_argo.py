"""Pipelines as Argo's DAGs: what each task passes on, and what has no form in Argo."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines import Json, constant, dag, executed, file_of, outer, pipeline, ports, result, task, written
from toolkit.errors import InputError
from toolkit.pipelines.argo import write_pipeline
from toolkit.pipelines.graph_reader import parse_pipeline

PATH = Path("p.yaml")
MAKE = executed("make", ports(seed="int"), ports(Output="str", data="Dataset"))
USE = executed("use", ports(x="str", data="Dataset", more="str?"), ports(Output="str"))
CONTAINERS = {
    "make": {"container": {"image": "i", "command": ["make"], "args": ["{{$.inputs.parameters['seed']}}"]}},
    "use": {
        "container": {
            "image": "i",
            "command": ["use"],
            "args": [
                "{{$.inputs.parameters['x']}}",
                "{{$.inputs.artifacts['data'].path}}",
                '{"IfPresent": {"InputName": "more", "Then": ["--more", "{{$.inputs.parameters[\'more\']}}"]}}',
            ],
        }
    },
}
ENCODED = r'{{=replace(toJson(%s), "{", "\\u007b")}}'


def document(tasks: Json, inputs: Json | None = None, components: Json | None = None, **more: Any) -> str:  # noqa: ANN401 (JSON)
    """Return the IR of a pipeline."""
    return written(pipeline(dag(tasks, inputs), {"make": MAKE, "use": USE} | (components or {}), CONTAINERS | more))


def templates(text: str, **more: Any) -> dict[str, Json]:  # noqa: ANN401 (the writer's own)
    """Return the templates of a pipeline, by name."""
    found = write_pipeline(parse_pipeline(text, PATH), **more)["spec"]["templates"]
    return {each["name"]: each for each in found}


def test_a_default_that_argo_would_change_is_refused_in_a_template() -> None:
    inputs = ports(given="str")
    inputs["parameters"]["given"] |= {"defaultValue": "{{workflow.name}}", "isOptional": True}
    text = document({"make": task("make", inputs={"seed": constant(5.0)})}, inputs)
    with pytest.raises(InputError, match=r"the default of 'given' has '\{\{' in it") as caught:
        templates(text)
    assert "--to argo-workflow -i given=…" in (caught.value.hint or "")
    assert templates(text, values={"given": "{{workflow.name}}"})


def test_values_and_artifacts_pass_from_step_to_step() -> None:
    text = document(
        {
            "make": task("make", inputs={"seed": constant(5.0)}),
            "use": task("use", "make", inputs={"x": result("make"), "data": file_of("make"), "more": outer("given")}),
        },
        ports(given="str"),
    )
    found = templates(text, values={"given": "{{x}} $"})
    make, use = found["example"]["dag"]["tasks"]
    assert make == {"name": "make", "template": "example-make"}
    assert use == {
        "name": "use",
        "template": "example-use",
        "depends": "make.Succeeded",
        "arguments": {
            "parameters": [{"name": "x", "value": ENCODED % 'tasks["make"].outputs.parameters["Output"]'}],
            "artifacts": [{"name": "data", "from": "{{tasks.make.outputs.artifacts.data}}"}],
        },
    }
    assert found["example-make"]["container"]["args"] == ["5"]
    assert found["example-use"]["inputs"]["parameters"] == [{"name": "x"}]
    patch = found["example-use"]["podSpecPatch"]
    assert '  fromJSON(inputs.parameters["x"]),\n  "/tmp/inputs/data/data",\n' in patch
    assert r'"--more",' + "\n" + r'  "\u007b\u007bx\u007d\u007d $"' in patch


def test_users_give_the_values_of_a_template() -> None:
    text = document({"use": task("use", inputs={"x": outer("a"), "data": {"componentInputArtifact": "d"}})}, None)
    text = text.replace(
        "root:\n",
        "root:\n  inputDefinitions:\n    parameters: {a: {parameterType: STRING}}\n"
        "    artifacts: {d: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}\n",
    )
    whole = write_pipeline(parse_pipeline(text, PATH))
    assert whole["kind"] == "WorkflowTemplate"
    assert whole["spec"]["arguments"] == {"parameters": [{"name": "a"}]}
    (root, use) = whole["spec"]["templates"]
    assert root["inputs"] == {"parameters": [{"name": "a"}], "artifacts": [{"name": "d"}]}
    (one,) = root["dag"]["tasks"]
    assert one["arguments"]["parameters"] == [{"name": "x", "value": ENCODED % 'inputs.parameters["a"]'}]
    assert one["arguments"]["artifacts"] == [{"name": "data", "from": "{{inputs.artifacts.d}}"}]
    # What is not given leaves no words.
    assert "--more" not in use["podSpecPatch"]


def test_an_optional_input_that_is_not_given_is_left_out() -> None:
    tasks = {
        "make": task("make", inputs={"seed": constant(1.0)}),
        "use": task("use", "make", inputs={"x": constant("a"), "data": file_of("make"), "more": outer("given")}),
    }
    found = templates(document(tasks, ports(given="str?")), values={})
    assert found["example-use"]["container"]["args"] == ["a", "/tmp/inputs/data/data"]  # noqa: S108 (in a container)
    assert "parameters" not in found["example-use"]["inputs"]


def test_a_dag_in_a_dag_passes_on_what_is_encoded() -> None:
    inner = dag(
        {"use": task("use", inputs={"x": outer("q"), "data": {"componentInputArtifact": "d"}})},
        ports(q="str", d="Dataset"),
        ports(res="str"),
        {"res": {"valueFromParameter": {"producerSubtask": "use", "outputParameterKey": "Output"}}},
    )
    text = document(
        {
            "make": task("make", inputs={"seed": constant(1.0)}),
            "sub": task("sub", "make", inputs={"q": result("make"), "d": file_of("make")}),
            "use": task("use", "sub", inputs={"x": result("sub", "res"), "data": file_of("make")}),
        },
        None,
        {"sub": inner},
    )
    found = templates(text, values={})
    (_, _, last) = found["example"]["dag"]["tasks"]
    assert last["arguments"]["parameters"] == [{"name": "x", "value": '{{=tasks["sub"].outputs.parameters["res"]}}'}]
    assert found["example-sub"]["outputs"]["parameters"] == [
        {
            "name": "res",
            "valueFrom": {"expression": (ENCODED % 'tasks["use"].outputs.parameters["Output"]')[3:-2]},
        }
    ]


def test_steps_whose_paths_read_alike_have_templates_of_their_own() -> None:
    make = task("make", inputs={"seed": constant(1)})
    other = task("make", inputs={"seed": constant(2)})
    text = document({"train": task("train"), "train-make": other}, components={"train": dag({"make": make})})
    names = [each["name"] for each in write_pipeline(parse_pipeline(text, PATH))["spec"]["templates"]]
    assert len(names) == len(set(names)) == 4
    found = templates(text)
    tasks = {
        each["name"]: each["template"] for name in ("example", "example-train") for each in found[name]["dag"]["tasks"]
    }
    assert found[tasks["make"]]["container"]["args"] == ["1"]
    assert found[tasks["train-make"]]["container"]["args"] == ["2"]


def test_a_condition_becomes_an_expression() -> None:
    condition = "inputs.parameter_values['x'] == 'a' && int(inputs.parameter_values['n']) > 3"
    one = task("use", "make", inputs={"x": result("make"), "n": constant(5.0), "data": file_of("make")})
    one["triggerPolicy"] = {"condition": condition}
    text = document({"make": task("make", inputs={"seed": constant(1.0)}), "use": one})
    (_, use) = templates(text, values={})["example"]["dag"]["tasks"]
    assert use["when"] == ('{{=((tasks["make"].outputs.parameters["Output"] == "a") && (float("5") > 3))}}')


def looped(items: Json, **inputs: Any) -> str:  # noqa: ANN401 (JSON)
    """Return a pipeline whose second step is done once for each item."""
    use = task("use", "make", inputs={"data": file_of("make"), **inputs})
    use["parameterIterator"] = {"itemInput": "x", "items": items}
    last = task("use", "use", inputs={"x": constant("a"), "data": file_of("make")})
    return document({"make": task("make", inputs={"seed": constant(1.0)}), "use": use, "last": last})


def test_a_loop_has_a_task_for_each_item() -> None:
    (_, use, last) = templates(looped({"raw": '["a", {"b": {}}, 5]'}), values={})["example"]["dag"]["tasks"]
    assert json.loads(use["withParam"]) == ['"a"', r'"\u007b\"b\": \u007b}}"', '"5"']
    assert use["arguments"]["parameters"] == [{"name": "x", "value": "{{item}}"}]
    assert last["depends"] == "use.Succeeded && make.Succeeded"


def test_a_loop_over_a_step_s_values_makes_its_list_when_that_has_ended() -> None:
    text = looped({"inputParameter": "list"}, list=result("make"))
    (_, use, _) = templates(text, values={})["example"]["dag"]["tasks"]
    assert use["withParam"] == (
        '{{=toJson(map(fromJSON(tasks["make"].outputs.parameters["Output"]), '
        r'replace(toJson(type(#) == "string" ? # : toJson(#)), "{", "\\u007b")))}}'
    )


def test_what_a_loop_gives_is_refused_with_its_place() -> None:
    text = looped({"raw": '["a"]'})
    whole = yaml.safe_load(text)
    whole["root"]["dag"]["tasks"]["last"]["inputs"]["parameters"]["x"] = result("use")
    with pytest.raises(InputError, match="the step 'last': it takes what all iterations of 'use' give") as caught:
        templates(written(whole), values={})
    assert caught.value.where
    assert caught.value.where.line


def test_a_python_component_of_kfp_needs_its_launcher() -> None:
    text = document(
        {"make": task("make", inputs={"seed": constant(1.0)})},
        make={"container": {"image": "i", "command": ["python", "-m", "kfp"], "args": ["--executor_input", "{{$}}"]}},
    )
    with pytest.raises(InputError, match="only KFP's own launcher can run it") as caught:
        templates(text, values={})
    assert "comp new --from-function" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"secretNameParameter": {"componentInputParameter": "s"}}, "the secret of its variable TOKEN is not named"),
        ({"secretName": "s", "keyToEnv": [{"envVar": "TOKEN"}]}, "the secret of its variable TOKEN is not named"),
        ({"secretName": "s"}, None),
    ],
)
def test_a_secret_without_a_name_is_refused(entry: Json, message: str | None) -> None:
    entry = {"keyToEnv": [{"secretKey": "k", "envVar": "TOKEN"}]} | entry
    settings = {"kubernetes": {"deploymentSpec": {"executors": {"exec-make": {"secretAsEnv": [entry]}}}}}
    text = document({"make": task("make", inputs={"seed": constant(1)})})
    text += "---\n" + yaml.safe_dump({"platforms": settings})
    if message is not None:
        with pytest.raises(InputError, match=message) as caught:
            templates(text)
        assert caught.value.where is not None
        return
    variable = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert variable in templates(text)["example-make"]["container"]["env"]
