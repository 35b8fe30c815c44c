"""One process at a time holds a folder."""

import fcntl
import os
from pathlib import Path

import pytest

from toolkit.system import temporary
from toolkit.system.held import held


def _is_free(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_a_folder_is_held_until_the_end(tmp_path: Path) -> None:
    with held(tmp_path):
        assert not _is_free(tmp_path)
    assert _is_free(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), held(tmp_path):
        raise ValueError("inside")
    assert _is_free(tmp_path)


def test_a_temporary_folder_is_held_as_well(tmp_path: Path) -> None:
    """Both lock the folder itself: the second would wait for the first for ever."""
    with temporary.folder("test", beside=tmp_path) as folder:
        threads = temporary.lock_of(folder)
        assert threads is not None
        for _ in range(2):
            with held(folder):
                assert threads.locked()
                assert not _is_free(folder)
            assert not threads.locked()
        assert not _is_free(folder)
    assert temporary.lock_of(folder) is None
    assert temporary.lock_of(tmp_path) is None
