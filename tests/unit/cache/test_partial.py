from pathlib import Path

import pytest

from toolkit.cache.partial import locked, open_partial
from toolkit.digest import Digest

DATA = bytes(range(256)) * (1 << 13)
DIGEST = Digest.of(DATA)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the blob will be."""
    return tmp_path / "blobs" / DIGEST.hex


def test_a_part_is_continued_until_it_is_the_blob(path: Path) -> None:
    with open_partial(path, DIGEST) as part:
        assert part
        part.write(DATA[: 3 << 19])
    assert not path.exists()
    with open_partial(path, DIGEST) as part:
        assert part
        assert (part.size, part.digest, part.is_whole) == (3 << 19, Digest.of(DATA[: 3 << 19]), False)
        part.write(DATA[3 << 19 :])
        assert part.is_whole
    assert path.read_bytes() == DATA
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_small_part_is_not_kept(path: Path) -> None:
    with open_partial(path, DIGEST) as part:
        assert part
        part.write(DATA[:1000])
    assert [*path.parent.iterdir()] == []


def _break_off(path: Path, failure: type[OSError]) -> None:
    with open_partial(path, DIGEST) as part:
        assert part
        part.restart()
        part.write(DATA[: 3 << 19])
        raise failure


def test_a_broken_connection_keeps_the_part_and_a_full_disk_does_not(path: Path) -> None:
    for failure, kept in ((ConnectionResetError, 1), (OSError, 0)):
        with pytest.raises(failure):
            _break_off(path, failure)
        assert len([*path.parent.iterdir()]) == kept


def test_only_one_at_a_time_continues_a_part(path: Path) -> None:
    with open_partial(path, DIGEST) as part:
        assert part
        with open_partial(path, DIGEST) as other:
            assert other is None


def test_a_file_that_got_another_name_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with locked(path) as stream:
        assert stream
        path.rename(tmp_path / "renamed")
        with locked(path) as other:
            assert other is not None
