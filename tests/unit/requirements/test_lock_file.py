"""The form of a lock, which its name decides."""

from pathlib import Path

from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock
from toolkit.requirements.lock_file import read_lock, write_lock

_LOCK = Lock(inputs="sha256:0", python="3.11", pins={Platform("linux", "amd64"): ()})


def test_the_name_decides_the_form(tmp_path: Path) -> None:
    for name, begin in (("requirements.lock", "# lock-version: 1\n"), ("pylock.toml", 'lock-version = "1.0"\n')):
        write_lock(tmp_path / name, _LOCK)
        assert begin in (tmp_path / name).read_text()
        assert read_lock(tmp_path / name) == _LOCK
