"""Progress: bars on a terminal, lines elsewhere, or JSON for machines."""

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click
from msgspec import Struct
from msgspec.structs import replace

from toolkit.cli.console import Console, tell
from toolkit.progress import SUBJECT, Progress, Report, silent
from toolkit.redaction import hide, visible
from toolkit.system.signals import undone
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
    help="How transfers are shown; auto means bars on a terminal, and lines elsewhere.",
)


class Shown(Struct, frozen=True, kw_only=True):
    """Progress on the screen: `report` shows it, from any thread; within `aside` nothing is drawn over other lines."""

    report: Report = silent
    aside: Callable[[], AbstractContextManager[object]] = nullcontext


@contextmanager
def reporting(console: Console, form: str = "auto") -> Iterator[Report]:
    """Yield a callback that shows progress on stderr, from any thread, until the block ends."""
    with showing(console, form) as shown:
        yield shown.report


@contextmanager
def showing(console: Console, form: str = "auto") -> Iterator[Shown]:
    """Show progress on stderr until the block ends."""
    if form == "auto":
        form = "none" if console.verbosity < 0 else "bars" if sys.stderr.isatty() else "lines"
    shown: _Bars | _Lines | _Records | None = None
    if form == "bars":
        shown = _Bars()
    elif form == "lines":
        shown = _Lines()
    elif form == "json":
        shown = _Records()
    # Bars hide the cursor until they are stopped.
    with undone(shown.stop) if isinstance(shown, _Bars) else nullcontext():
        if isinstance(shown, _Bars) and sys.stdout.isatty():
            yield Shown(report=shown.report, aside=shown.aside)
        else:
            yield Shown(report=shown.report) if shown else Shown()


def _named(task: str) -> str:
    """Return the name of a task, with that of the component that it is for in a command on many."""
    subject = SUBJECT.get()
    return f"{subject}: {task}" if subject else task


def _amount(progress: Progress) -> str:
    """Return the progress in words: `1.2 MB of 45.0 MB`, `20 of 90 modules`."""
    if progress.unit == "B":
        return in_bytes(progress.done) + (f" of {in_bytes(progress.total)}" if progress.total else "")
    return f"{progress.done}" + (f" of {progress.total}" if progress.total else "") + f" {progress.unit}"


def _sum(task: str, transfers: Collection[Progress]) -> Progress:
    """Return several transfers as one."""
    # A transfer of unknown size counts with what has arrived.
    total = sum(transfer.total or transfer.done for transfer in transfers)
    return Progress(task=task, done=sum(transfer.done for transfer in transfers), total=total)


class _Bars:
    """One bar for each piece of work and one for all transfers, drawn by rich, which slow work alone imports."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._display: Display | None = None
        self._whole: TaskID
        self._tasks: dict[str, TaskID] = {}
        # By the component, if there are many, and the task.
        self._latest: dict[tuple[str, str], Progress] = {}

    def report(self, progress: Progress) -> None:
        """Show the progress of a piece of work."""
        subject = SUBJECT.get()
        with self._lock:
            if progress.unit == "B":
                self._latest[subject, progress.task] = progress
            if subject:
                progress = self._of_component(subject, progress)
            # Quick work ends before it could be read.
            if time.monotonic() - self._started < _PATIENCE:
                return
            display = self._shown()
            if progress.task not in self._tasks:
                self._tasks[progress.task] = display.add_task(visible(hide(progress.task))[:40], amount="")
            self._show(self._tasks[progress.task], progress, visible=progress.done != progress.total)
            # The sum of a single transfer would repeat its own bar.
            whole = _sum("total", self._latest.values())
            self._show(self._whole, whole, visible=len(self._latest) > 1)

    def _of_component(self, subject: str, progress: Progress) -> Progress:
        """Return what is shown of a component among many: all its transfers as one, so that the screen has room."""
        if progress.unit != "B":
            return replace(progress, task=f"{subject}: {progress.task}")
        return _sum(subject, [each for (of, _), each in self._latest.items() if of == subject])

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Remove the bars before the block prints to the same terminal; the next report draws them again."""
        with self._lock:
            self.stop()
            # A display that starts again erases as many lines above it as it had before, and with them what is printed.
            self._display = None
            self._tasks = {}
            yield

    def stop(self) -> None:
        """Remove the bars."""
        if self._display is not None:
            self._display.stop()

    def _show(self, task: "TaskID", progress: Progress, *, visible: bool) -> None:
        """Draw the state of one bar."""
        done, total = progress.done, progress.total
        self._shown().update(task, completed=done, total=total, visible=visible, amount=_amount(progress))

    def _shown(self) -> "Display":
        """Return the display, which appears when it is first needed."""
        if self._display is None:
            from rich.console import Console as Terminal
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Display

            columns = TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[amount]}")
            self._display = Display(
                *columns,
                TimeRemainingColumn(),
                console=Terminal(stderr=True),
                transient=True,
                # A result printed meanwhile would go to stderr, above the bars.
                redirect_stdout=False,
            )
            self._whole = self._display.add_task("total", visible=False, amount="")
            self._display.start()
        return self._display


class _Lines:
    """A line for slow work, every ten seconds and at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printed: dict[str, float] = {}
        self._shown: set[str] = set()

    def report(self, progress: Progress) -> None:
        """Print the progress of a piece of work, at most every ten seconds."""
        now, task = time.monotonic(), _named(progress.task)
        with self._lock:
            # The first report only starts the clock, so quick work prints no line.
            last = self._printed.setdefault(task, now)
            ended = progress.done == progress.total
            if now - last < _LINE_EVERY and not (ended and task in self._shown):
                return
            self._printed[task] = now
            self._shown.add(task)
            tell(_amount(progress) if progress.task == progress.unit else f"{progress.task}: {_amount(progress)}")


class _Records:
    """One JSON object on a line for each step: task, done, total, unit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._printed: dict[str, float] = {}

    def report(self, progress: Progress) -> None:
        """Print a record, at most ten a second and always the last."""
        now, task = time.monotonic(), _named(progress.task)
        with self._lock:
            if progress.done != progress.total and now - self._printed.get(task, 0.0) < _RECORD_EVERY:
                return
            self._printed[task] = now
            of = {"component": SUBJECT.get()} if SUBJECT.get() else {}
            record = {**of, "task": progress.task, "done": progress.done, "total": progress.total}
            # On stderr as all progress, since stdout has the result alone.
            tell(json.dumps({"progress": {**record, "unit": progress.unit}}), named=False)
