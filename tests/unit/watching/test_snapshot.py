import os
from pathlib import Path

import pytest

from toolkit.watching.snapshot import Change, Snapshot
from toolkit.watching.sources import Sources


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text("one")
    return path


def take(*files: Path) -> Snapshot:
    return Snapshot.take(Sources(files=frozenset(files)))


def test_nothing_differs_when_nothing_changed(file: Path) -> None:
    assert take(file).changes_to(take(file)) == ()


def test_a_file_is_changed_removed_and_added(file: Path) -> None:
    before = take(file)
    file.write_text("three")
    changed = take(file)
    assert before.changes_to(changed) == (Change(path=file, kind="changed"),)
    file.unlink()
    assert changed.changes_to(take(file)) == (Change(path=file, kind="removed"),)
    assert take(file).changes_to(changed) == (Change(path=file, kind="added"),)


def test_another_file_in_its_place_counts_although_size_and_time_are_the_same(file: Path) -> None:
    before, status = take(file), file.stat()
    other = file.with_name("other")
    other.write_text("two")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(file)
    assert before.changes_to(take(file)) == (Change(path=file, kind="changed"),)


def test_the_executable_bit_counts(file: Path) -> None:
    before = take(file)
    file.chmod(0o755)
    assert before.changes_to(take(file)) == (Change(path=file, kind="changed"),)


def test_another_target_of_a_link_counts(file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to("a.py")
    before = take(link)
    file.with_name("b.py").write_text("two")
    link.unlink()
    link.symlink_to("b.py")
    assert before.changes_to(take(link)) == (Change(path=link, kind="changed"),)


def test_a_link_that_leads_nowhere_counts(tmp_path: Path) -> None:
    link = tmp_path / "link"
    before = take(link)
    link.symlink_to("missing")
    broken = take(link)
    assert [change.kind for change in before.changes_to(broken)] == ["added"]
    link.unlink()
    assert [change.kind for change in broken.changes_to(take(link))] == ["removed"]


def test_a_contract_counts_by_its_content(file: Path) -> None:
    sources = Sources(files=frozenset([file]), contracts=frozenset([file]))
    before = Snapshot.take(sources)
    assert before.states == {file: b"one"}
    os.utime(file, (1, 1))
    assert before.changes_to(Snapshot.take(sources)) == ()


@pytest.mark.parametrize(("text", "more"), [("", True), (None, True), ("x", False)])
def test_a_file_that_is_empty_or_missing_may_be_half_saved(file: Path, text: str | None, *, more: bool) -> None:
    before = take(file)
    file.unlink()
    if text is not None:
        file.write_text(text)
    assert before.is_under_way(take(file)) is more


def test_several_files_may_be_followed_by_more(file: Path) -> None:
    other = file.with_name("b.py")
    before = take(file, other)
    file.write_text("three")
    other.write_text("three")
    assert before.is_under_way(take(file, other))
    assert before.count == 1
