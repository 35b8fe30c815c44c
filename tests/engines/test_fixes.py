"""After safe fixes, both lines of KFP load what they loaded before, or load what they refused."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faulty_contracts import faulty_contracts
from tests.kfp_driver import DriverError, command_line, executor_input
from toolkit.lint.fixing import fixed
from toolkit.lint.linter import lint_text

PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "loaded.py"
CONTRACTS = int(os.environ.get("COMP_TEST_CONTRACTS", "300"))
PATH = Path("component.yaml")
VALUES = {
    "STRING": "given",
    "NUMBER_INTEGER": 7,
    "NUMBER_DOUBLE": 7.5,
    "BOOLEAN": True,
    "LIST": [7],
    "STRUCT": {"given": 7},
}

Ask = Callable[[str], Any]


@contextmanager
def _asking(python: Path) -> Iterator[Ask]:
    """Ask one process with KFP about many contracts."""
    with subprocess.Popen(
        [python, "-W", "ignore", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def ask(text: str) -> object:
            stdin.write(json.dumps(text) + "\n")
            stdin.flush()
            return json.loads(stdout.readline())

        try:
            yield ask
        finally:
            stdin.close()


@pytest.mark.parametrize("line", ["1", "2"])
def test_what_kfp_loads_stays_the_same(line: str, request: pytest.FixtureRequest) -> None:
    same = {"1": _same_in_1, "2": _same_in_2}[line]
    counts = {"loaded": 0, "mended": 0}
    with _asking(request.getfixturevalue(f"kfp{line}")) as ask:

        @settings(max_examples=CONTRACTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(faulty_contracts())
        def agree(text: str) -> None:
            result = fixed(text, PATH, lambda text: lint_text(text, PATH), unsafe=False)
            if result.text == text:
                return
            before, after = ask(text), ask(result.text)
            counts["mended"] += before is None and after is not None
            counts["loaded"] += before is not None
            if before is not None:
                assert after is not None, result.text
                same(before, after)

        agree()
    # What changes no contract that is loaded, and what mends none, would agree with everything.
    assert counts["loaded"] > CONTRACTS / 10, counts
    assert counts["mended"] > CONTRACTS / 30, counts


def _same_in_1(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Assert that two contracts are one to KFP 1.8, except for steps that it could not make before."""
    pairs = zip(before.pop("steps"), after.pop("steps"), strict=True)
    assert before == after
    for old, new in pairs:
        assert old == new or isinstance(old, str), (old, new)


def _same_in_2(before: dict[str, Any] | list[Any], after: dict[str, Any]) -> None:
    """Assert that two contracts are one to KFP 2: all but the command line, and what the program gets from it."""
    if isinstance(before, list):
        # KFP 2 loads it, and cannot compile it.
        return
    calls = list(_calls(before))
    old, new = ([_words(document, call) for call in calls] for document in (before, after))
    for was, is_now in zip(old, new, strict=True):
        assert was is None or was == is_now, (old, new)
    for document in (before, after):
        for executor in document["deploymentSpec"]["executors"].values():
            executor["container"].pop("args", None)
            executor["container"].pop("command")
    assert before == after


def _calls(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield tasks that give all inputs, none that may be absent, and each of these alone."""
    ports = document["root"].get("inputDefinitions", {})
    parameters, artifacts = ports.get("parameters", {}), ports.get("artifacts", {})
    optional = [name for name, port in (parameters | artifacts).items() if port.get("isOptional")]
    for left_out in (set(), set(optional), *({name} for name in optional)):
        given = {name: VALUES[port["parameterType"]] for name, port in parameters.items() if name not in left_out}
        yield {
            "inputs": {
                "parameters": {name: {"runtimeValue": {"constant": value}} for name, value in given.items()},
                "artifacts": {name: {} for name in artifacts if name not in left_out},
            }
        }


def _words(document: dict[str, Any], call: dict[str, Any]) -> list[str] | None:
    """Return what the program gets from KFP's server; None if its driver gives up."""
    (component,), (executor,) = document["components"].values(), document["deploymentSpec"]["executors"].values()
    try:
        return command_line(executor["container"], component, executor_input(component, call))
    except DriverError:
        return None
