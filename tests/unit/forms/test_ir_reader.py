"""Reading IR: everything that is not a single component is refused, with its place."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contracts import TRAIN
from toolkit.errors import InputError
from toolkit.forms.ir import ir_document, write_ir
from toolkit.forms.ir_reader import parse_ir
from toolkit.spec.model import ConcatPlaceholder, PortPlaceholder
from toolkit.spec.reader import parse_component

PATH = Path("component.yaml")


def test_names_of_ports_that_ir_has_and_contracts_would_not_get_are_kept() -> None:
    spec = parse_component(TRAIN, PATH)
    document = yaml.safe_load(write_ir(spec).replace("score", "Score"))
    read = parse_ir(yaml.safe_dump(document), PATH)
    score = next(port for port in read.interface.outputs if port.name == "Score")
    assert score.annotations == {"ir_name": "Score"}
    assert ir_document(read)["components"] == document["components"]


def _changed(change: Any) -> str:  # noqa: ANN401 (a function over any document)
    document = json.loads(json.dumps(ir_document(parse_component(TRAIN, PATH))))
    change(document)
    return yaml.safe_dump(document)


CONTAINER = ("deploymentSpec", "executors", "exec-train-model", "container")


def _set(document: Any, *place: Any) -> None:  # noqa: ANN401 (any document)
    *keys, last, value = place
    for key in keys:
        document = document[key]
    document[last] = value


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((*CONTAINER, "resources", {"cpuLimit": 1.0}), "no form of .*container.resources"),
        (("root", "dag", "tasks", "train-model", "retryPolicy", {}), "no form of .*retryPolicy"),
        (("root", "dag", "tasks", "train-model", "cachingOptions", {}), "enableCache is missing"),
        (("root", "inputDefinitions", "parameters", "c", "defaultValue", 2.0), "defaultValue is '2.0'"),
        (("components", "comp-other", {}), "this is a pipeline: components has 2 entries"),
        (("pipelineInfo", "name", "other"), "this is the pipeline 'other' around 'comp-train-model'"),
        (("pipelineInfo", "displayName", 5), "is not a text"),
        (("components", "comp-train-model", []), "is not a mapping"),
        ((*CONTAINER, "args", "x"), "args is not a list"),
        ((*CONTAINER, "args", [5]), "args.0 is not a text"),
        ((*CONTAINER, "args", ['{"IfPresent": {"InputName": "c"}}']), "not a placeholder of KFP 2"),
        ((*CONTAINER, "env", [5]), "env is not a mapping"),
        (
            ("deploymentSpec", "executors", "exec-train-model", {"importer": {}}),
            "is an importer, which runs no container",
        ),
        (("deploymentSpec", "executors", "exec-train-model", {"resolver": {}}), "does not run a container"),
    ],
)
def test_documents_of_more_than_a_component_are_refused(place: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parse_ir(_changed(lambda document: _set(document, *place)), PATH)
    assert caught.value.where is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# comp: {\npipelineInfo: {}\n", "the comment '# comp:' cannot be read"),
        ('# comp: {"inputs": {"a": {"name": 5}}}\npipelineInfo: {}\n', "the comment '# comp:' cannot be read"),
        ("", "the document is empty"),
        ("# nothing\n", "the document is empty"),
        ("pipelineInfo: [\n", "not valid YAML"),
        ("pipelineInfo: 5\n", "pipelineInfo is not a mapping"),
    ],
)
def test_broken_ir(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse_ir(text, PATH)


def test_a_text_with_placeholders_is_a_concat() -> None:
    spec = parse_ir(
        _changed(lambda document: _set(document, *CONTAINER, "args", ["--c={{$.inputs.parameters['c']}}!"])), PATH
    )
    assert spec == parse_ir(write_ir(spec), PATH)
    assert spec.container.args == (
        ConcatPlaceholder(items=("--c=", PortPlaceholder(kind="inputValue", port="c"), "!")),
    )
