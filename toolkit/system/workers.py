"""Work on many items in Python processes of its own, with results in the order of the items.

Not `multiprocessing`: it takes long to import, and its resource tracker ignores signals. A worker here is a new
interpreter that reads chunks of items from its stdin and writes their results to its stdout. It ends when its stdin
does, and so with the process that started it.
"""

import logging
import os
import pickle
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from queue import SimpleQueue
from typing import Any, TypeVar

from msgspec import Struct, field

from toolkit.errors import OutsideError
from toolkit.redaction import learn, learnt
from toolkit.system.moment import one_moment

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# `-P` keeps modules of the current folder out; the path of this process may have entries that no variable names.
_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from toolkit.system.workers import serve; serve()"
_CHUNK = 16
# Chunks that wait in a worker's pipe, so that it need not wait for this process.
_QUEUED = 2
# Chunks of each worker whose results may wait for an earlier one: they lie in memory.
_AHEAD = 8
_LENGTH = 8
_MOST_READ = 1 << 20


def in_processes(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, jobs: int, chunk: int = _CHUNK
) -> Generator[tuple[_Item, tuple[_Result] | None], None, None]:
    """Yield every item with `work(item)`, in order, worked out in `jobs` processes; with None if it raised.

    An exception does not travel, as it would lose its causes and its traceback: do the work here to have it. `work` is
    a function of a module; items and results can be pickled. Raises OutsideError when a worker ends too early.
    """
    with ExitStack() as stack:
        crew = _Crew(work, [stack.enter_context(_worker()) for _ in range(jobs)])
        stack.callback(crew.selector.close)
        for part, results in crew.finished(_chunks(items, chunk)):
            yield from zip(part, results, strict=True)


def serve() -> None:
    """Work on the chunks that stdin has, until it ends: what a worker process does."""
    writing = os.dup(sys.stdout.fileno())
    # What is printed by mistake must not lie between results.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    records, chunks = _Records(), SimpleQueue[Any]()
    log = logging.getLogger("toolkit")
    log.handlers, log.propagate = [records], False
    # Both sides would wait for ever if each wrote to a full pipe, and none read.
    threading.Thread(target=_listen, args=(sys.stdin.fileno(), chunks), daemon=True).start()
    level, secrets = chunks.get()
    log.setLevel(level)
    learn(*secrets)
    # Without a reader, the thread above ends the process.
    with one_moment(), suppress(BrokenPipeError):
        while True:
            work, items = chunks.get()
            results = [_tried(work, item) for item in items]
            _write(writing, (results, records.taken()))


def _listen(reading: int, chunks: "SimpleQueue[Any]") -> None:
    """Read chunks into a queue. At the end of the input the results have no reader, and the process ends."""
    try:
        while True:
            chunks.put(_read(reading))
    except EOFError:
        os._exit(0)


class _Records(logging.Handler):
    """A handler that keeps what is logged; it is logged again where the results go."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record as plain data."""
        self._kept.append((record.name, record.levelno, record.getMessage()))

    def taken(self) -> list[tuple[str, int, str]]:
        """Return what was logged since the last call."""
        kept, self._kept = self._kept, []
        return kept


class _Worker(Struct, kw_only=True, eq=False):
    """One process, and the numbers of the chunks that it has."""

    process: subprocess.Popen[bytes]
    reading: int
    writing: int
    waiting: list[int] = field(default_factory=list)


class _Crew:
    """The workers, and the results that have come."""

    def __init__(self, work: Callable[[Any], Any], workers: Sequence[_Worker]) -> None:
        self._work, self._workers = work, workers
        self._chunks: dict[int, Sequence[Any]] = {}
        self._results: dict[int, Sequence[Any]] = {}
        self._given = 0
        self.selector = selectors.DefaultSelector()
        for worker in workers:
            self.selector.register(worker.reading, selectors.EVENT_READ, worker)

    def finished(self, chunks: Iterator[Sequence[Any]]) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        """Yield every chunk with its results, in order."""
        number = 0
        self._give(chunks, until=_AHEAD * len(self._workers))
        while number < self._given:
            while number not in self._results:
                for key, _ in self.selector.select():
                    self._take(key.data)
                self._give(chunks, until=number + _AHEAD * len(self._workers))
            yield self._chunks.pop(number), self._results.pop(number)
            number += 1
            self._give(chunks, until=number + _AHEAD * len(self._workers))

    def _give(self, chunks: Iterator[Sequence[Any]], *, until: int) -> None:
        """Give chunks to the workers that have few, unless results would run too far ahead."""
        for worker in sorted(self._workers, key=lambda worker: len(worker.waiting)):
            while len(worker.waiting) < _QUEUED and self._given < until:
                part = next(chunks, None)
                if part is None:
                    return
                with _lost(worker, part):
                    _write(worker.writing, (self._work, part))
                self._chunks[self._given] = part
                worker.waiting.append(self._given)
                self._given += 1

    def _take(self, worker: _Worker) -> None:
        """Read the results of one chunk, and log what was logged there."""
        number = worker.waiting[0]
        with _lost(worker, self._chunks[number]):
            self._results[number], records = _read(worker.reading)
        worker.waiting.pop(0)
        for name, level, message in records:
            logging.getLogger(name).log(level, "%s", message)


@contextmanager
def _worker() -> Iterator[_Worker]:
    """Start a worker, and end it after the block."""
    flags = ["-I" if sys.flags.isolated else "-P", *(["-B"] if sys.dont_write_bytecode else [])]
    command = [sys.executable, *flags, "-c", _PROGRAM, *sys.path]
    # Ctrl-C and `timeout` signal a whole group of processes. The one that the user started ends the workers; one that
    # ended before it would be reported as lost.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("both are pipes")
        worker = _Worker(process=process, reading=process.stdout.fileno(), writing=process.stdin.fileno())
        try:
            _write(worker.writing, (logging.getLogger("toolkit").getEffectiveLevel(), learnt()))
            yield worker
        finally:
            # It holds nothing that has to be written or removed.
            process.kill()


@contextmanager
def _lost(worker: _Worker, part: Sequence[Any]) -> Iterator[None]:
    """Raise OutsideError for a worker that has ended."""
    try:
        yield
    except (EOFError, BrokenPipeError):
        code = worker.process.wait()
        how = f"with signal {-code}" if code < 0 else f"with exit code {code}"
        raise OutsideError(
            f"a process ended {how} while it worked on {part[0]}" + (f" to {part[-1]}" if len(part) > 1 else ""),
            hint="the machine may lack memory; --jobs 1 works in one process",
        ) from None


def _tried(work: Callable[[Any], Any], item: object) -> tuple[Any] | None:
    """Return the result of some work in a tuple; None if it raised."""
    try:
        return (work(item),)
    except Exception:  # noqa: BLE001 (the caller does the work again, and sees it)
        return None


def _chunks(items: Iterable[_Item], size: int) -> Iterator[Sequence[_Item]]:
    """Yield the items in lists of so many."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _write(descriptor: int, value: object) -> None:
    """Write one value, behind its length."""
    data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    rest = memoryview(len(data).to_bytes(_LENGTH) + data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _read(descriptor: int) -> Any:  # noqa: ANN401 (any value that was written)
    """Read one value. Raises EOFError at the end."""
    return pickle.loads(_exactly(descriptor, int.from_bytes(_exactly(descriptor, _LENGTH))))  # noqa: S301 (ours)


def _exactly(descriptor: int, size: int) -> bytearray:
    """Read so many bytes. Raises EOFError if there are fewer."""
    data = bytearray()
    while len(data) < size:
        part = os.read(descriptor, min(size - len(data), _MOST_READ))
        if not part:
            raise EOFError
        data += part
    return data
