"""The program that compiles, in the parts that need no kfp. The whole of it runs in tests/engines."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import toolkit
from toolkit.errors import InputError, Location
from toolkit.pipelines.kfp_program import (
    Refusal,
    ToolkitFinder,
    check_kfp,
    check_parameters,
    defaults_of,
    distinct,
    imported,
    kind_of,
    line_of,
    refused,
)


def answer_of(path: Path) -> dict[str, Any]:
    """Return the answer for the error of a file."""
    try:
        imported(path)
    except BaseException as error:  # noqa: BLE001 (as the program does)
        return refused(error, path).answer
    raise AssertionError


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the place of a user's file, whose traces in the interpreter are undone."""
    monkeypatch.setattr(sys, "argv", [*sys.argv])
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path / "a_pipeline.py"
    for name in ("a_pipeline", "a_neighbour", "pipeline_file_json"):
        sys.modules.pop(name, None)


def test_a_file_is_imported_with_its_neighbours(file: Path) -> None:
    (file.parent / "a_neighbour.py").write_text("x = 3\n")
    file.write_text("from a_neighbour import x\nimport sys\nargv = sys.argv\n")
    module = imported(file)
    assert (module.x, module.__name__, module.argv) == (3, "a_pipeline", [str(file)])


def test_a_file_does_not_stand_in_for_a_module(file: Path) -> None:
    other = file.with_name("json.py")
    other.write_text("x = 1\n")
    assert imported(other).__name__ == "pipeline_file_json"
    assert not hasattr(sys.modules["json"], "x")


def test_an_error_has_the_lines_of_the_user_alone(file: Path) -> None:
    file.write_text("import json\ndef load():\n    return json.loads('{')\nload()\n")
    answer = answer_of(file)
    assert (answer["error"], answer["type"]) == ("code", "JSONDecodeError")
    lines = [
        (frame["line"], frame["function"], frame["text"]) for frame in answer["frames"] if frame["path"] == str(file)
    ]
    assert lines == [(4, "<module>", "load()"), (3, "load", "return json.loads('{')")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import absent_x", {"error": "no-module", "name": "absent_x"}),
        ("open('absent.yaml')", {"error": "no-file", "name": "absent.yaml"}),
        ("raise SystemExit(3)", {"error": "code", "type": "SystemExit", "words": "3"}),
        ("x = (", {"error": "syntax"}),
    ],
)
def test_errors_of_a_file_are_told_apart(file: Path, text: str, expected: dict[str, str]) -> None:
    file.write_text(f"\n{text}\n")
    answer = answer_of(file)
    assert {key: answer[key] for key in expected} == expected
    assert (answer["place"] if "place" in answer else answer["frames"][-1])["line"] == 2


def test_an_error_of_comp_keeps_its_place() -> None:
    error = InputError("no", where=Location(path=Path("a.py"), line=2), hint="do")
    answer = refused(error, Path("p.py")).answer
    assert (answer["error"], answer["exit_code"], answer["hint"]) == ("comp", 1, "do")
    assert answer["place"] == {"path": "a.py", "line": 2, "column": None}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.8.22", {"error": "old-kfp", "version": "1.8.22"}),
        ("local", {"error": "old-kfp", "version": "local"}),
        (None, {"error": "old-kfp", "version": "unknown"}),
    ],
)
def test_an_old_kfp_is_refused(monkeypatch: pytest.MonkeyPatch, version: str | None, expected: dict[str, str]) -> None:
    module = SimpleNamespace() if version is None else SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "kfp", module)
    with pytest.raises(Refusal) as caught:
        check_kfp()
    assert caught.value.answer == expected
    monkeypatch.setitem(sys.modules, "kfp", SimpleNamespace(__version__="2.17.0"))
    check_kfp()


def test_parameters_fit_the_inputs() -> None:
    inputs = {name: SimpleNamespace(type=name) for name in ("String", "Integer", "Float", "Boolean", "List", "Other")}
    fitting = {"String": "a", "Integer": 1, "Float": 1, "Boolean": None, "List": [], "Other": {}}
    check_parameters(fitting, inputs)
    for name, value in (("Integer", True), ("Integer", 1.0), ("Float", "1"), ("Boolean", 1), ("List", {})):
        with pytest.raises(Refusal) as caught:
            check_parameters({name: value}, inputs)
        assert caught.value.answer == {"error": "parameter-type", "name": name, "value": value, "type": name}
    with pytest.raises(Refusal, match="parameter"):
        check_parameters({"absent": 1}, inputs)


def test_values_of_parameters_replace_defaults() -> None:
    inputs = {"a": SimpleNamespace(default=1), "b": SimpleNamespace(default=2), "c": SimpleNamespace()}
    component = SimpleNamespace(component_spec=SimpleNamespace(inputs=inputs))
    assert defaults_of(component, {"b": 3}) == {"a": 1, "b": 3, "c": None}
    assert defaults_of(SimpleNamespace(component_spec=SimpleNamespace(inputs=None)), {}) == {}


def test_two_names_of_one_pipeline_are_one() -> None:
    one, other = object(), object()
    assert distinct({"a": one, "b": other, "c": one}) == {"a": one, "b": other}


def test_a_pipeline_has_the_line_of_its_function() -> None:
    function = answer_of
    assert line_of(SimpleNamespace(pipeline_func=function)) == function.__code__.co_firstlineno
    assert line_of(object()) is None


def test_what_is_given_to_a_port_is_told_apart() -> None:
    class LoopItem:
        task_name = "loop"

    assert kind_of("text") == "constant"
    assert kind_of(LoopItem()) == "item"
    assert kind_of(SimpleNamespace(task_name="train")) == "output"
    assert kind_of(SimpleNamespace(task_name=None)) == "input"


def test_only_the_package_is_found_in_its_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = ToolkitFinder(str(Path(toolkit.__file__).parent.parent))
    assert finder.find_spec("toolkit").origin == toolkit.__file__
    assert finder.find_spec("tests") is None
    monkeypatch.setattr("toolkit.pipelines.kfp_program.LEAST_FOR_TOOLKIT", (99, 0))
    with pytest.raises(ImportError, match=r"needs Python 3.11 or later"):
        finder.find_spec("toolkit")
