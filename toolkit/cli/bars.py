"""Progress: bars on a terminal, now and then a line elsewhere, or JSON for machines."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console, tell
from toolkit.leaving import undone
from toolkit.progress import Progress, Report, silent
from toolkit.redaction import hide, visible
from toolkit.words import in_bytes

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

FORMS = ("auto", "bars", "lines", "json", "none")

# Seconds before the first bar, between two lines of one task, and between two records of one task.
_PATIENCE = 1.0
_LINE_EVERY = 10.0
_RECORD_EVERY = 0.1

option = click.option(
    "--progress",
    type=click.Choice(FORMS),
    default="auto",
    show_default=True,
    help="How transfers are shown: bars on a terminal, else lines; json is for machines.",
)


@contextmanager
def reporting(console: Console, form: str = "auto") -> Iterator[Report]:
    """Give a callback that shows progress on stderr while the block runs, from any thread."""
    if form == "auto":
        form = "none" if console.verbosity < 0 else "bars" if sys.stderr.isatty() else "lines"
    shown: _Bars | _Lines | _Records | None = None
    if form == "bars":
        shown = _Bars()
    elif form == "lines":
        shown = _Lines()
    elif form == "json":
        shown = _Records()
    # Bars that stay would leave the terminal without a cursor.
    with undone(shown.stop) if isinstance(shown, _Bars) else nullcontext():
        yield shown.report if shown else silent


def _amount(progress: Progress) -> str:
    """Write how far it is: `1.2 MB of 45.0 MB`, `20 of 90 modules`."""
    if progress.unit == "B":
        return in_bytes(progress.done) + (f" of {in_bytes(progress.total)}" if progress.total else "")
    return f"{progress.done}" + (f" of {progress.total}" if progress.total else "") + f" {progress.unit}"


class _Bars:
    """One bar for each piece of work and one for all transfers, by rich, which is imported when something is slow."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._display: Display | None = None
        self._whole: TaskID
        self._tasks: dict[str, TaskID] = {}
        self._latest: dict[str, Progress] = {}

    def report(self, progress: Progress) -> None:
        """Show how far a piece of work is."""
        with self._lock:
            if progress.unit == "B":
                self._latest[progress.task] = progress
            if time.monotonic() - self._started < _PATIENCE:
                return
            display = self._shown()
            if progress.task not in self._tasks:
                self._tasks[progress.task] = display.add_task(visible(hide(progress.task))[:40], amount="")
            self._show(self._tasks[progress.task], progress, visible=progress.done != progress.total)
            # A sum of one transfer says nothing.
            known = self._latest.values()
            total, done = sum(one.total or one.done for one in known), sum(one.done for one in known)
            self._show(self._whole, Progress(task="total", done=done, total=total), visible=len(known) > 1)

    def stop(self) -> None:
        """Take the bars away."""
        if self._display is not None:
            self._display.stop()

    def _show(self, task: "TaskID", progress: Progress, *, visible: bool) -> None:
        done, total = progress.done, progress.total
        self._shown().update(task, completed=done, total=total, visible=visible, amount=_amount(progress))

    def _shown(self) -> "Display":
        if self._display is None:
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Display

            columns = TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[amount]}")
            self._display = Display(*columns, TimeRemainingColumn(), console=Terminal(stderr=True), transient=True)
            self._whole = self._display.add_task("total", visible=False, amount="")
            self._display.start()
        return self._display


class _Lines:
    """A line for what takes long, every ten seconds and at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}
        self._spoken: set[str] = set()

    def report(self, progress: Progress) -> None:
        """Tell how far a piece of work is, if it is time."""
        now = time.monotonic()
        with self._lock:
            last = self._told.setdefault(progress.task, now)
            ended = progress.done == progress.total
            if now - last < _LINE_EVERY and not (ended and progress.task in self._spoken):
                return
            self._told[progress.task] = now
            self._spoken.add(progress.task)
            tell(f"{progress.task}: {_amount(progress)}")


class _Records:
    """One JSON object on a line for each step: task, done, total, unit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, float] = {}

    def report(self, progress: Progress) -> None:
        """Write a record, not too often, and always the last."""
        now = time.monotonic()
        with self._lock:
            if progress.done != progress.total and now - self._told.get(progress.task, 0.0) < _RECORD_EVERY:
                return
            self._told[progress.task] = now
            record = {"task": progress.task, "done": progress.done, "total": progress.total, "unit": progress.unit}
            tell(json.dumps({"progress": record}))
