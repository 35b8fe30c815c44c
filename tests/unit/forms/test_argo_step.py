"""What templates for Argo have in common: names, paths, ports, and the document around them."""

from pathlib import Path

import pytest
import yaml

from toolkit.config.argo import ArgoSettings
from toolkit.errors import InputError
from toolkit.forms.argo_step import (
    LARGEST_WORKFLOW,
    argo_name,
    check_names,
    check_size,
    document_of,
    leading_words,
    output_path,
    output_ports,
    port_path,
    taken_by_path,
    template_of,
    written,
)
from toolkit.forms.argo_words import CommandLine
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import parse_component


def _spec(more: str = "", container: str = "image: i") -> ComponentSpec:
    return parse_component(f"name: n\n{more}\nimplementation: {{container: {{{container}}}}}\n", Path("c.yaml"))


def _template(spec: ComponentSpec, line: CommandLine) -> dict[str, object]:
    return template_of(spec, "n", ports={"inputs": {}}, line=line, settings=ArgoSettings(restricted=False))


@pytest.mark.parametrize(
    ("port", "name", "path"),
    [
        ("model", "model", "/tmp/outputs/model/data"),  # noqa: S108 (in a container)
        ("Training data (m²)", "Training-data-m", "/tmp/outputs/Training_data_m_/data"),  # noqa: S108 (likewise)
        ("a.b", "a-b", "/tmp/outputs/a.b/data"),  # noqa: S108 (likewise)
        ("../../x", "x", "/tmp/outputs/.._.._x/data"),  # noqa: S108 (likewise)
    ],
)
def test_names_and_paths_of_ports(port: str, name: str, path: str) -> None:
    assert argo_name(port) == name
    assert port_path("outputs", port) == path


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ("inputs: [{name: a b}, {name: a-b}]", "the inputs 'a b' and 'a-b' have the same name in Argo"),
        ("outputs: [{name: a b}, {name: a_b}]", "the outputs 'a b' and 'a_b' have the same path in Argo"),
        ("inputs: [{name: '..'}]", "'..' of the inputs leaves nothing for a name"),
    ],
)
def test_ports_that_argo_cannot_tell_apart(ports: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_names(_spec(ports))


def test_an_input_and_an_output_may_share_a_name() -> None:
    check_names(_spec("inputs: [{name: a}]\noutputs: [{name: a}]"))


def test_outputs_are_artifacts_and_values_also_parameters() -> None:
    spec = _spec(
        "outputs: [{name: my model, type: Model}, {name: n, type: Integer}]",
        "image: i, fileOutputs: {n: /made/n}",
    )
    assert output_path(spec, "n") == "/made/n"
    model = "/tmp/outputs/my_model/data"  # noqa: S108 (in a container)
    assert output_ports(spec) == {
        "parameters": [{"name": "n", "valueFrom": {"path": "/made/n"}}],
        "artifacts": [{"name": "my-model", "path": model}, {"name": "n", "path": "/made/n"}],
    }
    assert output_ports(_spec()) == {}


def test_ports_taken_by_path_are_found_inside_other_placeholders() -> None:
    condition = "{if: {cond: {isPresent: b}, then: [{inputPath: b}]}}"
    spec = _spec(
        "inputs: [{name: a}, {name: b, optional: true}, {name: c}]",
        f"image: i, args: [{{concat: [--a=, {{inputPath: a}}]}}, {condition}, {{inputValue: c}}]",
    )
    assert taken_by_path(spec) == {"a", "b"}


@pytest.mark.parametrize(
    ("command", "count"), [("[]", 0), ("[{inputValue: a}]", 1), ("[sh, -c, {inputValue: a}, x]", 2), ("[sh]", 1)]
)
def test_words_that_every_step_begins_with(command: str, count: int) -> None:
    assert leading_words(_spec("inputs: [{name: a}]", f"image: i, command: {command}")) == count


def test_the_document_names_what_people_see() -> None:
    settings = ArgoSettings(namespace="ml", service_account=None, image_pull_secrets=("pull",))
    spec = _spec("description: 'Fits: a model'")
    document = document_of(spec, "Workflow", {"name": "n-1"}, {"name": "n"}, settings)
    assert document["metadata"] == {
        "name": "n-1",
        "annotations": {
            "workflows.argoproj.io/title": "n",
            "workflows.argoproj.io/description": "Fits: a model",
        },
        "namespace": "ml",
    }
    assert document["spec"] == {
        "entrypoint": "n",
        "imagePullSecrets": [{"name": "pull"}],
        "templates": [{"name": "n"}],
    }
    assert yaml.safe_load(written(document)) == document
    # A template is for any namespace.
    assert "namespace" not in document_of(spec, "WorkflowTemplate", {"name": "n"}, {"name": "n"}, settings)["metadata"]


def test_a_document_that_kubernetes_would_refuse() -> None:
    document_of(_spec(), "Workflow", {"name": "n" * 63}, {"name": "n"}, ArgoSettings())
    with pytest.raises(InputError, match=r"at most 63 characters, and n{64} has 64"):
        document_of(_spec(), "Workflow", {"name": "n" * 64}, {"name": "n"}, ArgoSettings())
    check_size({"a": "x" * (LARGEST_WORKFLOW - 9)})
    with pytest.raises(InputError, match=f"the workflow has {LARGEST_WORKFLOW + 1} bytes"):
        check_size({"a": "x" * (LARGEST_WORKFLOW - 8)})


def test_a_pod_has_the_notes_that_kubernetes_takes() -> None:
    spec = _spec(
        "metadata: {annotations: {'a b': x, ok: y, a/b: z, more: '{{pod.name}}', comp.env: '{}'},"
        " labels: {bad: 'a b', empty: '', good: c}}"
    )
    template = _template(spec, CommandLine(container={"command": ["run"]}))
    assert template["metadata"] == {"annotations": {"ok": "y", "a/b": "z"}, "labels": {"empty": "", "good": "c"}}
    assert "metadata" not in _template(_spec(), CommandLine(container={}))


def test_references_stand_beside_constants_and_the_patch_is_a_block() -> None:
    spec = _spec('metadata: {annotations: {comp.env: \'{"T": {"secret": "s", "key": "k"}}\'}}')
    line = CommandLine(container={"env": [{"name": "A", "value": "b"}]}, patched=('"args": []',))
    template = _template(spec, line)
    container = template["container"]
    assert isinstance(container, dict)
    assert [variable["name"] for variable in container["env"]] == ["A", "T"]
    assert "inputs" not in template
    assert "podSpecPatch: |-\n" in written(template)
