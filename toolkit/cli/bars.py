"""Progress on a terminal: one bar for each transfer that takes longer than a second. Elsewhere nothing."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from toolkit.cli.console import Console
from toolkit.progress import Progress, Report, silent

_PATIENCE = 1.0


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """Give a callback that shows progress on stderr while the block runs."""
    if not sys.stderr.isatty() or console.verbosity < 0:
        yield silent
        return
    bars = _Bars()
    try:
        yield bars.report
    finally:
        bars.stop()


class _Bars:
    """Bars of rich, which is imported only when something turns out to take long."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._shown: object = None
        self._tasks: dict[str, int] = {}

    def report(self, progress: Progress) -> None:
        """Show how far a transfer is."""
        if progress.unit != "B" or time.monotonic() - self._started < _PATIENCE:
            return
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
        from rich.progress import Progress as Display

        with self._lock:
            if not isinstance(self._shown, Display):
                columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
                self._shown = Display(*columns, console=Terminal(stderr=True), transient=True)
                self._shown.start()
            if progress.task not in self._tasks:
                self._tasks[progress.task] = self._shown.add_task(progress.task[:40], total=progress.total)
            self._shown.update(self._tasks[progress.task], completed=progress.done)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Take the bars away."""
        stop = getattr(self._shown, "stop", None)
        if stop is not None:
            stop()
