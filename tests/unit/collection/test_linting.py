"""One target, and many in processes: the same outcomes in the same order."""

from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.collection.linting import Outcome, lint_all, lint_target
from toolkit.collection.targets import Target
from toolkit.errors import InputError
from toolkit.lint.fixed_files import Fixes
from toolkit.lint.selection import Overrides

TWICE = contract("{name: a}, {name: a}")


@pytest.fixture
def targets(tmp_path: Path) -> list[Target]:
    found = []
    for number in range(230):
        path = tmp_path / f"{number}.yaml"
        path.write_text(TWICE.replace("name: n", f"name: n{number}") if number % 7 else f"a: {number}\n")
        found.append(Target(path=path))
    found[100] = Target(path=tmp_path / "missing.yaml")
    return found


def plain(outcomes: list[Outcome]) -> list[object]:
    return [
        (
            each.target,
            each.linted and (each.linted.findings, each.linted.sources),
            each.failure and (type(each.failure), str(each.failure)),
        )
        for each in outcomes
    ]


def test_processes_find_what_one_finds(targets: list[Target]) -> None:
    alone = plain([*lint_all(targets, Overrides(), jobs=1)])
    assert plain([*lint_all(iter(targets), Overrides(), jobs=2)]) == alone
    assert [outcome[0] for outcome in alone if isinstance(outcome, tuple)] == targets
    failed = [*lint_all(targets[95:105], Overrides(), jobs=2)][5]
    assert failed.linted is None
    assert isinstance(failed.failure, InputError)


def test_few_are_linted_here(targets: list[Target], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("no process is needed")

    monkeypatch.setattr("toolkit.system.workers.in_processes", refuse)
    assert len([*lint_all(targets[:199], Overrides(), jobs=2)]) == 199
    with pytest.raises(AssertionError):
        [*lint_all(targets, Overrides(), jobs=2)]


def test_a_file_that_is_no_contract_has_no_sources(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert lint_target(Target(path=tmp_path / "a.yaml", is_found=True), Overrides()).sources == {}
    found = lint_target(Target(path=tmp_path / "a.yaml"), Overrides())
    assert [finding.rule for finding in found.findings] == ["C003"]
    assert found.sources == {tmp_path / "a.yaml": "a: 1\n"}


def test_a_folder_has_the_contracts_of_its_settings_and_those_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "c"
    (folder / "components").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "c"\nversion = "1"\n\n[tool.comp]\ncommand = ["python", "x.py"]\n'
    )
    near = (Path("c/component.yaml"), Path("c/components/other.yaml"), Path("c/components/data.yaml"))
    for path in near[:2]:
        path.write_text(TWICE)
    near[2].write_text("a: 1\n")
    found = lint_target(Target(path=Path("c"), is_folder=True, near=near), Overrides())
    assert [path for path in found.sources if path.suffix == ".yaml"] == [*near[:2]]
    assert [finding.where.path for finding in found.findings if finding.rule == "C017"] == [*near[:2]]


def test_a_contract_that_cannot_be_written_leaves_the_others_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "components").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "two"\nversion = "1"\n[tool.comp]\ncommand = ["a"]\n'
        '[tool.comp.components.other]\ncommand = ["b"]\n'
    )
    contracts = (tmp_path / "component.yaml", tmp_path / "components" / "other.yaml")
    for path in contracts:
        path.write_text("name: 5\nimplementation: {container: {image: a, command: [b]}}\n")
    monkeypatch.setattr("os.access", lambda path, _: Path(path).name != "other.yaml")
    done = lint_target(Target(path=tmp_path, is_folder=True), Overrides(), Fixes())
    assert [(each.made, each.failure is None) for each in done.fixed] == [(1, True), (0, False)]
    assert [each.where.path.name for each in done.findings if each.fix] == ["other.yaml"]
