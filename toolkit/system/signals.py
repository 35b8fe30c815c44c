"""Exit on a signal within two seconds: end the children, undo what is registered with `undone`, and go.

Handlers raise no exception: it could come between any two steps, even inside a queue's lock, and whatever waits for
that lock would wait for ever. A thread of its own reads the signal from a descriptor, whatever the main thread waits
for, and ends the process.
"""

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

SECONDS: Final = 2.0

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Exit codes of programs that a signal ended begin here, as in shells.
_BY_SIGNAL = 128
# Seconds that children have to end by themselves.
_GRACE = 0.8
_POLL = 0.01
# timeout(1) sends its signal twice, to the process and to its group: that does not count as a second signal.
_SAME_SIGNAL = 0.25
# No signal has this number.
_OVER = b"\0"


class _Undoing:
    """What to undo when the process leaves, in the order in which it was done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.leaving = False
        # Keyed by objects of their own, since one function may be registered twice.
        self.entries: dict[object, Callable[[], object]] = {}
        # The keys of those that end work which goes on elsewhere.
        self.ending: set[object] = set()
        self.last: list[Path] = []


_UNDOING = _Undoing()


@contextmanager
def undone(undo: Callable[[], object], *, do: Callable[[], object] | None = None, ends: bool = False) -> Iterator[None]:
    """Call `undo` when the block ends, or when a signal ends the process before; then it may be called twice in turn.

    `do` is called first, unless the process is leaving already: then the block never begins. With `ends`, `undo` ends
    what the block waits for, such as a container, and `end_work` calls it too.
    """
    key, turn = object(), threading.Lock()

    def undo_in_turn() -> None:
        # The process does not end while another thread is half way through.
        with turn:
            undo()

    # `do` runs under the lock, so that it is registered as soon as it is done, and nothing begins after `_leave` has
    # looked.
    with _UNDOING.lock:
        staying = not _UNDOING.leaving
        if staying:
            if do is not None:
                do()
            _UNDOING.entries[key] = undo_in_turn
            if ends:
                _UNDOING.ending.add(key)
    if not staying:
        # An error here would be reported although the process leaves.
        _wait_for_the_end()
    try:
        yield
    finally:
        # Registered until it is done: a signal may come meanwhile.
        try:
            undo_in_turn()
        finally:
            with _UNDOING.lock:
                _UNDOING.entries.pop(key, None)
                _UNDOING.ending.discard(key)


def remove_last(path: Path) -> None:
    """Remove a file as the last act of a process that leaves, so that other threads have no time to make it again."""
    _UNDOING.last.append(path)


def end_work(thread: threading.Thread) -> None:
    """End what a thread waits for, as a signal would: all children of the process, and what `undone` ends.

    Returns when the thread has ended. The process goes on.
    """
    while thread.is_alive():
        _end_children()
        with _UNDOING.lock:
            ending = [undo for key, undo in _UNDOING.entries.items() if key in _UNDOING.ending]
        for undo in reversed(ending):
            undo()
        # Programs that tidy up after the ended ones have this time. What began too late to be ended is ended next.
        thread.join(2 * SECONDS)


def is_leaving() -> bool:
    """Whether a signal has come: failures after that are not reported."""
    return _UNDOING.leaving


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """Exit on SIGTERM, SIGINT and SIGHUP while the block runs; those that the caller ignores stay ignored.

    The first signal ends children, undoes what is registered, and exits with 128 plus its number, after two seconds at
    the latest; the second exits at once. Only the main thread can listen: in others the block just runs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    # `set_wakeup_fd` requires it. More signals than the pipe holds need no report: two are read at most.
    os.set_blocking(writing, False)
    # A daemon, since Python waits for other threads when the program ends.
    threading.Thread(target=_listen, args=(reading,), daemon=True).start()
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    # The handlers do nothing: Python writes the number into the pipe before it calls them.
    before = {number: signal.signal(number, lambda *_: None) for number in heard}
    try:
        yield
    finally:
        # The block may have failed because its children were ended, which is not reported.
        if _UNDOING.leaving:
            _wait_for_the_end()
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        # It ends the thread that listens, which closes the other end.
        os.write(writing, _OVER)
        os.close(writing)


def _wait_for_the_end() -> None:
    """Wait until another thread ends the process."""
    while True:
        time.sleep(SECONDS)


def _listen(reading: int) -> None:
    """Wait for the first signal, then for a second one or the end of the time."""
    number = os.read(reading, 1)
    if number == _OVER:
        os.close(reading)
        return
    code, first = _BY_SIGNAL + number[0], time.monotonic()
    try:
        # In a thread of its own: this one ends the process even if something cannot be undone in time.
        threading.Thread(target=_leave, args=(code,), daemon=True).start()
    except RuntimeError:
        # The machine allows no more threads.
        _leave(code)
    if select.select([reading], [], [], SECONDS)[0]:
        time.sleep(max(0.0, first + _SAME_SIGNAL - time.monotonic()))
    # `sys.exit` would end this thread alone.
    os._exit(code)


def _leave(code: int) -> None:
    """End the children, undo everything, and exit."""
    try:
        with _UNDOING.lock:
            _UNDOING.leaving = True
            undoing = list(_UNDOING.entries.values())
        # Before the rest is undone: children could write into folders that are being removed.
        _end_children()
        with ExitStack() as stack:
            # The last first, and every one, even if others fail.
            for undo in undoing:
                stack.callback(undo)
    finally:
        # Undoing starts programs, such as `buildah rm`.
        _send(signal.SIGKILL, descendants())
        for path in _UNDOING.last:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        os._exit(code)


def _end_children() -> None:
    """Ask all descendants of this process to end, and kill those that have not after a while."""
    patience = time.monotonic() + _GRACE
    asked = descendants()
    _send(signal.SIGTERM, asked)
    # Those that outlive their parents descend from this process no longer.
    while (left := descendants(asked)) and time.monotonic() < patience:
        time.sleep(_POLL)
    _send(signal.SIGKILL, left)


def _send(number: int, processes: Iterable[int]) -> None:
    """Send a signal to processes, as far as it may."""
    for process in processes:
        try:
            os.kill(process, number)
        except (ProcessLookupError, PermissionError):
            continue


def descendants(others: Iterable[int] = ()) -> list[int]:
    """Return the running processes that descend from this one, parents before their children.

    Also those among `others` that run, with their descendants.
    """
    children: dict[int, list[int]] = {}
    running = set()
    for process, parent in _of_proc() if sys.platform == "linux" else _of_ps():
        running.add(process)
        children.setdefault(parent, []).append(process)
    family = [os.getpid(), *sorted(running.intersection(others))]
    # The list grows on the way, so it is walked to the youngest.
    for process in family:
        family += [child for child in children.get(process, ()) if child not in family]
    return family[1:]


def _of_proc() -> Iterator[tuple[int, int]]:
    """Return each process and its parent, from Linux's /proc (proc(5), "stat")."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # The name of the program, in parentheses, may hold anything.
                state, parent = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
            except (OSError, ValueError):
                continue  # It ended meanwhile.
            # A zombie has ended, but stays listed until its parent asks for its exit code.
            if state not in {"Z", "X"}:
                yield int(folder.name), int(parent)


def _of_ps() -> Iterator[tuple[int, int]]:
    """Return each process and its parent, from ps(1)."""
    # Only systems without /proc need it.
    import subprocess

    listed = subprocess.run(["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=False, timeout=SECONDS)
    for line in listed.stdout.splitlines():
        # ps lists itself as well, and has ended by now.
        process, parent = line.split()
        yield int(process), int(parent)
