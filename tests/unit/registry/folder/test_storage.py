import multiprocessing
import os
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.registry.folder.storage import Storage


def test_a_file_is_created_once(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    assert storage.create("a/b/file", b"first")
    assert not storage.create("a/b/file", b"second")
    assert storage.read("a/b/file") == b"first"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file"]


def test_a_file_with_the_same_content_stays(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    storage.replace("file", b"content")
    before = storage.path("file").stat()
    storage.replace("file", b"content")
    storage.keep("file", b"content", used_now=False)
    assert storage.path("file").stat() == before
    storage.replace("file", b"CONTENT")
    assert storage.read("file") == b"CONTENT"


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing"])
def test_what_is_not_a_file_holds_nothing(tmp_path: Path, kind: str) -> None:
    if kind == "folder":
        (tmp_path / "file").mkdir()
    elif kind == "pipe":
        os.mkfifo(tmp_path / "file")
    assert not Storage(tmp_path).holds("file", b"")


def test_new_folders_go_again_if_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "link").symlink_to(tmp_path.parent)
    with pytest.raises(InputError, match="outside of"):
        Storage(tmp_path).create("a/link/b/file", b"")
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        Storage(tmp_path).replace("taken", b"")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "link", "taken"]


def _hold(root: Path, held: Event, release: Event) -> None:
    with Storage(root).locked():
        held.set()
        release.wait(60)


def test_one_writer_waits_for_another_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path, held, release))
    other.start()
    assert held.wait(60)
    monkeypatch.setattr("toolkit.registry.folder.storage._QUIET", 0.0)

    class Releasing:
        def filter(self, record: object) -> bool:
            release.set()
            return bool(record)

    caplog.set_level("INFO")
    caplog.handler.addFilter(Releasing())
    with Storage(tmp_path).locked():
        assert "waiting for another publisher to" in caplog.text
    other.join(60)
    assert other.exitcode == 0


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "registry"
    root.mkdir()
    (root / ".lock").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic links"), Storage(root).locked():
        pass
    assert not elsewhere.exists()
