"""Files of others: regular ones only, and no more than a limit."""

import os
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.limits import Limit
from toolkit.system.reading import read_foreign

_LIMIT = Limit(name="some-size", default=10, unit="bytes", about="something")


def test_a_file_up_to_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_foreign(tmp_path / "a", _LIMIT) == b"x" * 10


def test_more_is_refused_with_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 11)
    with pytest.raises(InputError, match="the file exceeds the limit of 10 B"):
        read_foreign(tmp_path / "a", _LIMIT)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(InputError, match=f"{kind}, expected a file"):
            read_foreign(path, _LIMIT)
