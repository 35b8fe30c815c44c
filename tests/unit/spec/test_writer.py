"""The writer: the form that people read, equal bytes for equal models, quotes where a reader could be misled."""

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from toolkit.interface.model import Input, Interface, Kind
from toolkit.spec.model import ComponentSpec, Container
from toolkit.spec.reader import parse_component
from toolkit.spec.writer import write_component

PATH = Path("component.yaml")
CONTRACT = """\
name: Train model
description: |-
  Fit a classifier.

  On a table.
metadata:
  annotations:
    version: '1.0'
    'on': 'yes'
inputs:
- {name: data, type: Dataset, description: 'CSV, with a `label` column'}
- {name: c, type: Float, default: '1.0', optional: true}
- {name: custom, type: {GCSPath: {data_type: CSV}}}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: registry.example.com/ml/train-model:1.0
    command: [/opt/comp/venv/bin/python, -P, /opt/comp/launch.py, train-model]
    args: [--training-data-of-the-model, {inputPath: data}, --regularisation-strength, {inputValue: c},
           {concat: [a, {if: {cond: {isPresent: c}, then: {inputValue: c}}}]},
           {if: {cond: {isPresent: c}, then: [--c, {inputValue: c}], else: [--none]}}, --outputs,
           --model, {outputPath: model}, --executor-input, {executorInput: null}]
    env:
      MODE: fast
"""


def test_the_form_stays_as_it_is() -> None:
    assert write_component(parse_component(CONTRACT, PATH)) == CONTRACT


@pytest.mark.parametrize(
    "text",
    [
        *(
            "yes",
            "NO",
            "y",
            "N",
            "on",
            "true",
            "null",
            "~",
            "",
            "=",
            "<<",
            "-",
            "?",
            "1",
            "1.10",
            "0x1f",
            "0o17",
            "017",
        ),
        *("1_000", "1:30", "1e3", ".5", "-.inf", ".NaN", "2020-01-01", "2020-01-01T00:00:00Z", "+1"),
        *("a: b", "a #b", "#a", "- a", "&a", "*a", "!a", "%a", "@a", "`a", "'a", '"a', "{a}", "[a", "a,b", "a\\n"),
        *("a\nb", "\na", "a\n", " a", "a ", "a\tb", "a\r\nb", "\x07", "\x7f", "\x85", "\u2028", "\ufeff", "é", "😀"),
    ],
)
def test_a_text_stays_that_text(text: str) -> None:
    port = Input(name=text, type=text, kind=Kind.ARTIFACT, description=text, default=text)
    spec = ComponentSpec(
        name=text,
        description=text,
        interface=Interface(inputs=(port,)),
        implementation=Container(image="a", args=(text,), env={text: text}),
        annotations={text: text},
    )
    written = write_component(spec)
    plain = yaml.safe_load(written)
    assert plain["inputs"][0]["default"] == text
    assert plain["implementation"]["container"]["args"] == [text]
    assert parse_component(written, PATH).container == spec.container
    read = parse_component(written, PATH)
    assert (read.name, read.description, dict(read.annotations)) == (text, text, {text: text})
    assert read.interface.inputs[0].description == text


def test_yaml_1_2_would_read_the_same() -> None:
    spec = ComponentSpec(
        name="n", description="", interface=Interface(), implementation=Container(image="a", args=("0o17",))
    )
    assert "['0o17']" in write_component(spec)


def test_a_type_that_only_looks_like_a_structure() -> None:
    spec = parse_component("inputs: [{name: a, type: '{b'}, {name: c, type: '{\"b\": 1}'}]\n" + MINIMAL, PATH)
    assert [port.type for port in spec.interface.inputs] == ["{b", '{"b": 1}']
    assert parse_component(write_component(spec), PATH) == spec


MINIMAL = "implementation: {container: {image: a}}"


def test_lines_stay_short_and_flags_with_their_values() -> None:
    ports = "".join(f"- {{name: some_long_name_{i}, type: String}}\n" for i in range(20))
    args = ", ".join(f"--some-long-name-{i}, {{inputValue: some_long_name_{i}}}" for i in range(20))
    text = f"inputs:\n{ports}implementation: {{container: {{image: a, args: [{args}]}}}}"
    lines = write_component(parse_component(text, PATH)).splitlines()
    assert max(map(len, lines)) <= 120
    assert all("{inputValue: some_long_name_" in line for line in lines if "--some" in line)
    assert not any(line.rstrip(",").split()[-1].startswith("--") for line in lines)


def test_a_long_key() -> None:
    spec = parse_component(MINIMAL, PATH)
    spec = replace(spec, annotations={"k" * 300: "v: w"})
    assert dict(parse_component(write_component(spec), PATH).annotations) == {"k" * 300: "v: w"}
