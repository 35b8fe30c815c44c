"""A change breaks by the category `compile` exactly if real KFP no longer compiles some caller."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.contract_pairs import TYPES, pairs
from toolkit.breaking.comparison import compare, compiling
from toolkit.spec.reader import parse_document

PROGRAM = Path(__file__).resolve().parent.parent / "kfp" / "callers.py"
PAIRS = int(os.environ.get("COMP_TEST_PAIRS", "500"))

Ask = Callable[[str, str], list[str] | None]


@contextmanager
def _asking(python: Path) -> Iterator[Ask]:
    """Ask one process with KFP about many pairs of contracts."""
    with subprocess.Popen(
        [python, "-W", "ignore", PROGRAM, json.dumps(TYPES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        stdin, stdout = process.stdin, process.stdout

        def ask(old: str, new: str) -> list[str] | None:
            stdin.write(json.dumps([old, new]) + "\n")
            stdin.flush()
            stopped: list[str] | None = json.loads(stdout.readline())
            return stopped

        try:
            yield ask
        finally:
            stdin.close()


@pytest.mark.parametrize("line", ["1.8", "2"])
def test_a_change_breaks_exactly_if_a_caller_stops_compiling(line: str, request: pytest.FixtureRequest) -> None:
    counts = {True: 0, False: 0}
    with _asking(request.getfixturevalue(f"kfp{line[0]}")) as ask:

        @settings(max_examples=PAIRS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(pairs())
        def agree(pair: tuple[str, str]) -> None:
            old, new = (parse_document(text, Path(name)) for text, name in zip(pair, ("old", "new"), strict=True))
            changes = compare(old, new).changes
            stopped = ask(*pair) or []
            counts[bool(stopped)] += 1
            assert bool(stopped) is not compiling(changes, line), (stopped[:5], [change.message for change in changes])

        agree()
    # Neither answer is rare: what always says the same would agree with nothing.
    assert min(counts.values()) > PAIRS / 10
