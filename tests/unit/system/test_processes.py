"""Programs that print too much, too long, or leave children that hold their output."""

import subprocess
import time
from uuid import uuid4

import pytest

from toolkit.errors import InputError
from toolkit.system.processes import run

# The longest that a test waits for what should happen at once.
_AT_ONCE = 30


def test_what_goes_in_and_comes_out() -> None:
    done = run(["/bin/sh", "-c", "cat; echo no >&2; exit 3"], seconds=60, data=b"x" * 1_000_000)
    assert (done.code, done.out, done.error_text) == (3, b"x" * 1_000_000, "no\n")
    assert run(["/bin/sh", "-c", "kill -9 $$"], seconds=60).code == -9


def test_what_is_not_read_does_not_matter() -> None:
    assert run(["/bin/true"], seconds=60, data=b"x" * 1_000_000).code == 0


def test_a_child_that_holds_the_output_is_not_waited_for() -> None:
    started = time.monotonic()
    assert run(["/bin/sh", "-c", "sleep 987 & echo done"], seconds=600, session=True).text == "done\n"
    assert time.monotonic() - started < _AT_ONCE


@pytest.mark.parametrize("where", [1, 2])
def test_output_without_end_is_cut(where: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_PROGRAM_OUTPUT", "100000")
    with pytest.raises(InputError, match=r"the output of sh exceeds the limit of 100\.0 kB"):
        run(["/bin/sh", "-c", f"while :; do echo {uuid4()}; done >&{where}"], seconds=600)


def test_the_time_is_bounded_whatever_it_closes() -> None:
    for script in ("sleep 987", "exec >&- 2>&-; sleep 987"):
        with pytest.raises(subprocess.TimeoutExpired, match=r"^Command 'sh' timed out after 1 seconds$"):
            run(["/bin/sh", "-c", script], seconds=1, session=True)


def test_lines_are_heard_while_it_runs() -> None:
    lines: list[str] = []
    done = run(["/bin/sh", "-c", "echo one; echo two >&2; printf 'th\\nree'"], seconds=60, hear=lines.append)
    assert done.text == "one\nth\nree"
    assert sorted(lines) == ["one", "ree", "th", "two"]
