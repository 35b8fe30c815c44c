"""Work in processes of its own: every result, in order, and no process that stays."""

import importlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from toolkit.errors import OutsideError
from toolkit.redaction import learn
from toolkit.system.signals import descendants
from toolkit.system.workers import in_processes

_MODULE = """
import logging, os, signal, sys

def square(item):
    print("not a result")
    if item == 13:
        raise ValueError(item)
    return item * item, os.getpid()

def large(item):
    return item * 3

def logs(item):
    logging.getLogger("toolkit.test").warning("item %s", item)
    logging.getLogger("toolkit.test").debug("not at this level")

def dies(item):
    if item == "7":
        os.kill(os.getpid(), signal.SIGKILL)

def secret(item):
    from toolkit.redaction import hide
    return hide(item)

def paths(item):
    return sys.path, os.getpgrp() == os.getpid()
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Import a module that workers can import too."""
    (tmp_path / "work_of_a_test.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("work_of_a_test")
    del sys.modules["work_of_a_test"]


def test_results_come_in_order_from_other_processes(work: ModuleType) -> None:
    found = list(in_processes(work.square, iter(range(100)), jobs=3, chunk=4))
    assert [item for item, _ in found] == [*range(100)]
    assert [done and done[0][0] for _, done in found] == [None if item == 13 else item * item for item in range(100)]
    processes = {done[0][1] for _, done in found if done}
    assert os.getpid() not in processes
    assert 1 <= len(processes) <= 3
    assert not processes & {*descendants()}


def test_chunks_and_results_larger_than_a_pipe_block_neither_side(work: ModuleType) -> None:
    items = ["x" * 100_000] * 20
    found = list(in_processes(work.large, items, jobs=2, chunk=2))
    assert [done and len(done[0]) for _, done in found] == [300_000] * 20


def test_results_do_not_run_far_ahead_of_their_reader(work: ModuleType) -> None:
    taken, others = [], {*descendants()}

    def items() -> Iterator[int]:
        for item in range(10_000):
            taken.append(item)
            yield item

    results = in_processes(work.square, items(), jobs=2, chunk=5)
    next(results)
    assert len(taken) <= 5 * 8 * 2
    results.close()
    assert {*descendants()} <= others


def test_what_is_logged_there_is_logged_here(work: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "toolkit"):
        list(in_processes(work.logs, range(3), jobs=1))
    assert caplog.record_tuples == [("toolkit.test", logging.WARNING, f"item {item}") for item in range(3)]


def test_a_worker_that_ends_is_an_error_with_its_items(work: ModuleType) -> None:
    items, others = [str(item) for item in range(20)], {*descendants()}
    with pytest.raises(OutsideError, match="a process ended with signal 9 while it worked on 6 to 8") as caught:
        list(in_processes(work.dies, items, jobs=2, chunk=3))
    assert "--jobs 1" in (caught.value.hint or "")
    # The servers of other tests are descendants, too.
    assert {*descendants()} <= others


def test_a_worker_has_the_path_of_this_process_and_not_its_signals(work: ModuleType) -> None:
    ((_, done),) = in_processes(work.paths, [1], jobs=1)
    assert done == ((sys.path, True),)


def test_without_items_there_are_no_results(work: ModuleType) -> None:
    assert list(in_processes(work.square, [], jobs=2)) == []


def test_a_worker_knows_the_secrets_of_this_process(work: ModuleType) -> None:
    learn("worker-mark-0001")
    ((_, done),) = in_processes(work.secret, ["a worker-mark-0001"], jobs=1)
    assert done == ("a ***",)
