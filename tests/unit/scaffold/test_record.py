"""The record of a new folder."""

import json
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.generation import BEGIN, END
from toolkit.scaffold.record import RECORD, ScaffoldRecord, digest, digests

RECORDED = ScaffoldRecord(template="function", answers={"b": 1, "a": "ü"}, files={"README.md": "00"})


def _write(folder: Path, text: str) -> None:
    path = folder / RECORD
    path.parent.mkdir()
    path.write_text(text)


def test_a_record_is_read_back(tmp_path: Path) -> None:
    _write(tmp_path, RECORDED.text())
    assert ScaffoldRecord.read(tmp_path) == RECORDED


def test_a_record_has_no_secrets() -> None:
    secret = ScaffoldRecord(template="t", answers={"index": "https://user:hunter22@host.example/simple"}, files={})
    assert "hunter22" not in secret.text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged: "),
        ("[]", "damaged: "),
        ('{"version": 1}', "damaged: 'template'"),
        (json.dumps({"version": 2}), r"made by another version of comp \(2\)"),
    ],
)
def test_a_record_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    _write(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        ScaffoldRecord.read(tmp_path)
    assert caught.value.where is not None


def test_a_folder_without_a_record(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="was not made by `comp new`"):
        ScaffoldRecord.read(tmp_path)


def test_generated_tables_do_not_change_the_digest_of_a_readme(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    seen = set()
    for table in ("", "| a |", "| b |"):
        readme.write_text(f"# Count\n{BEGIN}{table}{END}\n")
        seen.add(digest(readme))
    readme.write_text(f"# Add\n{BEGIN}{END}\n")
    assert len(seen) == 1
    assert digests(tmp_path, ["README.md"]) == {"README.md": digest(readme)}
    assert digest(readme) not in seen
