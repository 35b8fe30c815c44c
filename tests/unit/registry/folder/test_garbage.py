import os
from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.garbage import find_garbage, remove_garbage
from toolkit.registry.folder.storage import Storage

LOST = b"lost\n"
LOST_PATH = layout.blob(Digest.of(LOST))
UNFINISHED = "c/ml/train/v/.1.0.1.json.0123abcd.tmp"
HOURS = 2 * 3600


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    made = Directory.create(tmp_path)
    publish(made, release(readme=b"read"), readme=b"read")
    Storage(tmp_path).keep(LOST_PATH, LOST, used_now=False)
    (tmp_path / UNFINISHED).write_bytes(b"{")
    return made


def _age(registry: Directory, *names: str) -> None:
    storage = Storage(registry.root)
    for name in names:
        path = storage.path(name)
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - HOURS))


def _paths(registry: Directory) -> list[str]:
    return [garbage.path for garbage in registry.garbage()]


def test_what_no_release_has_goes_after_an_hour(registry: Directory) -> None:
    assert _paths(registry) == []
    every = [str(path.relative_to(registry.root)) for path in registry.root.rglob("*") if path.is_file()]
    _age(registry, *every)
    assert _paths(registry) == [LOST_PATH, UNFINISHED]
    assert [garbage.path for garbage in registry.collect(registry.garbage())] == [LOST_PATH, UNFINISHED]
    left = [str(path.relative_to(registry.root)) for path in registry.root.rglob("*") if path.is_file()]
    assert sorted(left) == sorted(set(every) - {LOST_PATH, UNFINISHED})


def test_a_content_that_a_publisher_takes_up_meanwhile_stays(registry: Directory) -> None:
    _age(registry, LOST_PATH)
    garbage = registry.garbage()
    assert [each.path for each in garbage] == [LOST_PATH]
    publish(registry, release("2.0.0", content=LOST), content=LOST)
    assert not list(remove_garbage(Storage(registry.root), garbage))
    assert registry.content(release("2.0.0", content=LOST), "component.yaml") == LOST


def test_the_clock_of_this_machine_does_not_count(registry: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 9e9)
    assert not find_garbage(registry, Storage(registry.root))


def test_nothing_goes_while_a_record_is_damaged(registry: Directory) -> None:
    """The contents of its release may be among the files that no record names."""
    _age(registry, LOST_PATH)
    record = registry.root / layout.record(release().name, release().version)
    record.chmod(0o644)
    record.write_text("{")
    with pytest.raises(OutsideError, match="damaged") as caught:
        registry.garbage()
    assert caught.value.hint is not None
    assert "nothing is removed before records are whole" in caught.value.hint


def test_files_of_others_and_links_stay(registry: Directory, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / ".x.0123abcd.tmp").write_text("")
    (registry.root / "c" / "linked").symlink_to(outside)
    (registry.root / ".git").mkdir()
    for name in (".git/.x.0123abcd.tmp", "c/notes.tmp", "c/.notes.tmp"):
        (registry.root / name).write_text("")
        _age(registry, name)
    _age(registry, "c/linked/.x.0123abcd.tmp")
    assert _paths(registry) == []
