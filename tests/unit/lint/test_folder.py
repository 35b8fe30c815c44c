"""Linting a component's folder: settings, missing and stale contracts, and code that cannot be read."""

import re
from pathlib import Path

import pytest

from tests.components import write_component
from toolkit.errors import InputError
from toolkit.lint.folder import LintedFolder, lint_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_component(tmp_path, "python:3.11-slim")


def _lint(folder: Path) -> LintedFolder:
    return lint_folder(folder, environ={})


def _rules(folder: Path) -> list[tuple[str, str]]:
    return [(finding.rule, str(finding.where.path.relative_to(folder))) for finding in _lint(folder).findings]


def test_a_fresh_folder_has_no_findings(folder: Path) -> None:
    linted = _lint(folder)
    assert linted.contracts == (folder / "component.yaml",)
    assert linted.findings == ()
    assert linted.project is not None


def test_a_missing_contract(folder: Path) -> None:
    (folder / "component.yaml").unlink()
    linted = _lint(folder)
    assert linted.contracts == ()
    (finding,) = linted.findings
    assert (finding.rule, finding.message, finding.help) == (
        "C099",
        "the contract is missing",
        "`comp generate` writes it",
    )


def test_a_missing_contract_of_a_program_is_its_authors_to_write(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace('entrypoint = "count_words:count"', 'command = ["python"]'))
    (folder / "component.yaml").unlink()
    (finding,) = _lint(folder).findings
    assert finding.help == "write it: a program's contract is its author's"


def test_a_stale_contract(folder: Path) -> None:
    code = folder / "src" / "count_words.py"
    code.write_text(code.read_text().replace("text: str", "text: str, times: int = 1"))
    assert _rules(folder) == [("C099", "component.yaml")]


def test_a_version_alone_is_a_finding_of_its_own(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text(re.sub(r'(?m)^version = ".*"', 'version = "7.0.0"', settings.read_text()))
    assert _rules(folder) == [("V605", "component.yaml")]
    code = folder / "src" / "count_words.py"
    code.write_text(code.read_text().replace("text: str", "text: str, times: int = 1"))
    assert _rules(folder) == [("V605", "component.yaml"), ("C099", "component.yaml")]


def test_wrong_settings_leave_the_contract_to_its_own_check(folder: Path) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text(settings.read_text().replace("base =", "bsae ="))
    linted = _lint(folder)
    assert [finding.rule for finding in linted.findings] == ["S001"]
    assert linted.contracts == (folder / "component.yaml",)
    assert linted.project is None


def test_code_that_cannot_be_read(folder: Path) -> None:
    (folder / "src" / "count_words.py").write_text("def count(:\n")
    assert _rules(folder) == [("F001", "src/count_words.py")]
    assert _lint(folder).project is None


def test_a_contract_that_cannot_be_read_is_found_by_its_own_check(folder: Path) -> None:
    (folder / "component.yaml").write_text("inputs: [")
    assert _lint(folder) == LintedFolder(contracts=(folder / "component.yaml",), findings=())


def test_a_folder_without_settings_is_not_a_component(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no pyproject\.toml|not a component"):
        _lint(tmp_path)
