"""What a folder's file system can do, with systems that can less."""

import errno
import fcntl
import os
from pathlib import Path
from typing import NoReturn

import pytest

from toolkit.errors import OutsideError
from toolkit.registry.ability import Ability
from toolkit.registry.folder.trials import try_folder


def tried(folder: Path) -> dict[str, Ability]:
    return {each.name: each for each in try_folder(folder)}


def test_an_ordinary_folder_serves_and_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    found = tried(tmp_path)
    assert [each.name for each in found.values() if each.needed and each.state != "yes"] == []
    assert (found["locks"].state, found["upper and lower case"].state) == ("yes", "yes")
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]


def test_a_shared_folder_is_known_by_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert (tried(tmp_path)["a shared folder"].state, tried(tmp_path)["a shared folder"].found) == (
        "no",
        "its permissions are 0755",
    )
    tmp_path.chmod(0o2775)
    assert tried(tmp_path)["a shared folder"].state == "yes"


def test_a_folder_that_cannot_be_written_is_for_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    found = tried(tmp_path)
    assert list(found) == ["writing"]
    assert (found["writing"].state, found["writing"].found) == ("no", "Read-only file system")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match=r"cannot look at .*: No such file or directory"):
        tried(tmp_path / "missing")


def test_file_systems_that_can_less_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    found = tried(tmp_path)
    assert (found["links"].state, found["links"].found) == ("no", "Operation not permitted")
    assert found["links to new names alone"].state == "no"
    assert (found["locks"].state, found["locks"].found) == ("no", "two writers hold the same lock")
    assert list(tmp_path.iterdir()) == []
