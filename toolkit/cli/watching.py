"""The option --watch of `comp build` and `comp run`: the same again after each change."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from toolkit.cli.console import Console
from toolkit.cli.failures import near, print_failure
from toolkit.system.signals import end_work
from toolkit.words import some_of

if TYPE_CHECKING:
    from toolkit.watching.snapshot import Change
    from toolkit.watching.sources import Sources

option = click.option("--watch", is_flag=True, help="Do it again after each change, until Ctrl-C ends it.")


def watch(
    console: Console,
    place: Path,
    read: Callable[[], "Sources"],
    begin: Callable[[], Callable[[], object]],
    *,
    note: Callable[[Sequence["Change"]], object] = lambda _: None,
) -> NoReturn:
    """Begin now, and again after each change of the sources that `read` lists, until a signal ends the process.

    `begin` returns how to stop what still goes on; before it is called again, `note` gets the changes. `place` is the
    component's folder or a contract. Raises InputError for a place that is not: no change there is to be expected.
    """
    from toolkit.job.unchanged import differ_in_pin_alone
    from toolkit.watching.loop import Watch, run_again
    from toolkit.watching.notices import Notices
    from toolkit.watching.sources import sources_of_settings

    if not place.is_file() and not (place / "pyproject.toml").is_file():
        read()
    folder = place if place.is_dir() else place.parent
    watched = Watch(read, sources_of_settings(folder), Notices(console.warn), same=differ_in_pin_alone)
    count = watched.seen.count
    console.say(f"watching {count} file{'' if count == 1 else 's'}; Ctrl-C ends")

    def announce(changes: Sequence["Change"]) -> None:
        """Print what changed."""
        console.say(_described(changes))
        note(changes)

    run_again(watched, begin, announce)


class Running:
    """A run in a thread of its own. `run` is asked to begin, and gets a function that says whether it was stopped."""

    def __init__(self, run: Callable[[Callable[[], bool]], object], say: Callable[[str], object]) -> None:
        self._run = run
        self._say = say
        self._stopped = threading.Event()
        self._lost: BrokenPipeError | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the run as Ctrl-C would, and wait for its end. Raises BrokenPipeError if stdout has no reader now."""
        if self._thread.is_alive():
            self._say("stopping the run")
            self._stopped.set()
            end_work(self._thread)
        if self._lost:
            raise self._lost

    def _work(self) -> None:
        """Run to the end; a run that was stopped fails because of that, which is not reported."""
        began = time.monotonic()
        try:
            done = attempt(lambda: self._run(self._stopped.is_set), unless=self._stopped.is_set)
        except BrokenPipeError as error:
            self._lost = error
        else:
            if done and not self._stopped.is_set():
                self._say(f"ended after {seconds_since(began)}")


def attempt(work: Callable[[], object], *, unless: Callable[[], bool] = lambda: False) -> bool:
    """Do a work, and return whether it succeeded; print why it failed, unless its failure is expected.

    A watch goes on either way.
    """
    try:
        work()
    except BrokenPipeError:
        # The reader of stdout has gone, so nothing is left to watch for.
        raise
    except Exception as error:  # noqa: BLE001 (as in `main`: a bug is printed, and the next change may be its end)
        if not unless():
            print_failure(error)
        return False
    return True


def seconds_since(began: float) -> str:
    """Return how long something took, for people."""
    return f"{time.monotonic() - began:.2f} s"


def _described(changes: Sequence["Change"]) -> str:
    """Return what changed: `train.py changed`, `3 files changed: a.py, b.py, c.py`."""
    names = [near(str(change.path)) for change in changes]
    if len(changes) == 1:
        return f"{names[0]} {changes[0].kind}"
    return f"{len(changes)} files changed: {some_of(names)}"
