"""Leave when a signal says so: end the children, remove what was made on the way, and go, all within two seconds.

No exception is raised out of a handler: it could come between any two steps, inside of a queue's lock too, and what
then waits for the lock waits for ever. A thread of its own hears of the signal by a descriptor, whatever the main
thread waits for, and the process ends there. What has to be undone is registered with `undone`.
"""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

SECONDS: Final = 2.0

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Exit codes of what a signal ended begin here, as shells have it.
_BY_SIGNAL = 128
# Children have this long to end by themselves.
_GRACE = 0.8
_POLL = 0.01
# timeout(1) sends its signal twice, to the process and to its group: that is not a second wish.
_SAME_SIGNAL = 0.25
# No signal has this number.
_OVER = b"\0"


class _Undoing:
    """What is to be undone when the process leaves, in the order in which it was done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.leaving = False
        self.entries: dict[object, Callable[[], object]] = {}
        self.last: list[Path] = []


_UNDOING = _Undoing()


@contextmanager
def undone(undo: Callable[[], object], *, do: Callable[[], object] | None = None) -> Iterator[None]:
    """Call `undo` when the block ends, or when a signal ends the process before; it may then be called twice.

    `do` is called first, at a time when the process is not about to leave.
    """
    key = object()
    with _UNDOING.lock:
        staying = not _UNDOING.leaving
        if staying:
            if do is not None:
                do()
            _UNDOING.entries[key] = undo
    if not staying:
        _wait_for_the_end()
    try:
        yield
    finally:
        # Registered until it is done: a signal may come meanwhile.
        try:
            undo()
        finally:
            with _UNDOING.lock:
                _UNDOING.entries.pop(key, None)


def removed_last(path: Path) -> None:
    """Remove a file in the very end of a process that leaves, when next to no time is left to other threads."""
    _UNDOING.last.append(path)


def is_leaving() -> bool:
    """Tell whether a signal has come: what fails from then on is not worth a word."""
    return _UNDOING.leaving


@contextmanager
def on_signals() -> Iterator[None]:
    """Leave on SIGTERM, SIGINT and SIGHUP while the block runs; those that the caller ignores stay ignored.

    The first signal ends children, undoes what is registered and exits with 128 plus its number, after two seconds in
    any case; the second exits at once. Only the main thread can listen; in others the block just runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    threading.Thread(target=_listen, args=(reading,), daemon=True).start()
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    # The handlers do nothing: Python writes the number into the pipe before it calls them.
    before = {number: signal.signal(number, lambda *_: None) for number in heard}
    try:
        yield
    finally:
        # A failure that comes of leaving is not worth a message.
        if _UNDOING.leaving:
            _wait_for_the_end()
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        os.write(writing, _OVER)
        os.close(writing)


def _wait_for_the_end() -> None:
    while True:
        time.sleep(SECONDS)


def _listen(reading: int) -> None:
    """Wait for the first signal, then for the second or the end of the time."""
    number = os.read(reading, 1)
    if number == _OVER:
        os.close(reading)
        return
    code, first = _BY_SIGNAL + number[0], time.monotonic()
    try:
        threading.Thread(target=_leave, args=(code,), daemon=True).start()
    except RuntimeError:
        # There are as many threads as there may be.
        _leave(code)
    if select.select([reading], [], [], SECONDS)[0]:
        time.sleep(max(0.0, first + _SAME_SIGNAL - time.monotonic()))
    os._exit(code)


def _leave(code: int) -> None:
    try:
        with _UNDOING.lock:
            _UNDOING.leaving = True
            undoing = list(_UNDOING.entries.values())
        _end_children()
        with ExitStack() as stack:
            # The last first; every one, whatever the others raise.
            for undo in undoing:
                stack.callback(undo)
    finally:
        _send(signal.SIGKILL)
        for path in _UNDOING.last:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os._exit(code)


def _end_children() -> None:
    """Ask everything that descends from this process to end, and end what has not after a while."""
    patience = time.monotonic() + _GRACE
    _send(signal.SIGTERM)
    while descendants() and time.monotonic() < patience:
        time.sleep(_POLL)
    _send(signal.SIGKILL)


def _send(number: int) -> None:
    for process in descendants():
        try:
            os.kill(process, number)
        except (ProcessLookupError, PermissionError):
            continue


def descendants() -> list[int]:
    """List the running processes that descend from this one, parents before their children."""
    children: dict[int, list[int]] = {}
    for process, parent in _of_proc() if sys.platform == "linux" else _of_ps():
        children.setdefault(parent, []).append(process)
    found = [os.getpid()]
    for process in found:
        found += children.get(process, ())
    return found[1:]


def _of_proc() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name of the program, in parentheses, may hold anything.
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue  # It ended meanwhile.
            if state not in {"Z", "X"}:
                yield int(folder.name), int(parent)


def _of_ps() -> Iterator[tuple[int, int]]:
    listed = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False, timeout=SECONDS)
    for line in listed.stdout.splitlines():
        process, parent = line.split()
        if int(parent) != os.getpid() or "ps" not in line:
            yield int(process), int(parent)
