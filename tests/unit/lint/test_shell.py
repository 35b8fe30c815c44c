"""Shell programs that bash can parse, and those that it cannot; nothing of them runs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from toolkit.lint.shell import is_plain, shell_problem

PARTS = [
    *"abc\n;&|()<>\"'$ #\\{}!`",
    "if",
    "fi",
    "do",
    "&&",
    "||",
    ">>",
    "2>&1",
    "$(a)",
    '"$1"',
    "$((1))",
    "<<E",
    "x=1",
    ";;",
]


@pytest.mark.parametrize(
    "program",
    [
        "",
        'mkdir -p "$(dirname "$2")"\ncp -r "$0/$1" "$2"\n',
        '(a \'b\' || c 2>&1) && "$0" "$@"',
        'a \\\n  --b "${c}" # d \'e\n',
        "a > b 2>> c < d; e & f",
        "a && \n b | \n c",
        "echo if fi",
    ],
)
def test_a_plain_program_needs_no_shell(program: str) -> None:
    assert is_plain(program)
    assert shell_problem(program) is None


@pytest.mark.parametrize(
    ("program", "line", "words"),
    [
        ("echo\nfi\n", 2, "near unexpected token"),
        ("if true; then\n  echo\n", 2, "unexpected end of file"),
        ("echo 'a\n", 1, "looking for matching"),
        ("a &&", 1, "unexpected end of file"),
        ("\n\na ;; b", 3, "near unexpected token"),
    ],
)
def test_a_problem_has_its_line(program: str, line: int, words: str) -> None:
    problem = shell_problem(program)
    assert problem is not None
    assert (problem.line, words in problem.message) == (line, True)


@pytest.mark.parametrize(
    "program",
    [
        "if a; then b; fi",
        "for i in $(seq 3); do echo $i; done",
        "shopt -s extglob\nrm !(a|b)",
        "cat <<E\nif\nE\n",
        "diff <(a) <(b)",
        "f() { a; }; f",
        "a=(1 2); echo ${a[@]}",
        'case "$1" in a) b;; esac',
        "echo $((1 + 2)) `date`",
    ],
)
def test_what_bash_can_parse_has_no_problem(program: str) -> None:
    assert not is_plain(program)
    assert shell_problem(program) is None


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
@settings(max_examples=60, deadline=None)
@example("a >b2>>&1")
@example("a > 2>&1")
@example("$(fi)")
@example("$(a)#|")
@example("2>&1#|")
def test_what_is_plain_bash_can_parse(program: str) -> None:
    if is_plain(program):
        bash = shutil.which("bash")
        assert bash
        command = [bash, "-O", "extglob", "-n", "/dev/stdin"]
        checked = subprocess.run(command, input=program.encode(), capture_output=True, check=False)
        assert (checked.returncode, program) == (0, program)


def test_nothing_of_a_program_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "made"
    read_first = tmp_path / "read_first"
    read_first.write_text(f"touch '{made}'\n")
    monkeypatch.setenv("BASH_ENV", str(read_first))
    assert shell_problem(f"touch '{made}'; if true; then echo $(touch '{made}'); fi") is None
    assert shell_problem(f"touch '{made}'; fi") is not None
    assert not made.exists()


def test_without_bash_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert shell_problem("without bash; fi") is None


def test_an_old_bash_is_not_believed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "bash"
    old.write_text(
        "#!/bin/sh\n[ \"$1\" != --version ] || { echo 'GNU bash, version 3.2.57(1)-release'; exit; }\n"
        "echo '/dev/stdin: line 1: syntax error near unexpected token' >&2; exit 2\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shell_problem("an old bash &>> x; fi") is None


@pytest.mark.parametrize("program", ["$(" * 20_000, "(" * 50_000, "{ " * 60_000, '"' * 90_001, "a" * 200_000])
def test_a_hostile_program_ends(program: str) -> None:
    shell_problem(program)
