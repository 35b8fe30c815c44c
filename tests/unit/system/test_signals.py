"""Signals, heard by processes of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

# What only a hang exceeds.
HANGS = 30
# Under nohup, tests and all that they start ignore SIGHUP.
HEAD = """
import os, signal, subprocess, sys, threading, time
from toolkit.system import signals
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def started() -> Iterator[Start]:
    """Start a program, and wait until it is ready."""
    with ExitStack() as stack:

        def start(program: str) -> "subprocess.Popen[str]":
            command = [sys.executable, "-c", HEAD + program]
            process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            return process

        yield start


@pytest.mark.parametrize(
    "waiting",
    [
        "lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "time.sleep(600)",
        "subprocess.run(['sleep', '600'])",
        "os.read(os.pipe()[0], 1)",
        "__import__('concurrent.futures').futures.ThreadPoolExecutor(2).submit(time.sleep, 600).result()",
        "while True: pass",
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_whatever_it_waits_for(
    started: Start, waiting: str, number: signal.Signals, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    process = started(f"""
with signals.exit_on_signals(), signals.undone(lambda: os.unlink({str(mark)!r})):
    print("ready", flush=True)
    {waiting}
""")
    process.send_signal(number)
    assert process.wait(HANGS) == 128 + number
    assert not mark.exists()


def test_the_second_signal_ends_it_at_once(started: Start) -> None:
    process = started("""
signals.SECONDS = 600
def undo():
    print("undoing", flush=True)
    time.sleep(600)
with signals.exit_on_signals(), signals.undone(undo):
    print("ready", flush=True)
    time.sleep(600)
""")
    process.terminate()
    assert process.stdout is not None
    assert process.stdout.readline() == "undoing\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(HANGS) == 143


def test_what_cannot_be_undone_in_time_is_left(started: Start) -> None:
    process = started("""
with signals.exit_on_signals(), signals.undone(lambda: time.sleep(600)):
    print("ready", flush=True)
    time.sleep(600)
""")
    process.terminate()
    assert process.wait(HANGS) == 143


def test_everything_is_undone_the_last_first_whatever_fails(started: Start) -> None:
    process = started("""
with signals.exit_on_signals(), signals.undone(lambda: print("first", flush=True)), signals.undone(lambda: 1 / 0):
    with signals.undone(lambda: print("last", flush=True)):
        print("ready", flush=True)
        time.sleep(600)
""")
    process.terminate()
    assert process.communicate(timeout=HANGS)[0] == "last\nfirst\n"
    assert process.returncode == 143


@pytest.mark.parametrize(
    "stubborn",
    [
        "trap '' TERM; sleep 600 & echo $! $$; echo ready; wait; sleep 600",
        # The parent ends at once, and its child outlives it.
        "(trap '' TERM; exec sleep 600) & echo $! $$; echo ready; wait",
    ],
)
def test_children_that_do_not_listen_are_ended_with_their_children(started: Start, stubborn: str) -> None:
    process = started(f"""
stubborn = {stubborn!r}
with signals.exit_on_signals():
    child = subprocess.Popen(["bash", "-c", stubborn], stdout=subprocess.PIPE, text=True)
    numbers = child.stdout.readline()
    child.stdout.readline()
    print("ready", flush=True)
    print(numbers, end="", flush=True)
    child.wait()
print("a failure because of the signal is not reported", flush=True)
""")
    assert process.stdout is not None
    numbers = process.stdout.readline().split()
    process.terminate()
    assert process.communicate(timeout=HANGS)[0] == ""
    assert process.returncode == 143
    # A process that ended and was not waited for yet counts as gone.
    assert all(_state(number) in {None, "Z"} for number in numbers)


def _state(number: str) -> str | None:
    try:
        return Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def test_nothing_new_begins_while_it_leaves(started: Start, tmp_path: Path) -> None:
    process = started(f"""
from toolkit.system import temporary
os.environ["TMPDIR"] = {str(tmp_path)!r}
signals.SECONDS = 600
ended = threading.Event()
def undo():
    ended.set()
    time.sleep(0.3)
with signals.exit_on_signals(), signals.undone(undo):
    print("ready", flush=True)
    ended.wait()
    with temporary.folder("late"):
        print("begun", flush=True)
""")
    process.terminate()
    assert process.communicate(timeout=HANGS)[0] == ""
    assert process.returncode == 143
    assert not list(tmp_path.iterdir())


def test_signals_that_are_ignored_stay_ignored(started: Start) -> None:
    process = started("""
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with signals.exit_on_signals():
    print("ready", flush=True)
    time.sleep(600)
""")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    assert process.wait(HANGS) == 143


def test_signals_have_their_old_effect_afterwards(started: Start) -> None:
    process = started("""
try:
    with signals.exit_on_signals():
        pass
    print("ready", flush=True)
    # A signal that comes just before a long sleep would wait for its end.
    while True:
        time.sleep(0.01)
except KeyboardInterrupt:
    sys.exit(7)
""")
    process.send_signal(signal.SIGINT)
    assert process.wait(HANGS) == 7


def test_other_threads_just_run() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            HEAD + "t = threading.Thread(target=lambda: signals.exit_on_signals().__enter__()); t.start()",
        ],
        check=False,
        timeout=HANGS,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode == 0


def test_the_work_of_a_thread_is_ended_and_the_process_goes_on(started: Start) -> None:
    process = started("""
elsewhere, begun = threading.Event(), threading.Event()
kept = []
def work():
    with signals.undone(lambda: kept.append("removed")):
        child = subprocess.Popen(["sleep", "600"])
        begun.set()
        print("child", child.wait(), kept, flush=True)
        # As a container, which is no child.
        with signals.undone(elsewhere.set, ends=True):
            elsewhere.wait()
    print("ended", kept, flush=True)
thread = threading.Thread(target=work)
print("ready", flush=True)
thread.start()
begun.wait()
signals.SECONDS = 0.1
signals.end_work(thread)
print("goes on", thread.is_alive(), flush=True)
""")
    # Not `communicate`, which loses what was read together with the line before.
    assert process.stdout is not None
    output = process.stdout.read()
    assert process.wait(HANGS) == 0
    assert output.splitlines() == ["child -15 []", "ended ['removed']", "goes on False"]


def test_what_another_thread_is_undoing_is_undone_before_the_process_ends(started: Start, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    # The block ends at the signal, while a child that does not listen keeps the process for 0.8 s.
    process = started(f"""
signals.SECONDS = {HANGS}
child = subprocess.Popen(["sh", "-c", "trap '' TERM; echo; sleep 600"], stdout=subprocess.PIPE)
child.stdout.readline()
calls = []
def undo():
    calls.append(None)
    if len(calls) == 1:
        time.sleep(1.2)
        os.unlink({str(mark)!r})
with signals.exit_on_signals(), signals.undone(undo):
    print("ready", flush=True)
    while not signals.is_leaving():
        time.sleep(0.01)
""")
    process.terminate()
    assert process.wait(HANGS) == 143
    assert not mark.exists()
