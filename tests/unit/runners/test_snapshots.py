"""Snapshots of outputs: files as they are, digests of folders and of large files."""

import os
from pathlib import Path

import pytest

from toolkit.runners import snapshots
from toolkit.runners.tolerance import EXACT, Tolerance


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Return the path of a snapshot that is not kept yet."""
    return tmp_path / snapshots.place("result")


def test_a_small_file_is_kept_as_it_is(tmp_path: Path, snapshot: Path) -> None:
    output = tmp_path / "output"
    output.write_text("1.0\n")
    missing = snapshots.difference(snapshot, output, EXACT)
    assert missing == "has no snapshot yet: `comp test --update` keeps the output as one"
    assert snapshots.update(snapshot, output) == snapshot
    assert snapshot.read_text() == "1.0\n"
    output.write_text("1.1\n")
    assert snapshots.difference(snapshot, output, Tolerance(atol=0.2)) is None
    problem = snapshots.difference(snapshot, output, EXACT)
    assert problem is not None
    assert problem.startswith("differs from its snapshot snapshots/result\n")


def test_a_folder_is_kept_as_digests(tmp_path: Path, snapshot: Path) -> None:
    output = tmp_path / "output"
    (output / "inner").mkdir(parents=True)
    (output / "inner" / "a.txt").write_text("a")
    (output / "link").symlink_to("inner/a.txt")
    assert snapshots.update(snapshot, output).name == "result.sha256"
    assert snapshots.difference(snapshot, output, EXACT) is None
    (output / "inner" / "b.txt").write_text("b")
    problem = snapshots.difference(snapshot, output, EXACT)
    assert problem is not None
    assert problem.startswith("differs from its snapshot snapshots/result.sha256\n")
    assert [line[-11:] for line in problem.splitlines() if line.startswith("+") and "expected" not in line] == [
        "+++ actual",
        "inner/b.txt",
    ]


def test_a_link_counts_by_its_target_and_is_not_followed(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / "link").symlink_to("one")
    one = snapshots.listing(output)
    (output / "link").unlink()
    (output / "link").symlink_to("another")
    assert snapshots.listing(output) != one


def test_a_name_need_not_be_utf_8(tmp_path: Path, snapshot: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / os.fsdecode(b"\xff")).write_text("a")
    snapshots.update(snapshot, output)
    assert snapshots.difference(snapshot, output, EXACT) is None


def test_a_large_file_is_kept_as_its_digest(tmp_path: Path, snapshot: Path) -> None:
    output = tmp_path / "output"
    output.write_bytes(b"x" * snapshots.LARGEST)
    assert snapshots.update(snapshot, output) == snapshot
    output.write_bytes(b"x" * (snapshots.LARGEST + 1))
    listed = snapshots.update(snapshot, output)
    # The one form goes when the other comes.
    assert [path.name for path in snapshot.parent.iterdir()] == ["result.sha256"]
    assert listed.read_text() == snapshots.listing(output)
    output.write_bytes(b"y" * (snapshots.LARGEST + 1))
    assert snapshots.difference(snapshot, output, EXACT) is not None
    output.write_text("x")
    snapshots.update(snapshot, output)
    assert [path.name for path in snapshot.parent.iterdir()] == ["result"]


def test_a_folder_in_the_place_of_a_file(tmp_path: Path, snapshot: Path) -> None:
    output = tmp_path / "output"
    output.write_text("x")
    snapshots.update(snapshot, output)
    output.unlink()
    output.mkdir()
    problem = snapshots.difference(snapshot, output, EXACT)
    assert problem == "is a folder, and its snapshot snapshots/result is a file"
