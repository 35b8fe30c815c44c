"""Steps that KFP 2's server cannot start, found in a compiled pipeline; as its double in the tests decides."""

from typing import Any

import pytest

from tests.kfp_driver import DriverError, command_line, executor_input
from toolkit.forms.kfp_server import server_problems

RATE = "{{$.inputs.parameters['rate']}}"
TABLE = "{{$.inputs.artifacts['table'].path}}"
MODEL = "{{$.outputs.artifacts['model'].path}}"
TESTED = '{"IfPresent": {"InputName": "table", "Then": ["--t", "{{$.inputs.artifacts[\'table\'].path}}"]}}'
OURS = ["python", "/opt/comp/launch.py", "n"]


def _document(
    args: list[str], *, given: dict[str, Any] | None = None, artifact: bool = False, command: list[str] | None = None
) -> dict[str, Any]:
    """Return the IR of a pipeline of one step, with an optional input `rate` that has a default."""
    inputs: dict[str, Any] = {"parameters": given or {}}
    if artifact:
        inputs["artifacts"] = {"table": {"taskOutputArtifact": {}}}
    component = {
        "executorLabel": "exec-n",
        "inputDefinitions": {
            "parameters": {"rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5, "isOptional": True}},
            "artifacts": {"table": {"isOptional": True}},
        },
        "outputDefinitions": {"artifacts": {"model": {}}},
    }
    root = {
        "inputDefinitions": {"parameters": {"p": {"isOptional": True}, "q": {"isOptional": True, "defaultValue": 1}}},
        "dag": {"tasks": {"train": {"componentRef": {"name": "comp-n"}, "inputs": inputs}}},
    }
    executor = {"container": {"image": "i", "command": command or ["run"], "args": args}}
    return {
        "root": root,
        "components": {"comp-n": component},
        "deploymentSpec": {"executors": {"exec-n": executor}},
    }


CONSTANT = {"rate": {"runtimeValue": {"constant": 0.25}}}


@pytest.mark.parametrize(
    ("args", "given", "message"),
    [
        ([RATE], None, "the step 'train': KFP 2.17's server fails where 'rate' is left to its default"),
        ([RATE], CONSTANT, ""),
        ([f"--rate={RATE}"], None, "fails where 'rate'"),
        ([f'{{"IfPresent": {{"InputName": "rate", "Then": ["{RATE}"], "Else": ["1"]}}}}'], None, ""),
        ([f'{{"IfPresent": {{"InputName": "rate", "Then": "{RATE}"}}}}'], CONSTANT, ""),
        ([f'{{"IfPresent": {{"InputName": "table", "Then": "a", "Else": "{RATE}"}}}}'], None, "fails where 'rate'"),
        ([f'{{"IfPresent": {{"InputName": "rate", "Then": [{{"Concat": ["{RATE}"]}}]}}}}'], None, ""),
        ([f'{{"IfPresent": {{"InputName": "rate", "Then": [{{"Concat": ["{RATE}"]}}]}}}}'], CONSTANT, "inside of `if`"),
        ([f'{{"Concat": ["--rate=", "{RATE}"]}}'], CONSTANT, "passes the JSON"),
        ([f'{{"IfPresent": {{"InputName": "rate", "Then": ["{MODEL}"]}}}}'], None, "passes the JSON"),
        ([f"{RATE}:{MODEL}"], None, ""),
        (["{{$}}", MODEL, TABLE], None, ""),
    ],
)
def test_a_step_that_cannot_start_is_named(args: list[str], given: dict[str, Any] | None, message: str) -> None:
    document = _document(args, given=given)
    problems = list(server_problems(document))
    assert len(problems) == bool(message)
    assert all(message in problem.message and problem.help for problem in problems)
    component, container = document["components"]["comp-n"], document["deploymentSpec"]["executors"]["exec-n"]
    task = document["root"]["dag"]["tasks"]["train"]
    try:
        words = command_line(container["container"], component, executor_input(component, task))
    except DriverError:
        assert message
    else:
        assert any(word.startswith(('{"IfPresent"', '{"Concat"')) for word in words) == bool(message)


@pytest.mark.parametrize(("source", "found"), [("p", True), ("q", False)])
def test_an_input_of_the_pipeline_may_be_null(source: str, *, found: bool) -> None:
    document = _document([RATE], given={"rate": {"componentInputParameter": source}})
    assert bool(list(server_problems(document))) is found


@pytest.mark.parametrize(
    ("artifact", "command", "found"), [(True, None, True), (True, OURS, False), (False, None, False)]
)
def test_an_artifact_that_is_given_is_named(command: list[str] | None, *, artifact: bool, found: bool) -> None:
    problems = list(server_problems(_document([TESTED], artifact=artifact, command=command)))
    assert [problem.message for problem in problems] == (
        ["the step 'train': KFP 2.17's server takes its artifact 'table' for absent"] if found else []
    )


@pytest.mark.parametrize("text", ['{"IfPresent": x', '{"IfPresent": []}', '{"IfPresent": 5}'])
def test_a_text_like_a_condition_is_named(text: str) -> None:
    (problem,) = server_problems(_document([text]))
    assert "for a condition, and fails" in problem.message


def test_importers_and_pipelines_have_no_command_line() -> None:
    document = _document([])
    document["deploymentSpec"]["executors"]["exec-n"] = {"importer": {}}
    assert not list(server_problems(document))
    assert not list(server_problems({"root": {}}))
