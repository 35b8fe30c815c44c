"""How progress is written where there is no terminal."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from toolkit.cli import bars
from toolkit.cli.bars import reporting, showing
from toolkit.cli.console import Console
from toolkit.progress import SUBJECT, Progress

STEPS = (
    Progress(task="push 0123", done=1_500_000, total=3_000_000),
    Progress(task="bytecode", done=20, total=90, unit="modules"),
    Progress(task="some.whl", done=999),
    Progress(task="push 0123", done=3_000_000, total=3_000_000),
)


def test_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with reporting(Console(), "lines") as report:
        for step in STEPS:
            report(step)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(bars, "_LINE_EVERY", 0)
    with reporting(Console(), "auto") as report:
        for step in STEPS:
            report(step)
    assert capsys.readouterr().err.splitlines() == [
        "push 0123: 1.5 MB of 3.0 MB",
        "bytecode: 20 of 90 modules",
        "some.whl: 999 B",
        "push 0123: 3.0 MB of 3.0 MB",
    ]
    with reporting(Console(-1), "auto") as report:
        report(STEPS[0])
    assert capsys.readouterr() == ("", "")


def test_records_come_not_too_often_and_always_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    with reporting(Console(), "json") as report:
        for step in (STEPS[0], STEPS[0], *STEPS):
            report(step)
    records = [json.loads(line)["progress"] for line in capsys.readouterr().err.splitlines()]
    assert [(one["task"], one["done"], one["unit"]) for one in records] == [
        ("push 0123", 1_500_000, "B"),
        ("bytecode", 20, "modules"),
        ("some.whl", 999, "B"),
        ("push 0123", 3_000_000, "B"),
    ]


def test_results_stay_on_stdout_while_bars_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # As on a terminal.
    monkeypatch.setattr(bars, "_PATIENCE", 0)
    with reporting(Console(), "bars") as report:
        report(STEPS[0])
        Console().data("sha256:0123")
        Console().say("pinned")
    out, err = capsys.readouterr()
    assert out == "sha256:0123\n"
    assert "push 0123" in err
    assert "pinned" in err


@contextmanager
def about(name: str) -> Iterator[None]:
    token = SUBJECT.set(name)
    yield
    SUBJECT.reset(token)


def test_lines_and_records_name_the_component(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "_LINE_EVERY", 0)
    for form in ("lines", "json"):
        with reporting(Console(), form) as report:
            for name in ("train", "split"):
                with about(name):
                    report(STEPS[0])
            report(Progress(task="components", done=1, total=2, unit="components"))
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == [
        "train: push 0123: 1.5 MB of 3.0 MB",
        "split: push 0123: 1.5 MB of 3.0 MB",
        "1 of 2 components",
    ]
    records = [json.loads(line)["progress"] for line in lines[3:]]
    assert [record.get("component") for record in records] == ["train", "split", None]


def test_a_component_among_many_has_one_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # As on a terminal.
    monkeypatch.setattr(bars, "_PATIENCE", 0)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with showing(Console(), "bars") as shown:
        with about("train"):
            shown.report(STEPS[0])
            shown.report(Progress(task="push 4567", done=500_000, total=1_000_000))
        with shown.aside():
            Console().data("train sha256:0123")
    out, err = capsys.readouterr()
    assert out == "train sha256:0123\n"
    assert "2.0 MB of 4.0 MB" in err
    assert "push 4567" not in err


def test_bars_that_come_back_erase_nothing_that_was_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(bars, "_PATIENCE", 0)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    with showing(Console(), "bars") as shown:
        shown.report(Progress(task="push 0123", done=1, total=10))
        shown.report(Progress(task="push 4567", done=1, total=10))
        with shown.aside():
            Console().data("train sha256:0123")
            assert "\x1b[1A" in capsys.readouterr().err  # The bars are gone.
        shown.report(Progress(task="push 4567", done=2, total=10))
        before, bar, _ = capsys.readouterr().err.partition("━")
    assert bar
    assert "\x1b[1A" not in before
