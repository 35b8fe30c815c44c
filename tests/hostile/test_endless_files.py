"""Files of a cloned folder that never end: links to devices, which git keeps, and pipes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.config.toml import TomlDocument
from toolkit.errors import CompError
from toolkit.interface.module import Module
from toolkit.oci.layout import layout_platforms
from toolkit.requirements.lock_file import read_lock
from toolkit.requirements.requirements_file import read_lines
from toolkit.scaffold.record import RECORD, ScaffoldRecord
from toolkit.spec.document import read_text

READERS = (
    read_text,
    lambda path: Module.read(path, {}),
    read_lock,
    lambda path: list(read_lines(path, {})),
    TomlDocument.read,
)


@pytest.mark.parametrize("read", READERS)
def test_only_a_file_is_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    (tmp_path / "device").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    for name in ("device", "pipe"):
        with pytest.raises(CompError, match="expected a file"):
            read(tmp_path / name)


def test_a_layout_and_a_record_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / ".comp").mkdir()
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    for name in ("index.json", RECORD):
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(CompError, match="expected a file"):
        layout_platforms(tmp_path)
    with pytest.raises(CompError, match="expected a file"):
        ScaffoldRecord.read(tmp_path)
