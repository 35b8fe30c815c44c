"""Contracts that are fixed where they lie."""

import errno
import pickle
from pathlib import Path

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.lint.fixed_files import FixedFile, Fixes, fix_file, is_generated
from toolkit.lint.linter import lint_text
from toolkit.lint.selection import EVERY_RULE

TEXT = "name: 5  # five\nimplementation: {container: {image: a, comand: [b]}}\n"
FIXED = "name: '5'  # five\nimplementation: {container: {image: a, command: [b]}}\n"
SETTINGS = """\
[project]
name = "two"
version = "1"
[tool.comp]
entrypoint = "a:f"
[tool.comp.components.other]
command = ["python", "b.py"]
[tool.comp.components.third]
entrypoint = "a:g"
"""


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "component.yaml"
    path.write_text(TEXT)
    return path


def _fix(path: Path, *, write: bool = True, inside: Path | None = None, text: str = TEXT) -> FixedFile:
    findings = lint_text(text, path)
    return fix_file(path, text, findings, EVERY_RULE, Fixes(write=write), inside=inside, environ={})


def test_a_file_gets_its_fixed_text(contract: Path) -> None:
    done = _fix(contract)
    assert (done.before, done.after, done.made, done.refusal) == (TEXT, FIXED, 2, "")
    assert contract.read_text() == FIXED
    assert list(done.left) == lint_text(FIXED, contract)


def test_bytes_that_no_fix_names_stay(contract: Path) -> None:
    text = "\ufeff" + TEXT.replace("\n", "\r\n")
    contract.write_bytes(text.encode())
    _fix(contract, text=text)
    assert contract.read_bytes() == ("\ufeff" + FIXED.replace("\n", "\r\n")).encode()


def test_without_writing_only_the_record_changes(contract: Path) -> None:
    done = _fix(contract, write=False)
    assert contract.read_text() == TEXT
    assert done.diff() == (
        f"--- {contract}\n+++ {contract}\n@@ -1,2 +1,2 @@\n-name: 5  # five\n"
        "-implementation: {container: {image: a, comand: [b]}}\n+name: '5'  # five\n"
        "+implementation: {container: {image: a, command: [b]}}\n"
    )


def test_a_last_line_without_end_is_marked() -> None:
    done = FixedFile(path=Path("a"), before="x", after="y\n", made=1, left=())
    assert done.diff() == "--- a\n+++ a\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+y\n"


def test_a_name_is_one_line_of_a_diff() -> None:
    done = FixedFile(path=Path("a\nb"), before="x\n", after="y\n", made=1, left=())
    assert done.diff().startswith("--- a\\nb\n+++ a\\nb\n@@")


def test_a_file_that_changed_meanwhile_is_left(contract: Path) -> None:
    contract.write_text("name: A\n")
    done = _fix(contract)
    assert isinstance(done.failure, InputError)
    assert done.failure.message.startswith("the file has changed since it was read")
    assert contract.read_text() == "name: A\n"
    assert [path.name for path in contract.parent.iterdir()] == ["component.yaml"]


def test_a_read_only_file_is_left(contract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write to every file.
    monkeypatch.setattr("os.access", lambda *_: False)
    done = _fix(contract)
    assert isinstance(done.failure, OutsideError)
    assert done.failure.message.endswith("it is read-only")
    # It is as before, and its findings can still be fixed.
    assert (done.after, done.made, list(done.left)) == (TEXT, 0, lint_text(TEXT, contract))
    assert contract.read_text() == TEXT


def test_a_file_that_is_gone_is_an_error(contract: Path) -> None:
    contract.unlink()
    failure = _fix(contract).failure
    assert isinstance(failure, OutsideError)
    assert "No such file" in failure.message


def test_a_failure_can_be_sent_by_a_process(contract: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "chmod", full)
    failure = pickle.loads(pickle.dumps(_fix(contract))).failure  # noqa: S301 (our own bytes)
    assert isinstance(failure, OutsideError)
    assert failure.message == f"cannot write {contract}: No space left on device"
    assert failure.hint
    assert contract.read_text() == TEXT


@pytest.mark.parametrize("letter", ["\x85", "\x0c", "\u2028", "\r"])
def test_lines_of_a_diff_end_at_line_feeds_alone(letter: str) -> None:
    done = FixedFile(path=Path("a"), before=f"a{letter}b\nc\n", after=f"a{letter}b\nd\n", made=1, left=())
    assert done.diff() == f"--- a\n+++ a\n@@ -1,2 +1,2 @@\n a{letter}b\n-c\n+d\n"


def test_a_file_outside_is_left(contract: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(contract)
    done = _fix(folder / "link.yaml", inside=folder)
    assert (done.after, done.made) == (TEXT, 0)
    assert done.refusal.startswith("it is a link to a file elsewhere")
    assert not any(finding.fix for finding in done.left)
    assert contract.read_text() == TEXT


def test_contracts_of_functions_are_generated(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    assert is_generated(tmp_path / "component.yaml", {})
    assert is_generated(tmp_path / "components" / "third.yaml", {})
    assert not is_generated(tmp_path / "components" / "other.yaml", {})
    assert not is_generated(tmp_path / "another.yaml", {})
    (tmp_path / "component.yaml").write_text(TEXT)
    assert _fix(tmp_path / "component.yaml").refusal.startswith("`comp generate` writes it")


def test_with_invalid_settings_no_contract_is_generated(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.comp]\nentrypint = 'a:f'\n")
    assert not is_generated(tmp_path / "component.yaml", {})
