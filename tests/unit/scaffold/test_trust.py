"""What was named on this machine."""

import os
from pathlib import Path

import pytest

from toolkit.scaffold.trust import Trust, source


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("git+https://ann:TOKEN@Host.example/x/y.git@v1", "https://host.example/x/y"),
        ("git+https://host.example:8443/x@main", "https://host.example:8443/x"),
        ("https://host.example/x/y.git", "https://host.example/x/y"),
        ("git+ssh://git@host.example/x", "ssh://host.example/x"),
        ("git+git@host.example:x/y.git", "git@host.example:x/y.git"),
    ],
)
def test_a_source_has_neither_login_nor_version(name: str, same: str) -> None:
    assert source(name) == same


def test_a_folder_and_an_archive_are_known_by_their_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert source("own") == source(f"{tmp_path}/a/../own") == str(tmp_path / "own")
    assert source("own.zip::inner") == str(tmp_path / "own.zip")


def test_an_added_template_is_trusted(tmp_path: Path) -> None:
    trust = Trust.of({"COMP_STATE_DIR": str(tmp_path / "state")})
    assert not trust.has("git+https://h/x")
    trust.add("git+https://a:SECRET@h/x@v1")
    assert trust.has("git+https://h/x@v2")
    assert not trust.has("git+https://h/y")
    assert "SECRET" not in trust.path.read_text()
    assert trust.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "[]", '{"version": 2}', '{"version": 1, "templates": 5}', "[" * 100_000, "\0"])
def test_a_damaged_list_trusts_nothing(tmp_path: Path, content: str) -> None:
    trust = Trust(tmp_path / "templates.json")
    trust.path.write_text(content)
    assert not trust.has("git+https://h/x")
    trust.add("git+https://h/x")
    assert trust.has("git+https://h/x")


def test_a_list_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "templates.json")
    os.mkfifo(trust.path)
    assert not trust.has("git+https://h/x")


def test_a_list_that_cannot_be_written_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")
    Trust(tmp_path / "state" / "templates.json").add("git+https://h/x")
    assert "cannot remember the template" in caplog.text
