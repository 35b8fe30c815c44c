"""Releases copied between registries."""

from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.errors import InputError, OutsideError, RemoteError, UsageError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.publishing.mirroring import Mirror, Mirrored, merged_marks, parse_pattern
from toolkit.registry.release import CONTRACT, README, Release
from toolkit.registry.semver import Version, parse_version

TRAIN, FIT = Name("ml", "train"), Name("ml", "fit")
V1, V2 = parse_version("1.0.0"), parse_version("2.0.0")
YANK = Yank(reason="broken", at="2026-01-01T00:00:00Z")


@pytest.fixture
def source(tmp_path: Path) -> Directory:
    registry = Directory.create(tmp_path / "source")
    for each in (release("1.0.0", readme=b"# T"), release("2.0.0"), release("1.0.0", name="fit")):
        publish(registry, each, readme=b"# T" if each.files else None)
    return registry


@pytest.fixture
def target(tmp_path: Path) -> Directory:
    return Directory.create(tmp_path / "target")


def run(source: Directory, target: Directory, *only: str, **more: bool) -> dict[Name, Mirrored]:
    patterns = [parse_pattern(text) for text in only]
    mirror = Mirror(source=source, target=target, writable=target, only=patterns, **more)  # type: ignore[arg-type]
    return {outcome.name: outcome for outcome in mirror.run()}


def files(registry: Directory) -> dict[str, bytes]:
    below = ("c", "blobs", "index")
    paths = (path for place in below for path in (registry.root / place).rglob("*") if path.is_file())
    return {str(path.relative_to(registry.root)): path.read_bytes() for path in paths}


def test_a_mirror_has_the_same_bytes(source: Directory, target: Directory) -> None:
    source.change_marks(TRAIN, lambda marks: marks.with_yank(V2, YANK))
    done = run(source, target)
    assert [str(each) for each in done[TRAIN].copied] == ["ml/train@1.0.0", "ml/train@2.0.0"]
    assert (done[TRAIN].marked, done[FIT].marked) == (True, False)
    assert files(target) == files(source)
    assert target.content(target.release(TRAIN, V1), README) == b"# T"
    before = files(target)
    again = run(source, target, verify=True)
    assert [(each.copied, each.present, each.marked) for each in again.values()] == [((), 1, False), ((), 2, False)]
    assert files(target) == before


def test_names_and_ranges_choose(source: Directory, target: Directory) -> None:
    assert [*run(source, target, "ml/t*@^1")] == [TRAIN]
    assert (target.names(), target.versions(TRAIN)) == ([TRAIN], [V1])
    run(source, target, "*/fit", "ml/train@2.0.0")
    assert target.names() == source.names()
    with pytest.raises(InputError, match="has no component ml/none"):
        run(source, target, "ml/none")
    for text in ("train", "/x", "a/b/c"):
        with pytest.raises(UsageError, match="names no components"):
            parse_pattern(text)


def test_another_release_of_the_same_version_is_a_problem(source: Directory, target: Directory) -> None:
    publish(target, release("2.0.0", content=b"name: Other\n"), content=b"name: Other\n")
    done = run(source, target)
    (problem,) = done[TRAIN].problems
    assert problem.what == "ml/train@2.0.0"
    assert "with other content" in problem.error.message
    assert [str(each) for each in done[TRAIN].copied] == ["ml/train@1.0.0"]
    assert [str(each) for each in done[FIT].copied] == ["ml/fit@1.0.0"]


def test_a_damaged_release_does_not_stop_the_others(source: Directory, target: Directory) -> None:
    blob = next(path for path in (source.root / "blobs").rglob("*") if path.is_file() and path.read_bytes() == b"# T")
    blob.chmod(0o644)
    blob.write_bytes(b"# X")
    done = run(source, target)
    assert [problem.what for problem in done[TRAIN].problems] == ["ml/train@1.0.0"]
    assert target.versions(TRAIN) == [V2]
    assert target.versions(FIT) == [V1]


def test_a_server_out_of_reach_ends_it(source: Directory, target: Directory) -> None:
    class Away(Directory):
        def release(self, name: Name, version: Version) -> Release:
            raise RemoteError(f"cannot reach {name}@{version}", status=0)

    with pytest.raises(OutsideError, match="cannot reach"):
        run(Away.open(source.root), target)


def test_a_dry_run_writes_nothing(source: Directory, target: Directory) -> None:
    mirror = Mirror(source=source, target=target)
    assert [len(outcome.copied) for outcome in mirror.run()] == [1, 2]
    assert target.names() == []


def test_marks_of_both_are_merged() -> None:
    own = Marks().with_yank(V1, Yank(reason="ours", at="x"))
    deprecated = Deprecation(reason="old", at="y", superseded_by=FIT)
    merged = merged_marks(Marks().with_yank(V2, YANK).with_deprecation(deprecated), own, {"a": "b"})
    assert {*merged.yanked} == {V1, V2}
    assert (merged.deprecated, merged.images) == (deprecated, {"a": "b"})
    # The source takes a deprecation back, and the mirror's own copies stay.
    assert merged_marks(Marks(), merged, {}).deprecated is None
    assert merged_marks(Marks(images={"a": "c", "d": "e"}), merged, {}).images == {"a": "b", "d": "e"}


class Altered(Directory):
    """A registry that gives other bytes for the file `altered`, and has lost the file `lost`."""

    altered: str = ""
    lost: str = ""

    def content(self, release: Release, path: str) -> bytes:
        if path == self.lost:
            raise OutsideError(f"{path} of {release} is missing")
        content = super().content(release, path)
        return content + b"# not published" if path == self.altered else content


@pytest.mark.parametrize("path", [CONTRACT, README])
def test_a_source_that_gives_other_bytes_is_not_copied(source: Directory, target: Directory, path: str) -> None:
    altered = Altered(source.root)
    altered.altered = path
    outcome = run(altered, target, "ml/train@^1")[TRAIN]
    assert [problem.error.message for problem in outcome.problems] == [
        f"{path} of ml/train@1.0.0 in {source.root} has another digest than its record"
    ]
    assert (outcome.copied, target.names()) == ((), [])


def test_a_copy_is_read_back_with_all_of_its_files(source: Directory, target: Directory) -> None:
    lossy = Altered(target.root)
    lossy.lost = README
    outcome = run(source, lossy, "ml/train@^1")[TRAIN]
    assert [problem.error.message for problem in outcome.problems] == ["README.md of ml/train@1.0.0 is missing"]
