from datetime import date
from pathlib import Path

import pytest

from tests.versions_of_contracts import compared, contract
from toolkit.breaking.changelog import write_changelog
from toolkit.errors import InputError

DAY = date(2026, 1, 31)
FOUND = compared(
    contract("{name: a}", version="1.0.0"), contract("{name: b, type: Float, optional: true}", version="2.0.0")
)
SECTION = """## 2.0.0 - 2026-01-31

### Breaking

- The input 'a' is gone (B101).

### Added

- The input 'b' is new (N401).
"""


def test_a_new_changelog(tmp_path: Path) -> None:
    path = tmp_path / "CHANGELOG.md"
    assert write_changelog(path, FOUND, DAY)
    assert path.read_text() == f"# Changelog\n\n{SECTION}"
    assert not write_changelog(path, FOUND, DAY)
    assert path.read_text() == f"# Changelog\n\n{SECTION}"


def test_the_section_stands_above_the_older_ones(tmp_path: Path) -> None:
    path = tmp_path / "CHANGELOG.md"
    path.write_text("# Changes\n\nWords.\n\n## [Unreleased]\n\n- Later.\n\n## 1.0.0 - 2025-01-01\n\n- First.\n")
    assert write_changelog(path, FOUND, DAY)
    assert path.read_text() == (
        f"# Changes\n\nWords.\n\n## [Unreleased]\n\n- Later.\n\n{SECTION}\n## 1.0.0 - 2025-01-01\n\n- First.\n"
    )


def test_a_contract_without_version(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the contract has no version") as caught:
        write_changelog(tmp_path / "CHANGELOG.md", compared(contract("{name: a}"), contract()), DAY)
    assert caught.value.hint == "set version in [project], and `comp generate` writes it"
    assert not (tmp_path / "CHANGELOG.md").exists()


def test_line_ends_and_links_stay(tmp_path: Path) -> None:
    old = "\ufeff# Changes\r\n\r\n## 1.0.0\r\n\r\n- First.\r\n"
    (tmp_path / "CHANGES.md").write_bytes(old.encode())
    path = tmp_path / "CHANGELOG.md"
    path.symlink_to("CHANGES.md")
    assert write_changelog(path, FOUND, DAY)
    assert path.is_symlink()
    section = f"{SECTION}\n".replace("\n", "\r\n")
    assert (tmp_path / "CHANGES.md").read_bytes().decode() == old.replace("## 1.0.0", f"{section}## 1.0.0")


@pytest.mark.parametrize("content", [b"\xff", b"a\0b"])
def test_a_file_that_is_no_text_stays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "CHANGELOG.md"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        write_changelog(path, FOUND, DAY)
    assert path.read_bytes() == content
