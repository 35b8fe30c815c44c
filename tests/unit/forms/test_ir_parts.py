"""Ports and containers of IR, and the places of what is wrong in them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from toolkit.forms.ir_parts import IrError, dotted, location_of, mapping, read_container, read_interface, text_of
from toolkit.interface.model import Kind
from toolkit.spec.model import IfPlaceholder, IsPresent, PortPlaceholder

PLACE = ("components", "comp-a")
PATH = Path("c.yaml")


def _component(**parameter: object) -> dict[str, Any]:
    """Return a component whose one parameter has these parts."""
    return {"inputDefinitions": {"parameters": {"a": {"parameterType": "STRING", **parameter}}}}


def test_the_place_is_that_of_the_nearest_part_that_exists() -> None:
    node = yaml.compose("a:\n  b:\n  - x\n  - c: 1\n")
    assert node is not None
    places = [("a", "b", 1, "c"), ("a", "b", 0), ("a", "missing", "c"), ()]
    found = [location_of(node, place, PATH) for place in places]
    assert [(where.line, where.column) for where in found] == [(4, 8), (3, 5), (2, 3), (1, 1)]
    assert dotted(("a", "b", 1)) == "a.b.1"


def test_values_of_another_kind_are_refused_with_their_place() -> None:
    assert mapping({"a": 1}, PLACE) == {"a": 1}
    assert text_of("", PLACE) == ""
    with pytest.raises(IrError, match=r"components.comp-a is not a mapping") as caught:
        mapping([], PLACE)
    assert caught.value.place == PLACE
    with pytest.raises(IrError, match="the document is not a mapping"):
        mapping(None, ())
    with pytest.raises(IrError, match=r"components.comp-a is not a text"):
        text_of(5, PLACE)


def test_ports_come_in_the_order_and_with_the_names_of_the_contract() -> None:
    component = {
        "inputDefinitions": {
            "parameters": {"rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5, "isOptional": True}},
            "artifacts": {"data": {"artifactType": {"schemaTitle": "system.Dataset"}, "isArtifactList": True}},
        },
        "outputDefinitions": {"parameters": {"n": {"parameterType": "NUMBER_INTEGER", "description": "rows"}}},
    }
    kept = {"inputs": {"data": {"name": "Data"}, "gone": {"name": "Gone"}}}
    interface, (inputs, outputs) = read_interface(component, PLACE, kept)
    data, rate = interface.inputs
    assert (data.name, data.kind, data.many) == ("Data", Kind.ARTIFACT, True)
    # A default says enough.
    assert (rate.name, rate.kind, rate.default, rate.optional) == ("rate", Kind.PARAMETER, "0.5", False)
    assert [(port.name, port.description) for port in interface.outputs] == [("n", "rows")]
    assert (inputs, outputs) == ({"data": "Data", "rate": "rate"}, {"n": "n"})


def test_a_component_without_ports_and_an_optional_one() -> None:
    assert read_interface({}, PLACE, {})[0].inputs == ()
    (port,) = read_interface(_component(isOptional=True, literals=["x", 1, True]), PLACE, {})[0].inputs
    assert (port.optional, port.choices) == (True, ("x", 1, True))


@pytest.mark.parametrize(
    ("component", "message"),
    [
        ({"inputDefinitions": []}, "inputDefinitions is not a mapping"),
        ({"inputDefinitions": {"artifacts": {"a": 1}}}, "inputDefinitions.artifacts.a is not a mapping"),
        (_component(description=5), "parameters.a.description is not a text"),
        (_component(literals=5), "a.literals is not a list of texts, numbers and booleans"),
        (_component(literals="xyz"), "a.literals is not a list of texts"),
        (_component(literals=[{"a": 1}]), "a.literals is not a list of texts"),
    ],
)
def test_invalid_ports(component: dict[str, Any], message: str) -> None:
    with pytest.raises(IrError, match=message) as caught:
        read_interface(component, PLACE, {})
    assert caught.value.place[:2] == PLACE


def test_a_container_has_the_names_of_the_contract() -> None:
    present = '{"IfPresent": {"InputName": "a", "Then": ["--a", "{{$.inputs.parameters[\'a\']}}"]}}'
    container = read_container(
        {
            "image": "i",
            "command": ["run", "{{$.outputs.artifacts['a'].path}}"],
            "args": [present],
            "env": [{"name": "A", "value": "b"}, {"name": "EMPTY"}],
        },
        PLACE,
        ({"a": "In"}, {"a": "Out"}),
    )
    assert container.command == ("run", PortPlaceholder(kind="outputPath", port="Out"))
    assert container.args == (
        IfPlaceholder(
            condition=IsPresent(input="In"),
            then=("--a", PortPlaceholder(kind="inputValue", port="In")),
            otherwise=(),
        ),
    )
    assert dict(container.env) == {"A": "b", "EMPTY": ""}


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ([], "comp-a is not a mapping"),
        ({}, "image is not a text"),
        ({"image": "i", "command": "run"}, "command is not a list"),
        ({"image": "i", "args": ["a", 5]}, "args.1 is not a text"),
        ({"image": "i", "env": {"A": "b"}}, "env.name|env is not a text"),
        ({"image": "i", "env": [{"value": "b"}]}, "env is not a text"),
    ],
)
def test_invalid_containers(container: object, message: str) -> None:
    with pytest.raises(IrError, match=message):
        read_container(container, PLACE, ({}, {}))
