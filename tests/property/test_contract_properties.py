"""Contracts: what is written is read again, a pin changes nothing else, and no text makes the reader fail otherwise."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from toolkit.errors import FindingsError, InputError
from toolkit.forms.ir import ir_document, write_ir
from toolkit.forms.ir_reader import parse_ir
from toolkit.interface.model import ARTIFACT_TYPES, PARAMETER_TYPES, Input, Interface, Kind, Output
from toolkit.lint.linter import lint_contract
from toolkit.lint.rules import findings_of
from toolkit.resources import resource
from toolkit.spec.model import (
    Argument,
    ComponentSpec,
    ConcatPlaceholder,
    Container,
    ExecutorInputPlaceholder,
    Graph,
    IfPlaceholder,
    IsPresent,
    OutputMetadataPlaceholder,
    PlaceholderKind,
    PortPlaceholder,
)
from toolkit.spec.pin import pin_image
from toolkit.spec.reader import parse_component, parse_document
from toolkit.spec.writer import write_component

PATH = Path("component.yaml")
EXAMPLES = Path(__file__).parents[1] / "examples" / "positive"
SCHEMA = Draft202012Validator(json.loads(resource("schemas", "component.schema.json").read_text()))
PINNED = "localhost:5000/a/b@sha256:" + "0" * 64

texts = st.text(max_size=12) | st.sampled_from(["yes", "1.10", "null", "a: b", "- a", "{a}", "# a", "a\nb", "{{$}}"])
structures = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
).filter(lambda value: isinstance(value, dict | list))
types = (
    st.sampled_from(PARAMETER_TYPES)
    | texts
    | structures.map(lambda value: json.dumps(value, sort_keys=True, separators=(",", ":")))
)
placeholders = st.builds(PortPlaceholder, kind=st.sampled_from(get_args(PlaceholderKind)), port=texts)
conditions = (
    st.builds(IsPresent, input=texts)
    | st.builds(PortPlaceholder, kind=st.just("inputValue"), port=texts)
    | st.booleans()
    | texts
)


def _nested(inner: st.SearchStrategy[Argument]) -> st.SearchStrategy[Argument]:
    several = st.lists(inner, max_size=3).map(tuple)
    return st.builds(ConcatPlaceholder, items=several) | st.builds(
        IfPlaceholder, condition=conditions, then=several, otherwise=several
    )


arguments: st.SearchStrategy[Argument] = st.recursive(
    texts | placeholders | st.sampled_from([ExecutorInputPlaceholder(), OutputMetadataPlaceholder()]),
    _nested,
    max_leaves=6,
)
listed = st.lists(arguments, max_size=4).map(tuple)
mappings = st.dictionaries(texts, texts, max_size=3)
containers = st.builds(Container, image=texts, command=listed, args=listed, env=mappings, file_outputs=mappings)
scalars = texts | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
sources = (
    scalars
    | st.fixed_dictionaries({"graphInput": st.fixed_dictionaries({"inputName": texts}, optional={"type": structures})})
    | st.fixed_dictionaries({"taskOutput": st.fixed_dictionaries({"taskId": texts, "outputName": texts})})
)


def _settled(spec: ComponentSpec) -> ComponentSpec:
    """Give the kinds that the reader would."""
    return parse_component(write_component(spec), PATH)


def _without_kinds(spec: ComponentSpec) -> ComponentSpec:
    """Leave out what a contract does not say: the reader decides it from types and placeholders."""
    inputs = tuple(replace(port, kind=Kind.ARTIFACT) for port in spec.interface.inputs)
    outputs = tuple(replace(port, kind=Kind.ARTIFACT) for port in spec.interface.outputs)
    return replace(spec, interface=Interface(inputs=inputs, outputs=outputs))


def _graphs(component: st.SearchStrategy[ComponentSpec]) -> st.SearchStrategy[Graph]:
    written = component.map(lambda spec: yaml.safe_load(write_component(spec)))
    reference = st.fixed_dictionaries({"name": texts.filter(bool)}, optional={"url": texts, "spec": written})
    task = st.fixed_dictionaries(
        {"componentRef": reference},
        optional={
            "arguments": st.dictionaries(texts, sources, max_size=3),
            "isEnabled": sources | sources.map(lambda operand: {"==": {"op1": operand, "op2": 1}}),
            "executionOptions": st.just({"retryStrategy": {"maxRetries": 2}}),
            "annotations": st.dictionaries(texts, texts | structures, max_size=2),
        },
    )
    outputs = st.dictionaries(texts, sources, max_size=3)
    return st.builds(Graph, tasks=st.dictionaries(texts, task, max_size=2), outputs=outputs)


container_specs = st.builds(
    ComponentSpec,
    name=texts,
    description=texts,
    interface=st.builds(
        Interface,
        inputs=st.lists(
            st.builds(
                Input,
                name=texts,
                type=types,
                kind=st.just(Kind.ARTIFACT),
                description=texts,
                default=st.none() | texts,
                optional=st.booleans(),
            ),
            max_size=3,
        ).map(tuple),
        outputs=st.lists(
            st.builds(Output, name=texts, type=types, kind=st.just(Kind.ARTIFACT), description=texts), max_size=3
        ).map(tuple),
    ),
    implementation=containers,
    annotations=mappings,
    labels=mappings,
    version=st.just("") | texts,
)
graph_specs = st.builds(
    lambda spec, implementation: replace(spec, implementation=implementation),
    container_specs,
    st.none() | _graphs(container_specs.map(_settled)),
)
specs = container_specs | graph_specs


@given(specs)
def test_what_is_written_is_read_again(spec: ComponentSpec) -> None:
    text = write_component(spec)
    read = parse_component(text, PATH)
    assert _without_kinds(read) == spec
    assert write_component(read) == text
    assert parse_component(write_component(read), PATH) == read


@given(specs)
def test_the_schema_takes_what_is_written(spec: ComponentSpec) -> None:
    SCHEMA.validate(yaml.safe_load(write_component(spec)))


fragments = st.sampled_from(
    [
        *("implementation:", "container:", "image:", "a", "inputs:", "- name: a", "args:", "{inputValue: a}", "[", "]"),
        *("{", "}", ":", ",", "\n", "\n  ", "\n    ", "- ", "&a ", "*a", "!!int ", "!x ", "|\n", ">\n", "'", '"', "#"),
        *("if:", "cond:", "then:", "concat:", "~", "null", "true", "1", "2020-99-99", "<<:", "=", "---", "...", "\t"),
        *("? ", "% ", "@", "`", "\ufeff", "\x85", "\u2028", "\x00", "default:", "type:", "optional:", "outputs:"),
    ]
)


@given(container_specs)
def test_ir_loses_nothing(spec: ComponentSpec) -> None:
    settled = _settled(replace(spec, name=f"n {spec.name}"))
    try:
        text = write_ir(settled)
    except InputError:
        return
    read = parse_ir(text, PATH)
    assert ir_document(read) == ir_document(settled)
    if "{{$" not in text.partition("deploymentSpec:")[2].replace("{{$.", ""):
        assert read == settled


simple_specs = st.builds(
    lambda names, kinds, more: ComponentSpec(
        name="n",
        description=more,
        interface=Interface(
            inputs=tuple(
                Input(name=name, type=kind, kind=Kind.ARTIFACT, default=None, description=more, annotations={"a": more})
                for name, kind in zip(names, kinds, strict=False)
            )
        ),
        implementation=Container(
            image="i",
            args=tuple(
                PortPlaceholder(kind="inputValue" if kind in PARAMETER_TYPES else "inputPath", port=name)
                for name, kind in zip(names, kinds, strict=False)
            ),
            env={"A": more},
        ),
        annotations={more: more},
    ),
    st.lists(st.from_regex(r"[A-Za-z][A-Za-z ]{0,6}[a-z]", fullmatch=True), max_size=4, unique_by=str.lower),
    st.lists(st.sampled_from([*PARAMETER_TYPES, *ARTIFACT_TYPES, "CSV", ""]), min_size=4, max_size=4),
    texts,
)


@given(simple_specs)
def test_a_contract_comes_back_from_ir(spec: ComponentSpec) -> None:
    settled = _settled(spec)
    try:
        text = write_ir(settled)
    except InputError as error:
        assert "KFP 2" in error.message  # noqa: PT017 (names that KFP 2 merges are rare, not wrong)
        return
    assert parse_ir(text, PATH) == settled


@given(st.text() | st.lists(fragments, max_size=40).map("pipelineInfo:".join))
def test_no_text_makes_the_reader_of_ir_fail_otherwise(text: str) -> None:
    with suppress(InputError):
        parse_ir(text, PATH)


@given(container_specs)
def test_a_pin_changes_nothing_else(spec: ComponentSpec) -> None:
    text = write_component(spec)
    pinned = pin_image(text, PINNED, PATH)
    read = parse_component(text, PATH)
    assert parse_component(pinned, PATH) == replace(read, implementation=replace(read.container, image=PINNED))
    head, _, tail = pinned.partition(f"{PINNED}")
    assert text.startswith(head.rstrip("'\""))
    assert text.endswith(tail.lstrip("'\""))


@given(specs)
def test_every_rule_copes(spec: ComponentSpec) -> None:
    for finding in findings_of(parse_document(write_component(spec), PATH)):
        assert finding.message


@given(st.text() | st.lists(fragments, max_size=40).map("".join) | st.binary().map(lambda data: data.decode("latin-1")))
@example("\ud800")
@example("[" * 50_000)
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with suppress(FindingsError):
        findings_of(parse_document(text, PATH))
    with suppress(InputError):
        assert PINNED in pin_image(text, PINNED, PATH)


def _trees(value: Any) -> Any:  # noqa: ANN401 (any YAML value)
    """Give every tree that differs from `value` in one place."""
    others: tuple[Any, ...] = (None, 1, "x", [], {}, True)
    for other in others:
        if other != value or type(other) is not type(value):
            yield other
    if isinstance(value, dict):
        for key, inner in value.items():
            yield {name: part for name, part in value.items() if name != key}
            for tree in _trees(inner):
                yield {**value, key: tree}
        yield {**value, "unknown": 1}
    if isinstance(value, list):
        for index, inner in enumerate(value):
            for tree in _trees(inner):
                yield [*value[:index], tree, *value[index + 1 :]]


def test_reader_and_schema_agree_about_every_small_change() -> None:
    disagreeing, answers = [], []
    path = EXAMPLES / "full" / "component.yaml"
    for tree in _trees(yaml.safe_load(path.read_text())):
        text = yaml.safe_dump(tree)
        try:
            parse_component(text, path)
            taken = True
        except FindingsError:
            taken = False
        answers.append(taken)
        if taken != SCHEMA.is_valid(tree):
            disagreeing.append((taken, text))
    assert not disagreeing
    assert answers.count(True) > 50
    assert answers.count(False) > 50


def test_every_rule_copes_with_every_small_change_of_a_graph() -> None:
    path = EXAMPLES / "graph" / "component.yaml"
    for tree in _trees(yaml.safe_load(path.read_text())):
        with suppress(FindingsError):
            findings_of(parse_document(yaml.safe_dump(tree), path))


@given(st.binary(max_size=200))
def test_no_file_makes_the_linter_fail(tmp_path_factory: Any, data: bytes) -> None:  # noqa: ANN401 (pytest's own)
    path = tmp_path_factory.getbasetemp() / "component.yaml"
    path.write_bytes(data)
    for finding in lint_contract(path)[0]:
        assert finding.where.path == path
