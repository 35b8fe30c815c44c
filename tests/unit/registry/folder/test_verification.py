import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.releases import publish, real_contract, real_release
from toolkit.registry.entry import Entry
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_bytes
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.storage import Storage
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.release import README, Release, _checksum
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
FIRST, SECOND = real_release("1.0.0", readme=b"# Train\n"), real_release("1.1.0")
YANK = Yank(reason="broken", at="2026-02-01T12:00:00Z")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    registry = Directory.create(tmp_path_factory.mktemp("made") / "shared")
    publish(registry, FIRST, content=real_contract("1.0.0"), readme=b"# Train\n")
    publish(registry, SECOND, content=real_contract("1.1.0"))
    publish(registry, real_release("1.0.0", name="other"), content=real_contract("1.0.0"))
    registry.change_marks(TRAIN, lambda marks: marks.with_yank(FIRST.version, YANK))
    return registry.root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """Give a copy, in which files may be changed; its links are copies too."""
    copy = shutil.copytree(made, tmp_path / "shared")
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def _faults(root: Path) -> list[Fault]:
    return list(Directory.open(root).faults(Checked()))


def test_a_registry_without_faults(made: Path) -> None:
    checked = Checked()
    assert not list(Directory.open(made).faults(checked))
    assert (checked.components, checked.releases, checked.unused) == (2, 3, 0)


def _forged(root: Path, release: Release) -> None:
    """Write a record with a checksum that is right, as one who knows this program would."""
    (root / layout.record(release.name, release.version)).write_bytes(release.to_bytes())


def _entry(root: Path, name: str) -> Entry:
    (entry,) = Directory.open(root).entries([name])
    return entry


def _catalogue(root: Path, *entries: Entry) -> None:
    (root / layout.CATALOGUE).write_bytes(catalogue_bytes(entries))


def _edit(name: str, old: str = "", new: str = "") -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        path = root / name
        path.write_text(path.read_text().replace(old, new) if old else new)

    return edit


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


RECORD = layout.record(TRAIN, FIRST.version)
RECORDS = layout.records(TRAIN)
BLOB = layout.blob(SECOND.digest)
BLOBS = BLOB.rpartition("/")[0]
MADE = layout.blob(FIRST.digest_of(README))
MARKS = layout.marks(TRAIN)
INDEX = layout.index(TRAIN)
KFP = layout.component(TRAIN)
NEWEST = layout.newest(TRAIN)
TAG = layout.tagged(TRAIN, FIRST.version)
BARE = replace(FIRST, interface=replace(FIRST.interface, inputs=()))
LONGER = replace(FIRST, files=(replace(FIRST.files[0], size=9),))

LOST = [
    (RECORD, "damaged: its checksum is not that of its content", _edit(RECORD, "Fit a", "Break a")),
    (RECORD, "damaged: Expecting value", _edit(RECORD)),
    (RECORD, "its image is evil:1, and the contract", lambda root: _forged(root, replace(FIRST, image="evil:1"))),
    (RECORD, "it has another interface than the contract", lambda root: _forged(root, BARE)),
    (RECORD, "README.md has 8 bytes, and the record says 9", lambda root: _forged(root, LONGER)),
    (f"{RECORDS}/notes.json", "it is not a record", _edit(f"{RECORDS}/notes.json")),
    (f"{RECORDS}/1.2.0", "it is not a record", _edit(f"{RECORDS}/1.2.0")),
    (BLOB, "damaged: its digest is sha256:", _edit(BLOB, new="name: Evil")),
    (BLOB, "missing: it is component.yaml of ml/train@1.1.0", _remove(BLOB)),
    (MADE, "missing: it is README.md of ml/train@1.0.0", _remove(MADE)),
    (f"{BLOBS}/notes", "its name is not a digest", _edit(f"{BLOBS}/notes")),
    (MARKS, "marks versions that the component has not: 7.0.0", _edit(MARKS, "1.0.0", "7.0.0")),
    (MARKS, "damaged: not the marks of a component", _edit(MARKS, new="{")),
    ("c/ML", "it cannot be a namespace or a component", lambda root: (root / "c" / "ML").mkdir()),
    ("c/ml/tr\u0430in", "it cannot be a", lambda root: (root / "c" / "ml" / "tr\u0430in").mkdir()),
    ("c/ml/notes", "it cannot be a namespace or a component", _edit("c/ml/notes")),
    ("c/out", "a link to /etc, expected a folder", lambda root: (root / "c" / "out").symlink_to("/etc")),
]
DERIVED = [
    (INDEX, "missing", _remove(INDEX)),
    (INDEX, "it differs from the records of 1.1.0, 1.2.0", _edit(INDEX, "1.1.0", "1.2.0")),
    (INDEX, "it differs from the records of 1.1.0", _edit(INDEX, SECOND.digest.hex, "0" * 64)),
    (INDEX, "not the index of a component", _edit(INDEX, new="<html>")),
    ("index/cf/ml/gone.jsonl", "the index of a component that is not there", _edit("index/cf/ml/gone.jsonl")),
    (TAG, "it is not the contract of its release", _edit(TAG, "Train", "Evil")),
    (TAG, "missing", _remove(TAG)),
    (f"{KFP}/versions/tags/9.9.9", "no release has it", _edit(f"{KFP}/versions/tags/9.9.9")),
    (NEWEST, "it is not the contract of its release", _edit(NEWEST, "Train", "Evil")),
    (layout.CATALOGUE, "missing", _remove(layout.CATALOGUE)),
    (layout.CATALOGUE, "not a catalogue", _edit(layout.CATALOGUE, new="<html>")),
    (layout.CATALOGUE, "its entry of ml/other differs", lambda root: _catalogue(root, _entry(root, "ml/train"))),
    (layout.CATALOGUE, "its entry of ml/train differs", lambda root: _catalogue(root, _entry(root, "ml/other"))),
]


@pytest.mark.parametrize(("path", "message", "damage"), LOST)
def test_each_fault_is_named_with_its_path(root: Path, path: str, message: str, damage: Callable[[Path], None]) -> None:
    damage(root)
    (fault,) = (fault for fault in _faults(root) if not fault.derived)
    assert (fault.path, fault.message[: len(message)]) == (path, message)


@pytest.mark.parametrize(("path", "message", "damage"), DERIVED)
def test_reindex_mends_what_is_derived(root: Path, path: str, message: str, damage: Callable[[Path], None]) -> None:
    damage(root)
    (fault,) = _faults(root)
    assert (fault.path, fault.message[: len(message)], fault.derived) == (path, message, True)
    Directory.open(root).reindex()
    assert not _faults(root)


def test_publishing_again_mends_a_damaged_content(root: Path) -> None:
    (root / BLOB).write_text("damaged")
    (root / layout.blob(FIRST.digest_of(README))).unlink()
    registry = Directory.open(root)
    assert not publish(registry, SECOND, content=real_contract("1.1.0"))
    assert not publish(registry, FIRST, content=real_contract("1.0.0"), readme=b"# Train\n")
    assert not _faults(root)


def test_what_a_publisher_adds_meanwhile_is_no_fault(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Directory.open(root)
    newer = real_release("2.0.0")
    real = Storage.read
    pending = [newer]

    def read(storage: Storage, name: str, *limit: object) -> bytes:
        if name == layout.index(TRAIN) and pending:
            publish(Directory.open(root), pending.pop(), content=real_contract("2.0.0"))
        return real(storage, name, *limit)  # type: ignore[arg-type]

    monkeypatch.setattr(Storage, "read", read)
    assert not list(registry.faults(Checked()))
    assert parse_version("2.0.0") in registry.versions(TRAIN)


def test_a_registry_that_may_only_be_read_is_verified(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Storage) -> None:
        raise PermissionError

    monkeypatch.setattr(Storage, "locked", refused)
    (root / INDEX).unlink()
    assert [fault.path for fault in _faults(root)] == [INDEX]


def test_a_record_of_a_newer_program_keeps_what_this_one_does_not_know(root: Path) -> None:
    registry = Directory.open(root)
    record = json.loads((root / RECORD).read_bytes())
    newer = {**{key: value for key, value in record.items() if key != "checksum"}, "signed": "by Ada"}
    (root / RECORD).write_text(json.dumps({**newer, "checksum": _checksum(newer)}))
    registry.reindex()
    assert not _faults(root)
