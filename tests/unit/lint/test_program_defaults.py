"""Defaults of a program's contract are those of its code."""

import json
from pathlib import Path

import pytest

from tests.contracts import PINNED
from toolkit.lint.program_defaults import program_defaults
from toolkit.spec.reader import parse_document

CODE = """\
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.5)
parser.add_argument("--name", default="a b")
parser.add_argument("--items", nargs="*", type=int, default=[1])
parser.add_argument("--fast", action="store_true")
parser.add_argument("--note")
args = parser.parse_args()
"""
OURS = "[python, -P, /opt/comp/launch.py, n]"


def _found(folder: Path, inputs: str, args: str, *, code: str = CODE, command: str = OURS) -> list[tuple[str, str]]:
    (folder / "train.py").write_text(code)
    text = (
        f"name: n\ninputs: [{inputs}]\n"
        f"implementation: {{container: {{image: '{PINNED}', command: {command}, args: [{args}]}}}}\n"
    )
    document = parse_document(text, folder / "component.yaml")
    found = []
    for finding in program_defaults(document, folder, {}):
        line = text.splitlines()[(finding.where.line or 1) - 1]
        found.append((line[(finding.where.column or 1) - 1 : (finding.where.end_column or 1) - 1], finding.message))
        assert finding.rule == "C098"
        assert "where the input is left out" in finding.help
    return found


def _own(name: str, type_: str, default: str, *, own: str | None = None) -> str:
    words = f"{{flag: --{name}, default: '{default if own is None else own}'}}"
    return f"{{name: {name}, type: {type_}, default: '{default}', annotations: {{program: {words}}}}}"


@pytest.mark.parametrize(
    ("port", "message"),
    [
        (_own("rate", "Float", "0.5"), ""),
        (_own("rate", "Float", "0.50"), ""),
        (_own("rate", "Float", "0.7", own="0.5"), ""),
        (_own("rate", "Float", "0.7"), "own default of 'rate' is '0.7', in the code it is '0.5' (train.py:3)"),
        (_own("name", "String", "a b"), ""),
        (_own("name", "String", "A b"), "'A b', in the code it is 'a b' (train.py:4)"),
        (_own("items", "JsonArray", "[1 ]"), ""),
        (_own("items", "JsonArray", "[2]"), "'[2]', in the code it is '[1]'"),
        (_own("fast", "Boolean", "False"), ""),
        (_own("fast", "Boolean", "true"), "'true', in the code it is 'false'"),
        (_own("note", "String", "x"), "'x', the code has no default"),
        (_own("gone", "String", "x"), ""),
        ("{name: rate, type: Float, default: '0.7', annotations: {program: {flag: --rate}}}", ""),
    ],
)
def test_the_launchers_default_is_the_codes(tmp_path: Path, port: str, message: str) -> None:
    found = _found(tmp_path, port, "--executor-input, {executorInput: null}, --, python, train.py")
    assert [text for _, text in found] == ([found[0][1]] if message else [])
    assert not message or message in found[0][1]


@pytest.mark.parametrize(
    ("args", "differs"),
    [
        ("{if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}]}}", True),
        ("{if: {cond: {isPresent: rate}, then: [--rate, {inputValue: rate}], else: [--rate, '0.7']}}", False),
        ("--rate, {inputValue: rate}", False),
    ],
)
@pytest.mark.parametrize("command", ["[python, train.py]", OURS])
def test_a_default_that_is_left_out_is_the_codes(tmp_path: Path, args: str, command: str, *, differs: bool) -> None:
    words = f"--, python, train.py, {args}" if command == OURS else args
    found = _found(tmp_path, "{name: rate, type: Float, default: '0.7'}", words, command=command)
    assert found == ([("'0.7'", "the default of 'rate' is '0.7', in the code it is '0.5' (train.py:3)")] * differs)


@pytest.mark.parametrize("words", ["sh, count.sh", "python, missing.py", "python, -m, papermill, n.ipynb", "--rate"])
def test_a_program_that_is_not_found_is_left_alone(tmp_path: Path, words: str) -> None:
    assert _found(tmp_path, _own("rate", "Float", "0.7"), f"--, {words}") == []


def test_a_module_and_its_subcommand_are_found(tmp_path: Path) -> None:
    code = CODE.replace(
        "args =",
        "sub = parser.add_subparsers().add_parser('fit')\nsub.add_argument('--depth', default=3, type=int)\nargs =",
    )
    found = _found(tmp_path, _own("depth", "Integer", "4"), "--, python, -m, train, fit", code=code)
    assert [text for _, text in found] == [
        "the program's own default of 'depth' is '4', in the code it is '3' (train.py:9)"
    ]


@pytest.mark.parametrize(
    "code",
    ["def f(:", CODE.replace('"--note"', '"--note", default=os.getcwd()'), "print(1)\n"],
    ids=["syntax", "call", "no"],
)
def test_code_that_cannot_be_read_is_left_alone(tmp_path: Path, code: str) -> None:
    assert _found(tmp_path, _own("note", "String", "x"), "--, python, train.py", code=code) == []


def test_parameters_of_one_flag_differ_by_their_names(tmp_path: Path) -> None:
    source = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "rate = 0.5\nsteps = 3\n"}
    cell = {**source, "outputs": [], "execution_count": None}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (tmp_path / "n.ipynb").write_text(json.dumps(notebook))
    inputs = [
        f"{{name: {name}, type: {kind}, default: '{default}', annotations: {{program: {own}}}}}"
        for name, kind, default in (("rate", "Float", "0.5"), ("steps", "Integer", "4"))
        for own in (f"{{flag: -y, form: yaml, default: '{default}'}}",)
    ]
    found = _found(tmp_path, ", ".join(inputs), "--, papermill, n.ipynb, '-'")
    assert [text for _, text in found] == [
        "the program's own default of 'steps' is '4', in the code it is '3' (n.ipynb:2)"
    ]
