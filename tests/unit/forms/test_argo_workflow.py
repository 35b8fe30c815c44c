"""Workflows of one run, whose values arrive as they are."""

import json
from typing import Any, cast

import pytest

from tests.unit.forms.test_argo_template import CONTRACT, PATH, contract
from toolkit.config.argo import ArgoSettings
from toolkit.errors import InputError
from toolkit.forms.argo_step import LARGEST_WORKFLOW, written
from toolkit.forms.argo_workflow import Collected, workflow
from toolkit.spec.reader import parse_component

HOSTILE = "{{workflow.name}} {{=1+1}} {{$}} {{{ }} \"q\" 'q' \\ $HOME $$ $(HOSTNAME) ä😀 </x>&\n\ttwo\n"


def template(text: str, values: dict[str, str], **more: Any) -> dict[str, Any]:  # noqa: ANN401 (the writer's own)
    """Return the template of a contract's workflow."""
    spec = parse_component(text, PATH)
    defaults: dict[str, Any] = {"artifacts": {}, "settings": ArgoSettings(restricted=False)}
    document = workflow(spec, values=values, **(defaults | more))
    return cast("dict[str, Any]", document["spec"]["templates"][0])


def patched_args(step: dict[str, Any]) -> list[str]:
    """Return the arguments as Kubernetes gets them from the patch, and as the program gets them from Kubernetes."""
    assert "{{" not in step["podSpecPatch"]
    (container,) = json.loads(step["podSpecPatch"])["containers"]
    assert container["name"] == "main"
    return [word.replace("$$", "$") for word in container["args"]]


def test_only_what_is_given_stands_on_the_command_line() -> None:
    place = {"s3": {"bucket": "b", "key": "k"}}
    step = template(CONTRACT, {"c": "2", "kind": "a"}, artifacts={"Training data": place, "seed": place})
    assert step["inputs"]["artifacts"][0] == {
        "name": "Training-data",
        "path": "/tmp/inputs/Training_data/data",  # noqa: S108 (in a container)
        **place,
    }
    assert step["container"]["command"] == ["run"]
    assert step["container"]["args"][1:] == [
        "--c=2",
        "/tmp/inputs/seed/data",  # noqa: S108 (in a container)
        "--silent",
        "--kind",
        "a",
        "/tmp/outputs/model/data",  # noqa: S108 (likewise)
        "/tmp/outputs/score/data",  # noqa: S108 (likewise)
        "{{$$}}",
    ]
    assert "podSpecPatch" not in step


def test_values_arrive_as_they_are() -> None:
    text = contract("[{name: a, type: String}, {name: b, type: String}]", "[{inputValue: a}, {inputValue: b}]")
    assert patched_args(template(text, {"a": HOSTILE, "b": ""})) == [HOSTILE, ""]
    # Without braces nothing needs the patch.
    assert template(text, {"a": "5 $ {a}", "b": ""})["container"]["args"] == ["5 $$ {a}", ""]


def test_a_document_keeps_every_character() -> None:
    import yaml

    text = contract("[{name: a, type: String}]", "[{inputValue: a}]")
    spec = parse_component(text, PATH)
    document = workflow(spec, values={"a": HOSTILE}, artifacts={}, settings=ArgoSettings())
    assert yaml.safe_load(written(document)) == document


def test_braces_of_the_command_and_of_variables_are_kept() -> None:
    text = (
        "name: n\nimplementation: {container: {image: i, command: [sh, -c, 'echo {{item}} $A'], args: [x],"
        " env: {A: '{{pod.name}}', B: $A}}}\n"
    )
    step = template(text, {})
    assert step["container"]["command"] == ["sh"]
    assert patched_args(step) == ["-c", "echo {{item}} $A", "x"]
    assert step["container"]["env"] == [{"name": "B", "value": "$$A"}]
    assert json.loads(step["podSpecPatch"])["containers"][0]["env"] == [{"name": "A", "value": "{{pod.name}}"}]


LAUNCHED = contract("[{name: a, type: String}]", "[--a, {inputValue: a}]", "[python, /opt/comp/launch.py, n]")


def test_a_long_value_travels_in_a_file_of_the_launcher() -> None:
    step = template(LAUNCHED, {"a": "{{x}}" + "y" * 140_000})
    values = "/tmp/comp/values.json"  # noqa: S108 (in a container)
    assert [*step["container"]["command"], *step["container"]["args"]][2:] == ["n", "--comp:values", values]
    (file,) = step["inputs"]["artifacts"]
    assert file["path"] == values
    assert "{{" not in file["raw"]["data"]
    assert json.loads(file["raw"]["data"]) == {"a": "{{x}}" + "y" * 140_000}
    place = {"s3": {"key": "k"}}
    (file,) = template(LAUNCHED, {"a": "y" * 140_000}, collected=Collected(values=place))["inputs"]["artifacts"]
    assert file == {"name": "comp-values-", "path": values, **place}


def test_a_dollar_is_doubled_only_where_kubernetes_sees_it() -> None:
    text = contract("[{name: a, type: String}, {name: b, type: String}]", "[{inputValue: a}, {inputValue: b}]")
    short, long = "$" * 100, "x" * 100_000
    assert template(text, {"a": short, "b": long})["container"]["args"] == ["$" * 200, long]
    # Argo hands these over in a file.
    assert template(text, {"a": "$" + long, "b": long})["container"]["args"] == ["$" + long, long]
    with pytest.raises(InputError, match="has 131026 bytes and a `\\$`"):
        template(text, {"a": "$" * 1000, "b": "x" * 130_019})


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        (contract("[{name: a, type: String}]", "[{inputValue: a}]"), {"a": "x" * 140_000}, "longer than 131071 bytes"),
        (LAUNCHED, {"a": "x" * LARGEST_WORKFLOW}, "more than the 1000000 that Kubernetes can hold"),
        (contract("[{name: a, type: String}]", "[{inputPath: a}]"), {"a": "{{x}}"}, "has '{{' in it, which Argo"),
        (contract("[{name: a, type: String}]", "[]", "[{inputValue: a}]"), {"a": "{{x}}"}, "the first word"),
    ],
)
def test_values_that_no_workflow_can_hold(text: str, values: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        template(text, values)


def test_a_runner_collects_what_there_is_and_the_metadata() -> None:
    step = template(
        CONTRACT,
        {"c": "1", "kind": "a"},
        artifacts={"Training data": {"s3": {"key": "k"}}, "seed": {"s3": {"key": "l"}}},
        collected=Collected(metadata={"Training data": {"s3": {"key": "m"}}}),
    )
    assert step["inputs"]["artifacts"][-1] == {
        "name": "comp-metadata-0-",
        "path": "/tmp/inputs/Training_data/data.metadata.json",  # noqa: S108 (in a container)
        "s3": {"key": "m"},
    }
    assert all(artifact["optional"] for artifact in step["outputs"]["artifacts"])
    assert step["outputs"]["artifacts"][-1]["path"] == "/tmp/outputs/model/data.metadata.json"  # noqa: S108 (likewise)
    assert all(value["valueFrom"]["default"] == "" for value in step["outputs"]["parameters"])


def test_settings_and_declarations_reach_the_pod() -> None:
    text = (
        "name: n\nmetadata:\n  annotations:\n"
        '    comp.resources: \'{"cpu": "500m", "memory": "1Gi",'
        ' "accelerator": {"type": "nvidia.com/gpu", "count": 2}}\'\n'
        '    comp.env: \'{"TOKEN": {"secret": "s", "key": "k"}, "MODE": {"config-map": "c", "key": "m"}}\'\n'
        "implementation: {container: {image: i, command: [run], env: {A: b}}}\n"
    )
    settings = ArgoSettings(namespace="ml", service_account="me", image_pull_secrets=("pull",), retries=3)
    document = workflow(parse_component(text, PATH), values={}, artifacts={}, settings=settings, name="n-1")
    assert document["metadata"]["name"] == "n-1"
    assert document["metadata"]["namespace"] == "ml"
    assert document["spec"]["serviceAccountName"] == "me"
    assert document["spec"]["imagePullSecrets"] == [{"name": "pull"}]
    (step,) = document["spec"]["templates"]
    assert "metadata" not in step
    assert step["retryStrategy"] == {"limit": "3"}
    container = step["container"]
    assert container["resources"] == {"limits": {"cpu": "500m", "memory": "1Gi", "nvidia.com/gpu": "2"}}
    assert container["env"] == [
        {"name": "A", "value": "b"},
        {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "m"}}},
    ]
