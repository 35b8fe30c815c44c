"""Nothing is printed past the console."""

import ast
import json
import logging
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

import toolkit
from toolkit.cli.bars import reporting
from toolkit.cli.console import Console, LogHandler, guard, tell, tell_traceback
from toolkit.progress import SUBJECT, Progress
from toolkit.redaction import learn

SOURCES = Path(toolkit.__file__).parent
# The console itself; programs that run elsewhere; and the streams that a step's own output goes to as it is.
OWN = {"cli/console.py", "launcher/launch.py", "program_probe/driver.py", "wheels/bytecode/program.py"}
STEPS = {"engines/docker.py", "engines/buildah.py", "runners/process.py"}
SECRET, HOSTILE = "console-mark-0001", "\x1b]0;owned\x07\u202e"


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda path: path.relative_to(SOURCES).as_posix())
def test_only_the_console_prints(path: Path) -> None:
    name = path.relative_to(SOURCES).as_posix()
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {
                "print",
                "click.echo",
                "click.secho",
                "click.prompt",
                "click.confirm",
                "traceback.print_exc",
                "traceback.print_exception",
            }:
                found.append(called)
            if called.startswith(("sys.stdout", "sys.stderr")) and called.endswith(("write", "writelines")):
                found.append(called)
    assert not found or name in OWN | STEPS, f"{name} prints by {found}, past toolkit.cli.console"


@pytest.fixture(autouse=True)
def _secret() -> None:
    learn(SECRET)


def _shown(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    printed = out + err
    assert SECRET not in printed
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    return printed


def test_data_and_words_are_without_secrets_and_controls(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(2)
    for show in (console.data, console.say, console.detail, console.warn, tell):
        show(f"<{SECRET}> {HOSTILE}")
        assert "<***>" in _shown(capsys)


def test_a_document_is_exact_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    Console().document("a: '\u202e'\n")
    assert capsys.readouterr().out == "a: '\u202e'\n"


def test_tracebacks_are_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    tell_traceback(ValueError(f"{SECRET} {HOSTILE}"))
    assert "ValueError: *** " in _shown(capsys)


def test_what_python_prints_by_itself_is_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner, name in ((threading, "excepthook"), (warnings, "showwarning"), (logging, "lastResort")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    for name in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(f"sys.{name}", None)
    guard()

    def fail() -> None:
        raise ValueError(f"{SECRET} {HOSTILE}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "ValueError" in _shown(capsys)
    warnings.showwarning(UserWarning(f"{SECRET} {HOSTILE}"), UserWarning, "x.py", 1)
    assert "warning: UserWarning: ***" in _shown(capsys)


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)], ids=str)
def test_a_closed_stream_is_the_null_device(closed: tuple[int, ...]) -> None:
    code = "import os; from toolkit.cli.main import main; code = main(['rules']); print(end='', flush=True)"
    code += "; os._exit(code or os.open(os.devnull, os.O_RDONLY) < 3)"
    close = " ".join(f"{descriptor}>&-" for descriptor in closed)
    run = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -c "$1" {close}', sys.executable, code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert ("C001" in run.stdout) == (1 not in closed)


def test_the_log_is_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    LogHandler().handle(logging.LogRecord("x", logging.WARNING, "x.py", 1, "%s %s", (SECRET, HOSTILE), None))
    assert _shown(capsys).startswith("warning: ***")


@pytest.mark.parametrize("form", ["json", "lines", "bars"])
def test_progress_is_without_secrets(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolkit.cli.bars._PATIENCE", 0.0)
    monkeypatch.setattr("toolkit.cli.bars._LINE_EVERY", 0.0)
    with reporting(Console(), form) as report:
        for done in (1, 2):
            report(Progress(task=f"{SECRET} {HOSTILE} [bold]", done=done, total=2))
    printed = capsys.readouterr().err
    assert SECRET not in printed
    assert "\x1b]0" not in printed
    if form == "json":
        assert json.loads(printed.splitlines()[0])["progress"]["task"].startswith("***")


def test_lines_about_a_component_begin_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    token = SUBJECT.set("train")
    tell("one\n\ntwo")
    tell("::error::one", named=False)
    Console().data("result")
    SUBJECT.reset(token)
    tell("three")
    assert capsys.readouterr() == ("result\n", "train: one\ntrain: two\n::error::one\nthree\n")
