from pathlib import Path

import pytest

import toolkit
from tests.components import small_base, write_component
from toolkit.api.contracts import chosen_rules
from toolkit.errors import InputError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_component(tmp_path / "component", small_base(tmp_path / "base"))


def test_findings_are_returned(folder: Path) -> None:
    contract = folder / "component.yaml"
    linted = toolkit.lint(folder, environ={})
    assert (linted.contracts, linted.errors) == (1, ())
    contract.write_text(contract.read_text().replace("type: Integer", "type: integer", 1))
    everything = toolkit.lint(contract, select=["ALL"], environ={}).findings
    rule = everything[0].rule
    assert {finding.rule for finding in toolkit.lint(contract, select=[rule], environ={}).findings} == {rule}
    left = toolkit.lint(contract, select=["ALL"], ignore=[f"{rule}, C053"], environ={})
    assert [finding for finding in everything if finding.rule not in {rule, "C053"}] == list(left.findings)


def test_what_cannot_be_linted_is_raised(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is missing"):
        toolkit.lint(tmp_path / "absent.yaml", environ={})
    with pytest.raises(InputError, match="no contract"):
        toolkit.lint(tmp_path, environ={})
    with pytest.raises(UsageError, match=r"^ignore: .*X999"):
        toolkit.lint(tmp_path, ignore=["X999"], environ={})
    with pytest.raises(UsageError, match=r"^--select: .*X999"):
        chosen_rules(["X999"], [], names=("--select", "--ignore"))


def test_contracts_are_written_unless_it_is_a_check(folder: Path) -> None:
    contract = folder / "component.yaml"
    assert toolkit.generate(folder, environ={}).is_fresh
    before = contract.read_text()
    contract.unlink()
    checked = toolkit.generate(folder, check=True, environ={})
    assert (checked.is_fresh, contract.exists()) == (False, False)
    assert {path.name: text for path, text in checked.texts.items()} == {"component.yaml": before}
    assert toolkit.generate(folder, environ={}).texts == checked.texts
    assert contract.read_text() == before
