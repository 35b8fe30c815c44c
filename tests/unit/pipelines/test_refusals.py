"""What kfp's program refuses, in words with a place and a hint."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import CompError, InputError, OutsideError, UsageError
from toolkit.pipelines.refusals import Refused

PATH = Path("p.py")
FRAMES = [
    {"path": "p.py", "line": 9, "function": "<module>", "text": "build()"},
    {"path": "p.py", "line": 4, "function": "build", "text": "x = one().outputs['y']"},
]


def refused(kind: str, **facts: Any) -> CompError:  # noqa: ANN401 (JSON)
    return Refused(PATH, Path("/bin/python"), {"error": kind, **facts}).error()


@pytest.mark.parametrize(
    ("kind", "facts", "message", "hint"),
    [
        ("none", {}, "no pipeline in this file", "@dsl.pipeline"),
        ("several", {"names": ["a", "b"]}, "2 pipelines in this file: a, b", "--function a"),
        ("unknown-function", {"name": "tran", "found": "", "names": ["train"]}, "no pipeline 'tran'", "'train'"),
        ("unknown-function", {"name": "x", "found": "int", "names": []}, "'x' is a int", "no pipeline"),
        ("parameter", {"name": "m", "names": ["rate"]}, "no input 'm'", "its inputs are rate"),
        ("parameter", {"name": "m", "names": []}, "no input 'm'", "it has no inputs"),
        ("parameter-type", {"name": "n", "value": "1", "type": "Integer"}, 'is an Integer, and .* has "1"', "give an"),
    ],
)
def test_a_refusal_says_what_to_do(kind: str, facts: dict[str, Any], message: str, hint: str) -> None:
    error = refused(kind, **facts)
    assert isinstance(error, InputError)
    with pytest.raises(InputError, match=message):
        raise error
    assert hint in (error.hint or "")
    assert error.where is not None
    assert error.where.path == PATH


def test_an_exception_of_the_file_has_its_lines() -> None:
    error = refused("code", type="KeyError", words="'y'", frames=FRAMES)
    assert error.message.splitlines()[0] == "KeyError: 'y'"
    assert '  File "p.py", line 4, in build' in error.message
    assert error.where is not None
    assert error.where.line == 4
    assert (error.hint or "").startswith("the step has no output 'y'")


def test_an_exception_without_words_or_lines() -> None:
    error = refused("code", type="AssertionError", words="", frames=[])
    assert (error.message, error.where and error.where.line) == ("AssertionError", None)


@pytest.mark.parametrize(("code", "kind"), [(1, InputError), (2, UsageError), (3, OutsideError)])
def test_an_error_of_comp_keeps_its_kind(code: int, kind: type[CompError]) -> None:
    place = {"path": "other.py", "line": 7, "column": 2}
    error = refused("comp", message="no", hint="do", exit_code=code, place=place, frames=FRAMES)
    assert type(error) is kind
    assert (error.message, error.hint) == ("no", "do")
    assert error.where is not None
    assert (error.where.path, error.where.line, error.where.column) == (Path("other.py"), 7, 2)


def test_types_that_do_not_fit_are_named_as_authors_write_them() -> None:
    ports = {
        "kind": "output",
        "task": "make",
        "port": "data",
        "constant": "",
        "given": "system.Dataset@0.0.1",
        "expected": "NUMBER_INTEGER",
        "component": "use",
        "input": "n",
    }
    error = refused("types", message="", ports=ports, frames=FRAMES)
    begin = "the output 'data' of 'make' is a Dataset and does not fit the input 'n' of 'use', which is an Integer"
    assert error.message == begin
    assert "Integer at the output 'data' of 'make', or Dataset at the input 'n'" in (error.hint or "")
    constant = {**ports, "kind": "constant", "constant": "'{{channel:task=;name=x;type=String;}}'", "given": "STRING"}
    error = refused("types", message="", ports=constant, frames=FRAMES)
    assert error.message.startswith("a text with values of the pipeline in it is a String")
    assert error.hint == "give an Integer"
    unknown = refused("types", message="Incompatible STRING and system.Model@0.0.1", ports=None, frames=FRAMES)
    assert unknown.message == "Incompatible String and Model"


def test_a_missing_file_beside_the_pipeline_is_found(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").touch()
    facts = {"error": "no-file", "name": "c.yaml", "folder": "/home", "frames": FRAMES}
    error = Refused(tmp_path / "p.py", Path("/bin/python"), facts).error()
    assert error.message == "c.yaml is missing"
    assert "Path(__file__).parent / 'c.yaml'" in (error.hint or "")
    assert "/home" in (Refused(tmp_path / "p.py", Path("python"), {**facts, "name": "d.yaml"}).error().hint or "")
