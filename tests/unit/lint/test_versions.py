from pathlib import Path

import pytest

from toolkit.config.project import Project, read_project
from toolkit.lint.versions import differing_versions, version_finding
from toolkit.spec.reader import read_document

CONTRACT = "name: T\nmetadata:\n  annotations:\n    version: '{}'\nimplementation: {{container: {{image: a}}}}\n"


def _project(folder: Path, contract: str | None, how: str = 'command = ["c"]') -> Project:
    (folder / "pyproject.toml").write_text(f'[project]\nname = "t"\nversion = "1.1.0"\n[tool.comp]\n{how}\n')
    if contract is not None:
        (folder / "component.yaml").write_text(contract)
    return read_project(folder, environ={})


def test_another_version_is_found_at_its_place(tmp_path: Path) -> None:
    (finding,) = differing_versions(_project(tmp_path, CONTRACT.format("1.0.0")))
    assert (finding.rule, finding.where.line, finding.where.column) == ("V605", 4, 14)
    assert finding.message == "the contract has the version 1.0.0, and pyproject.toml has 1.1.0"
    assert finding.help == "write 1.1.0 into one of the two"


def test_the_contract_of_a_function_is_generated(tmp_path: Path) -> None:
    project = _project(tmp_path, CONTRACT.format("1.0.0"), 'entrypoint = "t:t"')
    (finding,) = differing_versions(project)
    assert finding.help == "`comp generate` writes it"
    document = read_document(tmp_path / "component.yaml")
    assert version_finding(document, project, generated=True) == finding


@pytest.mark.parametrize(
    "contract", [CONTRACT.format("1.1.0"), "name: T\nimplementation: {container: {image: a}}\n", "name: [", None]
)
def test_the_same_version_none_and_unreadable_contracts_are_well(tmp_path: Path, contract: str | None) -> None:
    assert list(differing_versions(_project(tmp_path, contract))) == []
