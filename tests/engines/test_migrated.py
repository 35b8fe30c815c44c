"""Migrated contracts, literal and drawn, with both real lines of KFP.

KFP 2 compiles what KFP 1.8 reads, unless something is left to do by hand. In KFP 1.8 the program gets the words that it
got before, except for an optional input that was not tested for.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.migrations import contract, migrated

PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "migrated.py"
CONTRACTS = int(os.environ.get("COMP_TEST_PAIRS", "150"))
TYPES: list[Any] = [
    *("String", "Integer", "Boolean", "JsonObject", "List[str]", "CSV", "GCSPath", "Dataset", None, {"GCSPath": {}}),
    *({"JsonObject": {"data_type": "x"}}, ["CSV"], ["CSV", "TSV"], {}),
]
NAMES = ["a", "A b", "a_b", "rate", "1st"]
DEFAULTS: list[Any] = [None, None, None, "", "5", "maybe", 5, True, "{}", "1.0"]


class Kfp:
    """One process with each line of KFP, asked about many contracts."""

    def __init__(self, *processes: "subprocess.Popen[str]") -> None:
        self._processes = processes

    def ask(self, old: str, new: str) -> tuple[Any, Any, Any, Any]:
        """Return the answers of KFP 1.8 about the old and the new contract, then those of KFP 2."""
        answers: list[Any] = []
        for process in self._processes:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps([old, new]) + "\n")
            process.stdin.flush()
            answers += json.loads(process.stdout.readline())
        one, two, three, four = answers
        return one, two, three, four


@contextmanager
def _process(python: Path) -> "Iterator[subprocess.Popen[str]]":
    """Start a process with KFP."""
    with subprocess.Popen(
        [python, "-W", "ignore", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin
        try:
            yield process
        finally:
            process.stdin.close()


@pytest.fixture(scope="module")
def kfp(kfp1: Path, kfp2: Path) -> Iterator[Kfp]:
    """Both lines of KFP."""
    with _process(kfp1) as one, _process(kfp2) as two:
        yield Kfp(one, two)


X = "[{name: x, type: String, optional: true}, {name: z, type: String}]"
TESTED = "cond: {isPresent: x}"


@pytest.mark.parametrize(
    "text",
    [
        contract("[{name: x}]", "[{inputValue: x}]"),
        contract("[{name: x, default: 1.10}]", "[{inputValue: x}]"),
        contract("[{name: x, type: GCSPath, default: gs}]", "[{inputValue: x}]"),
        contract("[{name: x, type: {GCSPath: {data_type: CSV}}}]", "[{inputValue: x}]"),
        contract("[{name: x, type: {JsonObject: {}}}]", "[{inputValue: x}]"),
        contract("[{name: x, type: [CSV]}]", "[{inputPath: x}]", outputs="[{name: o, type: [CSV, TSV]}]"),
        contract("[{name: x, type: JsonObject}]", "[{inputPath: x}]"),
        contract("[{name: x, type: Boolean, default: maybe}]", "[--x, {inputValue: x}]"),
        contract("[{name: x, type: Float, default: nan}]", "[{concat: [--x=, {inputValue: x}]}]"),
        contract(X, f"[{{concat: [a, {{if: {{{TESTED}, then: [b, {{inputValue: x}}], else: [c]}}}}]}}]"),
        contract(X, f"[{{if: {{{TESTED}, then: a, else: {{inputValue: z}}}}}}]"),
        contract(X, "[{if: {cond: 'true', then: [a, {inputValue: z}]}}, {if: {cond: false, then: [b]}}]"),
        contract("[{name: A b, type: String}, {name: a_b, type: String}]", "[{inputValue: A b}, {inputValue: a_b}]"),
        contract(head="name: '!!!'"),
        contract(head=f"name: {'long ' * 40}end"),
    ],
)
def test_what_kfp_2_refused_it_compiles_and_kfp_1_runs_it_as_before(kfp: Kfp, text: str) -> None:
    result = migrated(text)
    was, now, refused, compiles = kfp.ask(text, result.new.text)
    assert isinstance(was, list)
    assert was == now
    # KFP 2 merges equal names, and says nothing.
    assert refused or "a_b" in text
    assert compiles == ""
    assert result.made
    assert not result.left


def test_an_output_at_a_fixed_path_is_copied_to_that_of_kfp(kfp: Kfp) -> None:
    text = contract("[]", "[x]", outputs="[{name: a, type: String}]", more=", fileOutputs: {a: /a}")
    result = migrated(text, copy_file_outputs=True)
    was, now, before, after = kfp.ask(text, result.new.text)
    assert (before, after) == ("", "")
    assert was[0] == ["run", "x"]
    assert now[0][:2] == ["sh", "-ec"]
    assert now[0][3].endswith("/outputs/a/data")
    assert now[0][4:] == ["run", "x"]


@st.composite
def _arguments(draw: st.DrawFn, names: list[str], depth: int = 0, *, in_concat: bool = False) -> str | dict[str, Any]:
    """Draw one argument that names some inputs."""
    kinds = ["text", "value", "value"] + (["if", "concat"] if depth < 2 else []) + ["path"] * (not in_concat)
    kind = draw(st.sampled_from(kinds if names else ["text"]))
    if kind == "text":
        return draw(st.sampled_from(["--flag", "b", "--"]))
    if kind in {"value", "path"}:
        return {"inputValue" if kind == "value" else "inputPath": draw(st.sampled_from(names))}
    if kind == "concat":
        inner = _arguments(names, depth + 1, in_concat=True)
        return {"concat": draw(st.lists(inner, min_size=1, max_size=3))}
    branch = st.lists(_arguments(names, depth + 1, in_concat=in_concat), min_size=1, max_size=2)
    cond = draw(st.sampled_from([True, "false", *({"isPresent": name} for name in names)]))
    test: dict[str, Any] = {"cond": cond, "then": draw(branch)}
    if draw(st.booleans()):
        test["else"] = draw(branch)
    return {"if": test}


@st.composite
def contracts(draw: st.DrawFn) -> str:
    """Draw a contract in KFP 1.8's vocabulary."""
    inputs = []
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True)):
        port: dict[str, Any] = {"name": name, "type": draw(st.sampled_from(TYPES))}
        port |= {"default": draw(st.sampled_from(DEFAULTS)), "optional": draw(st.sampled_from([None, True]))}
        inputs.append({key: value for key, value in port.items() if value is not None})
    names = [port["name"] for port in inputs]
    container: dict[str, Any] = {"image": "i", "command": ["c"], "args": draw(st.lists(_arguments(names), max_size=4))}
    outputs = []
    if draw(st.booleans()):
        outputs = [{"name": "out", "type": draw(st.sampled_from(TYPES))}]
        outputs = [{key: value for key, value in outputs[0].items() if value is not None}]
        container["args"].append({"outputPath": "out"})
    document = {"name": "c", "inputs": inputs, "outputs": outputs, "implementation": {"container": container}}
    style = draw(st.sampled_from([False, None]))
    return str(yaml.safe_dump(document, sort_keys=False, default_flow_style=style))


def _words(words: list[str]) -> list[str]:
    """Return a command line without the names in its paths, since an input may have got another one."""
    return [re.sub(r"/inputs/[^/]+/data", "/inputs/data", word) for word in words]


def test_drawn_contracts_compile_and_run_as_before(kfp: Kfp) -> None:
    counts = {"compiles now": 0, "left": 0, "same": 0}

    @settings(max_examples=CONTRACTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(contracts())
    def agree(text: str) -> None:
        result = migrated(text)
        was, now, before, after = kfp.ask(text, result.new.text)
        if isinstance(was, str):
            return
        if result.left:
            counts["left"] += 1
        else:
            assert after == "", (text, result.new.text)
            counts["compiles now"] += bool(before)
        assert isinstance(now, list), (text, result.new.text, now)
        was, now = ([_words(words) for words in lines] for lines in (was, now))
        assert was[1] == now[1], (text, result.new.text)
        if not any(made.kind == "optional" for made in result.made):
            assert was[0] == now[0], (text, result.new.text)
            counts["same"] += 1

    agree()
    assert counts["compiles now"] > CONTRACTS / 20, counts
    assert counts["same"] > CONTRACTS / 4, counts
