"""The loop, with notices and a clock of the tests' own: files change while the loop waits."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.watching.loop import Watch, run_again
from toolkit.watching.sources import Sources

Step = Callable[[], "set[Path] | None"]


class Scripted:
    """Notices whose waits are steps of a test, in order. A notice comes after half of the time."""

    def __init__(self) -> None:
        self.steps: deque[Step] = deque()
        self.now = 0.0
        self.waits: list[float] = []
        self.followed: list[frozenset[Path]] = []

    def follow(self, folders: frozenset[Path]) -> bool:
        new = not self.followed or self.followed[-1] != folders
        if new:
            self.followed.append(folders)
        return new

    def wait(self, seconds: float) -> set[Path] | None:
        self.waits.append(round(seconds, 3))
        noticed = self.steps.popleft()() if self.steps else None
        self.now += seconds if noticed is None else seconds / 2
        return noticed


class Folder:
    """A watched folder, its notices and its watch."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notices = Scripted()
        self.broken = False
        self.looks = 0
        for name in ("a.py", "b.py", "component.yaml", "requirements.lock"):
            (root / name).write_text("one")
        self.watch = Watch(self.read, Sources(), self.notices, same=self.same, clock=lambda: self.notices.now)

    def read(self) -> Sources:
        self.looks += 1
        if self.broken:
            raise InputError("not valid TOML")
        return Sources(
            files=frozenset(path for path in self.root.rglob("*") if path.is_file()),
            folders=frozenset([self.root, *(path for path in self.root.rglob("*") if path.is_dir())]),
            contracts=frozenset([self.root / "component.yaml"]),
            locks=frozenset([self.root / "requirements.lock"]),
        )

    @staticmethod
    def same(before: bytes, after: bytes) -> bool:
        return before.partition(b"@")[0] == after.partition(b"@")[0]

    def write(self, *names: str, text: str = "other") -> Step:
        """Return a step in which files are written, and noticed."""

        def step() -> set[Path]:
            for name in names:
                (self.root / name).parent.mkdir(exist_ok=True)
                (self.root / name).write_text(text)
            return {self.root / name for name in names}

        return step

    def remove(self, name: str) -> Step:
        """Return a step in which a file is removed."""

        def step() -> set[Path]:
            (self.root / name).unlink()
            return {self.root / name}

        return step

    def next(self, *steps: Step) -> list[str]:
        """Return the next change, while these steps happen."""
        self.notices.steps.extend(steps)
        return [f"{change.path.relative_to(self.root)} {change.kind}" for change in self.watch.next_change()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_saved_file_is_reported_at_once(folder: Folder) -> None:
    assert folder.next(folder.write("a.py")) == ["a.py changed"]
    assert folder.notices.waits == [1.0]


def test_a_change_before_the_wait_is_reported_without_one(folder: Folder) -> None:
    folder.write("a.py")()
    assert folder.next() == ["a.py changed"]
    assert folder.notices.waits == []


def test_several_files_are_one_change_after_a_quiet_moment(folder: Folder) -> None:
    steps = (folder.write("a.py", "b.py"), folder.write("c.py"), folder.write("d.py"), lambda: None)
    assert folder.next(*steps) == ["a.py changed", "b.py changed", "c.py added", "d.py added"]
    assert folder.notices.waits == [1.0, 0.1, 0.1, 0.1]


def test_changes_without_end_are_reported_after_ten_seconds(folder: Folder) -> None:
    steps = [folder.write("a.py", "b.py", text="x" * (number + 2)) for number in range(400)]
    assert folder.next(*steps) == ["a.py changed", "b.py changed"]
    assert folder.notices.now == pytest.approx(10.5, abs=0.2)


def test_a_file_that_comes_back_is_changed_and_not_removed(folder: Folder) -> None:
    assert folder.next(folder.remove("a.py"), folder.write("a.py", text="another")) == ["a.py changed"]


def test_a_file_that_stays_away_is_removed(folder: Folder) -> None:
    assert folder.next(folder.remove("a.py")) == ["a.py removed"]


def test_notices_about_other_files_do_not_even_cause_a_look(folder: Folder) -> None:
    looks = folder.looks
    busy: Step = lambda: {folder.root.parent / "busy"}  # noqa: E731 (a step of the script)
    assert folder.next(busy, busy, folder.write("a.py")) == ["a.py changed"]
    assert folder.looks == looks + 2
    assert folder.notices.waits == [1.0, 0.5, 0.25]


def test_a_new_folder_is_followed(folder: Folder) -> None:
    assert folder.next(folder.write("pkg/c.py")) == ["pkg/c.py added"]
    assert folder.root / "pkg" in folder.notices.followed[-1]


def test_a_pin_and_a_lock_that_the_work_wrote_are_no_change(folder: Folder) -> None:
    folder.write("component.yaml", text="one@sha256:1")()
    folder.write("requirements.lock")()
    folder.watch.accept()
    assert folder.next(folder.write("a.py")) == ["a.py changed"]


def test_a_contract_that_also_changed_otherwise_is_a_change(folder: Folder) -> None:
    folder.write("component.yaml", text="two@sha256:1")()
    folder.watch.accept()
    assert folder.next() == ["component.yaml changed"]


def test_a_change_during_the_work_is_a_change(folder: Folder) -> None:
    folder.write("a.py")()
    folder.watch.accept()
    assert folder.next() == ["a.py changed"]


def test_files_are_watched_while_the_settings_cannot_be_read(folder: Folder) -> None:
    folder.broken = True
    assert folder.next(folder.write("a.py")) == ["a.py changed"]


def test_a_change_waits_until_git_is_done(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "own").mkdir()
    folder = Folder(tmp_path / "own")
    lock = tmp_path / ".git" / "index.lock"
    lock.write_text("")

    def done() -> None:
        folder.write("b.py")()
        lock.unlink()

    assert folder.next(folder.write("a.py"), lambda: None, done) == ["a.py changed", "b.py changed"]


def test_a_worktree_of_git_has_its_lock_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    (tmp_path / "own").mkdir()
    folder = Folder(tmp_path / "own")
    folder.write(".git", text=f"gitdir: {tmp_path}/main\n")()
    assert folder.next() == [".git added"]
    (tmp_path / "main" / "index.lock").write_text("")
    steps = folder.write("a.py"), folder.write("b.py")
    assert folder.next(*steps) == ["a.py changed", "b.py changed"]


def test_work_begins_again_after_what_still_goes_on_has_been_stopped(folder: Folder) -> None:
    events: list[str] = []
    folder.notices.steps.extend([folder.write("a.py"), folder.write("b.py")])

    class Enough(Exception):  # noqa: N818 (no error)
        pass

    def begins() -> Iterator[str]:
        yield from ("first", "second")
        raise Enough

    names = begins()

    def begin() -> Callable[[], None]:
        name = next(names)
        events.append(f"begin {name}")
        return lambda: events.append(f"stop {name}")

    with pytest.raises(Enough):
        run_again(folder.watch, begin, lambda changes: events.append(changes[0].path.name))
    assert events == ["begin first", "a.py", "stop first", "begin second", "b.py", "stop second"]
