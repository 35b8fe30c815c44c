import threading
from pathlib import Path

import pytest

from toolkit.collection.work import Done, work_on_all
from toolkit.collection.workspace import Member
from toolkit.errors import InputError
from toolkit.progress import SUBJECT
from toolkit.system.threads import at_once


def members(*names: str) -> list[Member]:
    return [Member(folder=Path("/x", name), name=name) for name in names]


def test_a_failure_of_one_does_not_stop_the_others() -> None:
    def work(member: Member) -> Done:
        if member.name == "b":
            raise InputError("wrong")
        if member.name == "c":
            raise ZeroDivisionError
        return Done(result="done", image=member.name)

    broken = Member(folder=Path("/x/e"), name="e", problem=InputError("unreadable"))
    outcomes = list(work_on_all([*members("a", "b", "c", "d"), broken], work, jobs=1))
    assert [outcome.member.name for outcome in outcomes] == ["a", "b", "c", "d", "e"]
    assert [outcome.done.image if outcome.done else str(outcome.failure) for outcome in outcomes] == [
        *("a", "wrong", "", "d", "unreadable")
    ]
    assert all(outcome.seconds >= 0 for outcome in outcomes)


def test_as_many_at_a_time_as_there_are_jobs() -> None:
    both = threading.Barrier(2, timeout=60)

    def work(_: Member) -> Done:
        both.wait()
        return Done(result="done")

    assert len(list(work_on_all(members("a", "b", "c", "d"), work, jobs=2))) == 4


def test_one_that_another_contains_comes_first_even_if_it_fails() -> None:
    finished: list[str] = []

    def work(member: Member) -> Done:
        finished.append(member.name)
        if member.name == "c":
            raise InputError("wrong")
        return Done(result="done")

    a, b, c = members("a", "b", "c")
    after = {a.folder: frozenset({b.folder, c.folder}), b.folder: frozenset({c.folder})}
    assert len(list(work_on_all([a, b, c], work, jobs=3, after=after))) == 3
    assert finished == ["c", "b", "a"]


def test_threads_know_the_component() -> None:
    seen = {}

    def work(member: Member) -> Done:
        seen[member.name] = set(at_once(lambda _: SUBJECT.get(), [1, 2, 3]))
        return Done(result="done")

    list(work_on_all(members("a", "b"), work, jobs=2))
    assert seen == {"a": {"a"}, "b": {"b"}}
    assert SUBJECT.get() == ""


def test_an_interruption_is_no_outcome() -> None:
    def work(_: Member) -> Done:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(work_on_all(members("a"), work, jobs=1))
