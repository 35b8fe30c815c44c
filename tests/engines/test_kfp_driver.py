"""Every contract that we write, compiled by kfp, runs on its server and in kfp.local whatever inputs are given."""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tests.commands import ok
from tests.container_functions import HEAD
from tests.kfp_driver import DriverError, command_line, executor_input, local_path, received
from tests.kfp_environments import run_kfp
from toolkit.config.project import read_project
from toolkit.forms.container_function import read_container_function
from toolkit.forms.guards import with_defaults
from toolkit.forms.ir import write_ir
from toolkit.generation import entry_function
from toolkit.lint.linter import lint_contract
from toolkit.spec.protocol import interface_document
from toolkit.spec.reader import read_component

ROOT = Path(__file__).parents[2]

# Compiles each component into a pipeline for each choice of its inputs. An artifact comes from an importer. `local` is
# the command line that kfp.local gives to docker.
COMPILED = """
import json, sys
from google.protobuf.json_format import MessageToDict
from kfp import components, dsl
from kfp.local import executor_input_utils, placeholder_utils

def local_words(component, container, given):
    arguments = {
        name: dsl.Artifact(name=name, uri="/local/" + name) if value == "ARTIFACT" else value
        for name, value in given.items()
    }
    call = executor_input_utils.construct_executor_input(component, arguments, "/local", False)
    try:
        filled = executor_input_utils.executor_input_to_dict(call, component)
    except TypeError:
        # kfp.local fails at an optional Integer that is left out and has no default.
        return None
    words = [*container.get("command", ()), *container.get("args", ())]
    return placeholder_utils.replace_placeholders(words, filled, "p", "t", "/local", "1")

def compiled(make, given):
    ports = make.component_spec.inputs or {}
    @dsl.pipeline(name="p")
    def pipeline():
        values = {}
        for name, value in given.items():
            if value == "ARTIFACT":
                kind = ports[name].type.partition(".")[2].partition("@")[0]
                value = dsl.importer(artifact_uri="gs://a/b", artifact_class=getattr(dsl, kind)).output
            values[name] = value
        make(**values).set_display_name("ours")
    document = MessageToDict(pipeline.pipeline_spec)
    task = next(t for t in document["root"]["dag"]["tasks"].values() if t["taskInfo"]["name"] == "ours")
    component = document["components"][task["componentRef"]["name"]]
    container = document["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
    local = local_words(pipeline.pipeline_spec.components[task["componentRef"]["name"]], container, given)
    return {"task": task, "component": component, "container": container, "local": local}

cases = json.load(open(sys.argv[1]))
made = []
for text, choices in cases:
    make = components.load_component_from_text(text)
    made.append([compiled(make, given) for given in choices])
json.dump(made, open(sys.argv[2], "w"))
"""

BY_KFP_1 = """
import sys
from kfp import components
from kfp.components import _components
make = components.load_component_from_file(sys.argv[1])
for given in ({}, {"rate": "0.25"}):
    # As in a pipeline, where a default is an argument.
    arguments = {port.name: port.default for port in make.component_spec.inputs} | given
    resolved = _components._resolve_command_line_and_paths(make.component_spec, arguments)
    print(*resolved.command, *resolved.args)
"""

VALUES = {
    "String": "a 'b'\n\"é\" --x",
    "Integer": 5,
    "Float": 0.25,
    "Boolean": False,
    "JsonArray": [1, "a", []],
    "JsonObject": {"a": {"b": [1.5]}},
}
# Words of the command line whose form a switch, a list or a positional option decides.
PROGRAM = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("text")
parser.add_argument("table", nargs="?", type=argparse.FileType("r"))
parser.add_argument("--data", type=argparse.FileType("r"), required=True)
parser.add_argument("--weights", type=argparse.FileType("r"))
parser.add_argument("--rate", type=float, default=0.5)
parser.add_argument("--name", default="two words")
parser.add_argument("--fast", action="store_true")
parser.add_argument("--items", nargs="*", type=int, default=[1])
parser.add_argument("--count", type=int)
parser.add_argument("--out", type=argparse.FileType("w"))
args = parser.parse_args()
"""
PROGRAMS = {
    "argparse": PROGRAM,
    "click": """
import click
@click.command()
@click.option("--rate", default=0.5)
@click.option("--name")
@click.option("--data", type=click.File())
def main(rate, name, data): pass
main()
""",
    "typer": """
from pathlib import Path
import typer
def main(name: str, rate: float = 0.5, fast: bool = False, count: int = None): pass
typer.run(main)
""",
    "fire": """
import fire
def main(name, rate=0.5, fast=False): pass
fire.Fire(main)
""",
    "environment": """
import os
RATE = float(os.environ.get("RATE", "0.5"))
NAME = os.environ["NAME"]
print(NAME, RATE)
""",
}

# The text of a contract, and its part of interface.json.
Contract = tuple[str, dict[str, Any]]


def _contracts(folder: Path) -> list[Contract]:
    """Return the contracts of a component's folder."""
    project = read_project(folder, environ={})
    found = []
    for entry in project.entries:
        described = entry_function(project, entry, {}) if entry.entrypoint else read_component(entry.contract).interface
        document = json.loads(interface_document([(entry.name, described)]))
        found.append((entry.contract.read_text(), document["components"][entry.name]))
    return found


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> list[Contract]:
    """Every contract: of the samples, of a function with every kind of port, and of a program for each parser."""
    folder = tmp_path_factory.mktemp("made")
    source = ROOT / "tests" / "examples" / "functions" / "everything.py"
    ok("new", "everything", "--from-function", f"{source}:everything", folder=folder)
    for name, code in PROGRAMS.items():
        (folder / f"{name}_program.py").write_text(code)
        ok("new", name, "--from-program", f"{name}_program.py", folder=folder)
    for name in ("notebook", "container"):
        ok("new", name, "--template", name, folder=folder)
    samples = [path.parent for path in (ROOT / "sample_components").glob("*/pyproject.toml")]
    made = [folder / name for name in ("everything", *PROGRAMS, "notebook", "container")]
    return list(chain.from_iterable(map(_contracts, [*samples, *made])))


def _choices(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return choices of inputs with values: all, only the required ones, and each other one alone beside them."""
    values = {}
    for port in document["inputs"]:
        value = port["choices"][-1] if "choices" in port else VALUES.get(port["type"])
        values[port["name"]] = "ARTIFACT" if port["kind"] == "artifact" else value
    required = [port["name"] for port in document["inputs"] if not port["optional"] and "default" not in port]
    others = [name for name in values if name not in required]
    kept: list[list[str]] = [[*values], required, *([*required, other] for other in others)]
    return [{name: values[name] for name in names} for names in kept]


def test_every_contract_gets_through_the_driver(kfp2: Path, tmp_path: Path, contracts: list[Contract]) -> None:
    cases = [(text, _choices(document)) for text, document in contracts]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    run_kfp(kfp2, COMPILED, str(tmp_path / "cases.json"), str(tmp_path / "made.json"))
    for (text, document), (_, choices), made in zip(
        contracts, cases, json.loads((tmp_path / "made.json").read_text()), strict=True
    ):
        for given, compiled in zip(choices, made, strict=True):
            call = executor_input(compiled["component"], compiled["task"])
            words = command_line(compiled["container"], compiled["component"], call)
            assert not [word for word in words if word.startswith(('{"IfPresent"', '{"Concat"', "{{$"))], text
            if "/opt/comp/launch.py" not in words:
                # Of a Dockerfile, without the launcher: the program's own words.
                assert set(map(str, given.values())) - {"ARTIFACT"} <= set(words), text
                continue
            places = {name: local_path(uri) for name, uri in _uris(call)}
            assert received(words, document) == _expected(document, given, places), text
            places = {name: f"/local/{name}" for name in places}
            if compiled["local"] is None:
                assert {port["type"] for port in document["inputs"] if port["name"] not in given} & {"Integer"}
                continue
            assert received(compiled["local"], document) == _expected(document, given, places), text


def _uris(call: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the name and URI of each artifact that is given."""
    for name, listed in call["inputs"].get("artifacts", {}).items():
        yield name, listed["artifacts"][0]["uri"]


def _expected(document: dict[str, Any], given: dict[str, Any], places: dict[str, str]) -> dict[str, Any]:
    """Return what the component receives: what was given, else its default; of an artifact its place."""
    expected = {}
    for port in document["inputs"]:
        value = given.get(port["name"])
        if value == "ARTIFACT":
            value = [places[port["name"]]] if port.get("many") else places[port["name"]]
        elif value is None and "default" in port:
            value = port["default"] if port["type"] == "String" else json.loads(port["default"])
        expected[port["name"]] = value
    return expected


def _compiled(kfp2: Path, folder: Path, args: str, *choices: dict[str, Any]) -> list[dict[str, Any]]:
    """Compile a contract of one input with a default by kfp 2, once for each choice of inputs."""
    (folder / "cases.json").write_text(json.dumps([(_contract(args), choices)]))
    run_kfp(kfp2, COMPILED, str(folder / "cases.json"), str(folder / "made.json"))
    (made,) = json.loads((folder / "made.json").read_text())
    return list(made)


def _contract(args: str) -> str:
    return (
        "name: n\ninputs: [{name: rate, type: Float, default: '0.5'}]\n"
        f"implementation: {{container: {{image: a, command: [run], args: [{args}]}}}}\n"
    )


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ("{inputValue: rate}", "not found in executor input"),
        ("{if: {cond: {isPresent: rate}, then: [a], else: [{concat: [a]}]}}", "non-string"),
    ],
)
def test_the_double_refuses_what_the_server_refuses(kfp2: Path, tmp_path: Path, args: str, reason: str) -> None:
    (compiled,) = _compiled(kfp2, tmp_path, args, {})
    call = executor_input(compiled["component"], compiled["task"])
    with pytest.raises(DriverError, match=reason):
        command_line(compiled["container"], compiled["component"], call)


def test_the_advice_of_the_linter_gives_value_and_default_in_both_lines(kfp1: Path, kfp2: Path, tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(_contract("--rate, {inputValue: rate}"))
    (finding,) = (each for each in lint_contract(path)[0] if each.rule == "C029")
    advised = finding.help.removeprefix("write ").removesuffix(" in the place of --rate and the value")
    made = _compiled(kfp2, tmp_path, advised, {}, {"rate": 0.25})
    calls = [executor_input(each["component"], each["task"]) for each in made]
    words = [command_line(each["container"], each["component"], call) for each, call in zip(made, calls, strict=True)]
    assert words == [["run", "--rate", "0.5"], ["run", "--rate", "0.25"]]
    path.write_text(_contract(advised))
    assert not [each for each in lint_contract(path)[0] if each.rule == "C029"]
    assert run_kfp(kfp1, BY_KFP_1, str(path)).split() == ["run", "--rate", "0.5", "run", "--rate", "0.25"]


def test_a_converted_container_component_gets_its_defaults(kfp2: Path, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(
        HEAD
        + """
@dsl.container_component
def f(text: str = "a b", n: int = 3, rate: float = 0.5, on: bool = True, items: list = [1], note: str = None):
    return dsl.ContainerSpec("a", ["run", text, n, f"--rate={rate}"], [on, items, IfPresentPlaceholder("note", note)])
"""
    )
    spec = read_container_function(tmp_path / "module.py", "f", {})
    texts = [write_ir(with_defaults(spec, concats=True)), write_ir(spec)]
    given = {"text": "x", "n": 5, "rate": 0.25, "on": False, "items": [], "note": "n"}
    (tmp_path / "cases.json").write_text(json.dumps([(text, [{}, given]) for text in texts]))
    run_kfp(kfp2, COMPILED, str(tmp_path / "cases.json"), str(tmp_path / "made.json"))
    found: list[list[str] | None] = []
    for compiled in chain.from_iterable(json.loads((tmp_path / "made.json").read_text())):
        call = executor_input(compiled["component"], compiled["task"])
        try:
            found.append(command_line(compiled["container"], compiled["component"], call))
        except DriverError:
            found.append(None)
    whole = ["run", "x", "5", "--rate=0.25", "false", "[]", "n"]
    # As kfp compiles it, the component fails without arguments.
    assert found == [["run", "a b", "3", "--rate=0.5", "true", "[1]"], whole, None, whole]
