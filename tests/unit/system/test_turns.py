"""Turns and shared values: work is done once, failures are shared by kind, and no thread waits for ever."""

import threading

import pytest

from toolkit.errors import CompError, InputError, LostError, OutsideError
from toolkit.system.threads import threads
from toolkit.system.turns import Shared, Turns

# What only a hang exceeds.
_HANGS = 30


def test_one_thread_works_and_the_others_wait_for_it() -> None:
    shared, began, go_on = Shared(), threading.Event(), threading.Event()
    made: list[str] = []

    def make() -> str:
        began.set()
        go_on.wait(_HANGS)
        made.append("made")
        return "value"

    with threads(3) as executor:
        asked = [executor.submit(shared.get, "key", make) for _ in range(3)]
        assert began.wait(_HANGS)
        # Another key does not wait.
        assert shared.get("other", lambda: 1) == 1
        go_on.set()
        assert [one.result(_HANGS) for one in asked] == ["value"] * 3
    assert made == ["made"]


def test_a_failure_outside_is_shared_and_one_of_the_input_is_not() -> None:
    shared = Shared()
    tries = list[CompError]()

    def failing(error: CompError) -> str:
        tries.append(error)
        raise error

    for first in (OutsideError("no network"), InputError("a: no such package"), LostError("it was pruned")):
        with pytest.raises(type(first)) as caught:
            shared.get(first.message, lambda error=first: failing(error))  # type: ignore[misc]
        assert caught.value is first
        second = type(first)("b")
        with pytest.raises(type(first)) as caught:
            shared.get(first.message, lambda error=second: failing(error))  # type: ignore[misc]
        assert caught.value is (first if type(first) is OutsideError else second)
    assert len(tries) == 5


def test_a_thread_may_hold_turns_within_its_own() -> None:
    turns = Turns()
    with turns.of("a"), turns.of("b"), turns.of("a"):
        pass
    # Nothing is left of them.
    assert turns._turns == {}


def test_threads_that_wait_for_each_other_go_on() -> None:
    turns, both_hold = Turns(seconds=0.05), threading.Barrier(2, timeout=_HANGS)
    done = list[str]()

    def work(first: str, second: str) -> None:
        with turns.of(first):
            both_hold.wait()
            with turns.of(second):
                done.append(first)

    with threads(2) as executor:
        for result in [executor.submit(work, "a", "b"), executor.submit(work, "b", "a")]:
            result.result(_HANGS)
    assert sorted(done) == ["a", "b"]


def test_a_turn_ends_with_a_failure() -> None:
    turns = Turns(seconds=_HANGS)
    with pytest.raises(ZeroDivisionError), turns.of("a"):
        raise ZeroDivisionError
    with threads(1) as executor:

        def hold() -> bool:
            with turns.of("a"):
                return True

        assert executor.submit(hold).result(_HANGS)
