"""What the launcher makes of choices, records, typed lists, open files, lists of artifacts, and metadata elsewhere."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launched import Image

CODE = """
from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Literal, Optional, TypedDict

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

class Level(IntEnum):
    LOW = 1

@dataclass
class Inner:
    n: int
    colour: Colour = Colour.RED

@dataclass
class Config:
    rate: float
    inner: Optional[Inner] = None
    inners: list[Inner] = field(default_factory=list)
    by_name: dict[str, Inner] = field(default_factory=dict)
    anything: list = field(default_factory=list)

class Options(TypedDict, total=False):
    a: int

class Needed(TypedDict):
    a: int

def f(x: {type} = None) -> str:
    return repr(x)
"""


def _run(step: Image, *arguments: str) -> tuple[int, str]:
    done = step("f", *arguments, "--outputs", "--Output", step.at("o"), "--executor-input", "{{$}}")
    assert "Traceback" not in done.stderr
    return done.returncode, step.out("o") if done.returncode == 0 else done.stderr


@pytest.mark.parametrize(
    ("type_", "text", "received"),
    [
        ("Literal['a', 'b']", "b", "'b'"),
        ("Literal[1, 2]", "2.0", "2"),
        ("Literal[True]", "True", "True"),
        ("Colour", "blue", "<Colour.BLUE: 'blue'>"),
        ("Level", "1.0", "<Level.LOW: 1>"),
        ("list[int]", "[1.0, 2]", "[1, 2]"),
        ("list[float]", "[1, 2.5]", "[1.0, 2.5]"),
        ("list[Optional[int]]", "[null, 1.0]", "[None, 1]"),
        ("dict[str, list[int]]", '{"a": [1.0]}', "{'a': [1]}"),
        ("list[dict]", '[{"a": 1}]', "[{'a': 1}]"),
        ("list[Colour]", '["red"]', "[<Colour.RED: 'red'>]"),
        ("Inner", '{"n": 3.0}', "Inner(n=3, colour=<Colour.RED: 'red'>)"),
        (
            "Config",
            '{"rate": 1, "inner": {"n": 1}, "inners": [{"n": 2, "colour": "blue"}], "by_name": {"z": {"n": 3}}}',
            (
                "Config(rate=1.0, inner=Inner(n=1, colour=<Colour.RED: 'red'>), "
                "inners=[Inner(n=2, colour=<Colour.BLUE: 'blue'>)], "
                "by_name={'z': Inner(n=3, colour=<Colour.RED: 'red'>)}, anything=[])"
            ),
        ),
        ("Options", "{}", "{}"),
        ("Needed", '{"a": 1.0}', "{'a': 1}"),
    ],
)
def test_a_value_becomes_its_annotation(image: Callable[[str], Image], type_: str, text: str, received: str) -> None:
    step = image(CODE.replace("{type}", type_))
    assert _run(step, "--x", text) == (0, received)
    report = json.dumps({"inputs": {"parameterValues": {"x": json.loads(text) if text[0] in "[{" else text}}})
    assert step("f", "--outputs", "--Output", step.at("o"), "--executor-input", report).returncode == 0
    assert step.out("o") == received


@pytest.mark.parametrize(
    ("type_", "text", "message"),
    [
        ("Literal['a', 'b']", "c", "the input 'x' is 'c', expected one of 'a', 'b'"),
        ("Colour", "green", "the input 'x' is 'green', expected one of 'red', 'blue'"),
        ("list[int]", "[1.5]", "the input 'x' does not fit list[Integer]: 1.5"),
        ("list[int]", '["1"]', "the input 'x' does not fit list[Integer]: \"1\" is not a valid Integer"),
        ("list[int]", "[true]", "the input 'x' does not fit list[Integer]: true is not a valid Integer"),
        ("list[str]", "[1]", "the input 'x' does not fit list[String]: 1 is not a valid String"),
        ("list[Colour]", '["x"]', "the input 'x' does not fit list[Colour]: 'x' is not a valid Colour"),
        ("Inner", '{"m": 1}', "the input 'x' does not fit Inner: Inner has no m"),
        ("Inner", "{}", "the input 'x' does not fit Inner: Inner.__init__() missing 1 required"),
        ("Needed", "{}", "the input 'x' does not fit Needed: Needed lacks a"),
        (
            "Config",
            '{"rate": 1, "inner": {"n": "1"}}',
            "the input 'x' does not fit Config: \"1\" is not a valid Integer",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    image: Callable[[str], Image], type_: str, text: str, message: str
) -> None:
    code, printed = _run(image(CODE.replace("{type}", type_)), "--x", text)
    assert code == 1
    assert printed.startswith(f"comp: f: {message}")


@pytest.mark.parametrize(
    ("type_", "value", "written"),
    [
        ("Colour", "Colour.BLUE", "blue"),
        ("Level", "Level.LOW", "1"),
        ("Inner", "Inner(2)", '{"n": 2, "colour": "red"}'),
        ("list[Inner]", "[Inner(2)]", '[{"n": 2, "colour": "red"}]'),
        ("Options", "{'a': 1}", '{"a": 1}'),
    ],
)
def test_a_record_is_returned_as_json(image: Callable[[str], Image], type_: str, value: str, written: str) -> None:
    code = CODE.partition("def f(")[0] + f"def f() -> {type_}:\n    return {value}\n"
    assert _run(image(code)) == (0, written)


METRICS = """
from typing import NamedTuple
def f() -> NamedTuple("X", [("mlpipeline_metrics", "Metrics"), ("n", int)]):
    return {value}, 1
"""


@pytest.mark.parametrize("value", ["'{\"metrics\": []}'", '{"metrics": []}'])
def test_a_returned_text_may_be_an_artifacts_content(image: Callable[[str], Image], value: str) -> None:
    step = image(METRICS.replace("{value}", value))
    outputs = ("--mlpipeline-metrics", step.at("m"), "--n", step.at("n"))
    assert step("f", "--outputs", *outputs).returncode == 0
    assert step.out("m") == '{"metrics": []}'


FILES = """
from kfp.components import InputTextFile, InputBinaryFile, OutputTextFile, OutputBinaryFile
def f(a: InputTextFile("T"), b: InputBinaryFile("T"), c: OutputTextFile("T"), d_file: OutputBinaryFile("T"),
      e: OutputTextFile(int)):
    c.write(a.read())
    d_file.write(b.read())
    print(7, file=e, end="")
"""


def test_open_files(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image(FILES)
    (tmp_path / "in").write_text("é")
    given = ("--a", str(tmp_path / "in"), "--b", str(tmp_path / "in"))
    wanted = [part for name in "cde" for part in (f"--{name}", step.at(name))]
    assert step("f", *given, "--outputs", *wanted).returncode == 0
    assert [step.out(name) for name in "cde"] == ["é", "é", "7"]


def test_a_file_that_is_not_there_is_named(image: Callable[[str], Image]) -> None:
    step = image(FILES)
    wanted = [part for name in "cde" for part in (f"--{name}", step.at(name))]
    done = step("f", "--a", "/nowhere", "--b", "/nowhere", "--outputs", *wanted)
    assert done.returncode == 1
    assert done.stderr == "comp: f: cannot open /nowhere for 'a': No such file or directory\n"


MANY = """
from typing import List
from kfp.dsl import Dataset, Input, Metrics, Model, Output
def f(parts: Input[List[Dataset]], model: Output[Model], scores: Output[Metrics]) -> list:
    model.metadata["framework"] = "none"
    scores.log_metric("accuracy", 0.5)
    with open(model.path, "w") as stream:
        stream.write("m")
    return [[part.name, part.path, part.metadata] for part in parts]
"""


def _many(step: Image, *arguments: str) -> list[list[object]]:
    outputs = [part for name in ("model", "scores", "Output") for part in (f"--{name}", step.at(name))]
    done = step("f", *arguments[:2], "--outputs", *outputs, *arguments[2:])
    assert (done.returncode, done.stderr) == (0, "")
    read: list[list[object]] = json.loads(step.out("Output"))
    return read


def test_a_list_of_artifacts_is_a_folder(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image(MANY)
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("b", "a", ".hidden"):
        (folder / name).write_text(name)
    (folder / "a.metadata.json").write_text('{"rows": 3}')
    expected = [["a", str(folder / "a"), {"rows": 3}], ["b", str(folder / "b"), {}]]
    assert _many(step, "--parts", str(folder)) == expected
    assert _many(step, "--parts", str(folder / "b")) == [["parts", str(folder / "b"), {}]]


def test_kfp_2_gives_a_list_of_artifacts(image: Callable[[str], Image]) -> None:
    listed = [{"name": "x", "uri": "gs://b/x", "metadata": {"rows": 3}}, {"name": "y", "uri": "/store/y"}]
    step = image(MANY)
    report = {
        "inputs": {"artifacts": {"parts": {"artifacts": listed}}},
        "outputs": {"outputFile": step.at("output.json"), "artifacts": {}},
    }
    got = _many(step, "--executor-input", json.dumps(report))
    assert got == [["x", "/gcs/b/x", {"rows": 3}], ["y", "/store/y", {}]]
    written = json.loads(step.out("output.json"))["artifacts"]
    assert written["model"]["artifacts"][0]["metadata"] == {"framework": "none"}
    assert not Path(step.at("model.metadata.json")).exists()


def test_metadata_stands_beside_the_artifact_elsewhere(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image(MANY)
    (tmp_path / "parts").mkdir()
    _many(step, "--parts", str(tmp_path / "parts"))
    assert json.loads(step.out("model.metadata.json")) == {"framework": "none"}
    assert json.loads(step.out("scores.metadata.json")) == {"accuracy": 0.5}
    assert json.loads(step.out("scores")) == {"accuracy": 0.5}


def test_the_next_step_reads_that_metadata(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image("from kfp.dsl import Input, Model\ndef f(model: Input[Model]) -> str:\n    return model.framework\n")
    (tmp_path / "m").write_text("m")
    (tmp_path / "m.metadata.json").write_text('{"framework": "none"}')
    assert _run(step, "--model", str(tmp_path / "m")) == (0, "none")


def test_values_too_long_for_a_command_line_come_from_a_file(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image("def f(x: str, y: int) -> int:\n    return len(x) + y\n")
    (tmp_path / "values.json").write_text(json.dumps({"x": "a" * 1_000_000}))
    assert _run(step, "--comp:values", str(tmp_path / "values.json"), "--y", "1") == (0, "1000001")
    code, printed = _run(step, "--comp:values", "/nowhere", "--y", "1")
    assert code == 2
    assert printed.startswith("comp: f: cannot read the values in /nowhere")
