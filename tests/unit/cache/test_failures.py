import errno
import os

import pytest

from toolkit.cache.failures import unreadable, unwritable_cache, wrong_content
from toolkit.digest import Digest
from toolkit.errors import LostError


def test_a_lost_file_is_an_error_of_its_own() -> None:
    assert isinstance(unreadable("x", FileNotFoundError(errno.ENOENT, "gone")), LostError)
    other = unreadable("x", PermissionError(errno.EACCES, "not allowed"))
    assert (type(other).__name__, other.message) == ("OutsideError", "cannot read x: not allowed")


def test_wrong_content_names_both_digests() -> None:
    got, expected = Digest.of(b"a"), Digest.of(b"b")
    message = f"x.whl does not have the expected content: sha256 {got.hex}, expected {expected.hex}"
    assert wrong_content("x.whl", got, expected).message == message


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EROFS, "name a folder that can be written with COMP_CACHE_DIR"),
        (errno.EACCES, "name a folder that can be written with COMP_CACHE_DIR"),
        (errno.ENOSPC, "free some space, `comp cache prune`, or name another folder with COMP_CACHE_DIR"),
    ],
)
def test_the_hint_fits_the_reason(number: int, hint: str) -> None:
    assert unwritable_cache("/c", OSError(number, os.strerror(number))).hint == hint
