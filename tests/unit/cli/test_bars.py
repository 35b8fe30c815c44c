"""How progress is written where there is no terminal."""

import json

import pytest

from toolkit.cli import bars
from toolkit.cli.bars import reporting
from toolkit.cli.console import Console
from toolkit.progress import Progress

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
