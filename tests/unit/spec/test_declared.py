"""Declarations in a contract: written as annotations and env, and read again."""

from pathlib import Path

import pytest

from toolkit.declared.model import Declared, KeyOf
from toolkit.declared.reading import Problems, read_resources
from toolkit.errors import InputError
from toolkit.interface.model import Interface
from toolkit.spec.declared import declared_of, read_declarations, with_declared
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

SPEC = ComponentSpec(
    name="Train",
    description="",
    interface=Interface(inputs=(), outputs=()),
    implementation=Container(image="a/b:1"),
    annotations={"author": "Ada"},
)
DECLARED = Declared(
    resources=read_resources({"cpu": "2", "memory": "4Gi"}, Problems()),
    constants={"LEVEL": "info"},
    references={"TOKEN": KeyOf(kind="secret", name="api", key="token")},
)


def test_a_contract_carries_declarations() -> None:
    text = write_component(with_declared(SPEC, DECLARED))
    assert 'comp.resources: \'{"cpu": "2", "memory": "4Gi"}\'' in text
    spec = parse_component(text, Path("component.yaml"))
    assert declared_of(spec) == DECLARED
    assert spec.annotations["author"] == "Ada"


def test_a_contract_without_declarations_has_no_annotation() -> None:
    assert declared_of(SPEC) == Declared()
    assert with_declared(with_declared(SPEC, DECLARED), Declared()) == SPEC


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"comp.resources": "2 cpus"}, "the annotation comp.resources: it is not a JSON object"),
        ({"comp.resources": "[" * 50_000}, "the annotation comp.resources: it is not a JSON object"),
        (
            {"comp.resources": '{"cpu": "two"}'},
            "the annotation comp.resources: cpu is 'two', not a Kubernetes quantity",
        ),
        ({"comp.env": '{"T": {"secret": "s"}}'}, "the annotation comp.env: env.T names no key"),
    ],
)
def test_an_invalid_annotation_is_an_error(annotation: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match="annotation") as caught:
        declared_of(
            ComponentSpec(
                name="",
                description="",
                interface=SPEC.interface,
                implementation=SPEC.implementation,
                annotations=annotation,
            )
        )
    assert caught.value.message == message


def test_a_variable_cannot_be_a_constant_and_a_secret() -> None:
    twice = with_declared(SPEC, Declared(constants={"TOKEN": "x"}, references=DECLARED.references))
    [(annotation, problem)] = read_declarations(twice)[1]
    assert (annotation, problem.message) == ("comp.env", "the variable TOKEN is also a constant in the container's env")
