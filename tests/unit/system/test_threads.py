"""Work in threads: order, failures, and interruptions."""

import threading
from typing import TYPE_CHECKING

import pytest

from toolkit.system.threads import at_once, threads

if TYPE_CHECKING:
    from concurrent.futures import Future

# What only a hang exceeds.
_HANGS = 30


def test_results_come_in_the_order_of_the_items() -> None:
    both_run = threading.Barrier(2, timeout=_HANGS)

    def work(item: int) -> int:
        both_run.wait()
        return item * 2

    assert at_once(work, [1, 2]) == (2, 4)
    assert at_once(lambda item: item, ["one"]) == ("one",)
    assert at_once(lambda item: item, []) == ()


def test_the_first_failure_is_raised() -> None:
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        at_once(work, [1, 0, 2])


def test_after_a_failure_what_has_not_begun_is_dropped() -> None:
    begun, go_on = threading.Event(), threading.Event()
    waiting: list[Future[None]] = []

    def hold() -> None:
        begun.set()
        go_on.wait(_HANGS)

    def fail() -> None:
        with threads(1) as executor:
            executor.submit(hold)
            waiting.append(executor.submit(print))
            assert begun.wait(_HANGS)
            threading.Timer(0.01, go_on.set).start()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert waiting[0].cancelled()


def test_an_interruption_does_not_wait_for_work_under_way() -> None:
    go_on = threading.Event()
    working: list[Future[bool]] = []

    def interrupted() -> None:
        with threads(1) as executor:
            working.append(executor.submit(go_on.wait, _HANGS))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not working[0].done()
    go_on.set()
    assert working[0].result(_HANGS)
