"""The end of a log, and a log without secrets."""

from pathlib import Path

import pytest

from toolkit.pipelines.step_logs import hide_secrets, last_lines


def test_the_last_lines_are_those_of_the_end(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(b"x" * 70_000 + b"\none\ntw\xff\n")
    assert last_lines(path, 2) == ["one", "tw\ufffd"]
    assert last_lines(tmp_path / "missing", 2) == []


@pytest.mark.parametrize(
    ("secrets", "hidden"),
    [
        (["marker"], b"a *** b\n\xff ***-longer\nsafe\n"),
        (["marker", "marker-longer"], b"a *** b\n\xff ***\nsafe\n"),
        (["a\nmarker"], b"a *** b\n\xff ***-longer\nsafe\n"),
        (["a", ""], None),
        (["other"], None),
    ],
    ids=["one", "longest", "lines", "short", "absent"],
)
def test_secrets_are_hidden(tmp_path: Path, secrets: list[str], hidden: bytes | None) -> None:
    path = tmp_path / "log.txt"
    content = b"a marker b\n\xff marker-longer\nsafe\n"
    path.write_bytes(content)
    before = path.stat().st_ino
    hide_secrets(path, secrets)
    assert path.read_bytes() == (hidden or content)
    assert (path.stat().st_ino == before) == (hidden is None)


def test_a_log_that_is_missing_has_no_secrets(tmp_path: Path) -> None:
    hide_secrets(tmp_path / "log.txt", ["marker"])
    assert list(tmp_path.iterdir()) == []
