"""The content of artifacts: listed, known by a digest, and kept in the cache and brought back."""

import os
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.pipelines.content import Entry, content_digest, entries_of, keep, remove, restore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = tmp_path / "model"
    (model / "inner" / "empty").mkdir(parents=True)
    (model / "inner" / "run.sh").write_text("#!/bin/sh\n")
    (model / "inner" / "run.sh").chmod(0o755)
    (model / "weights").write_bytes(b"\0\1")
    (model / "link").symlink_to("weights")
    return model


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"abc")
    assert entries_of(tmp_path / "data") == (Entry(path="", digest=Digest.of(b"abc")),)
    assert content_digest(entries_of(tmp_path / "data")) == str(Digest.of(b"abc"))


def test_a_folder_is_listed_in_order_and_its_links_are_not_followed(folder: Path) -> None:
    assert entries_of(folder) == (
        Entry(path=""),
        Entry(path="inner"),
        Entry(path="inner/empty"),
        Entry(path="inner/run.sh", digest=Digest.of(b"#!/bin/sh\n"), executable=True),
        Entry(path="link", target="weights"),
        Entry(path="weights", digest=Digest.of(b"\0\1")),
    )


def test_two_folders_with_other_content_have_other_digests(folder: Path) -> None:
    before = content_digest(entries_of(folder))
    (folder / "inner" / "run.sh").chmod(0o644)
    assert content_digest(entries_of(folder)) != before


def test_a_folder_with_one_file_is_not_that_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"abc")
    assert content_digest(entries_of(tmp_path / "folder")) != content_digest(entries_of(tmp_path / "folder" / "a"))


def test_a_pipe_in_an_artifact_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(InputError, match="is a pipe, expected a file or folder"):
        entries_of(folder)


def test_folders_are_not_deeper_than_their_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_OUTPUT_DEPTH", "2")
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    assert len(entries_of(tmp_path / "a")) == 3
    with pytest.raises(InputError, match="the depth of its folders"):
        entries_of(tmp_path)


def test_an_artifact_comes_back_from_the_cache(folder: Path, tmp_path: Path) -> None:
    cache, entries = Cache(tmp_path / "cache"), entries_of(folder)
    keep(folder, entries, cache)
    assert restore(tmp_path / "new", entries, cache)
    assert entries_of(tmp_path / "new") == entries
    weights = entries_of(folder / "weights")
    assert restore(tmp_path / "file", weights, cache)
    assert (tmp_path / "file").read_bytes() == b"\0\1"


def test_nothing_is_left_of_an_artifact_that_the_cache_has_in_part(folder: Path, tmp_path: Path) -> None:
    cache, entries = Cache(tmp_path / "cache"), entries_of(folder)
    keep(folder, entries, cache)
    cache.blob_path(Digest.of(b"\0\1")).unlink()
    assert not restore(tmp_path / "new", entries, cache)
    assert not (tmp_path / "new").exists()


def test_a_link_is_removed_and_its_target_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    for path in (tmp_path / "link", tmp_path / "missing"):
        remove(path)
    assert not (tmp_path / "link").is_symlink()
    assert (folder / "weights").exists()
    remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("path", ["../out", "/out", "inner/../../out", "link/out"])
def test_nothing_is_written_outside_of_the_artifact(tmp_path: Path, path: str) -> None:
    cache = Cache(tmp_path / "cache")
    digest, _ = cache.store([b"abc"])
    name = path.replace("/out", f"{tmp_path}/out") if path.startswith("/") else path
    entries = (Entry(path=""), Entry(path="link", target=str(tmp_path)), Entry(path=name, digest=digest))
    assert not restore(tmp_path / "model", entries, cache)
    assert not (tmp_path / "out").exists()
