"""A program is followed line by line, however much it prints and however it ends."""

import os
import sys

import pytest

from toolkit.system.following import LONGEST, follow


def _followed(program: str) -> tuple[int, list[str]]:
    lines: list[str] = []
    code = follow([sys.executable, "-c", program], lines.append, environment=os.environ)
    return code, lines


def test_lines_of_both_outputs_come_and_the_exit_code() -> None:
    code, lines = _followed("import sys; print('a'); print('b', file=sys.stderr); print('\u00e9', end=''); sys.exit(3)")
    assert code == 3
    assert sorted(lines) == ["a", "b", "\u00e9"]


def test_a_carriage_return_ends_a_line() -> None:
    assert _followed(r"import sys; sys.stdout.buffer.write(b'10%\r20%\rdone\r\n')")[1] == ["10%", "20%", "done"]


def test_a_line_without_an_end_comes_in_parts() -> None:
    _, lines = _followed(f"import sys; sys.stdout.write('x' * {LONGEST * 3 + 1})")
    assert "".join(lines) == "x" * (LONGEST * 3 + 1)
    assert max(map(len, lines)) <= LONGEST


def test_what_is_not_utf8_is_shown_somehow() -> None:
    assert _followed(r"import sys; sys.stdout.buffer.write(b'\xff\n')")[1] == ["\ufffd"]


def test_the_program_ends_if_its_reader_fails() -> None:
    found: list[int] = []

    def hear(line: str) -> None:
        found.append(int(line))
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        follow(
            [sys.executable, "-uc", "import os, time; print(os.getpid()); time.sleep(600)"],
            hear,
            environment=os.environ,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(found[0], 0)
