"""The contracts that folders and paths stand for."""

from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.collection.contracts import (
    contracts_below,
    contracts_in,
    contracts_of_collections,
    contracts_of_components,
)
from toolkit.errors import InputError

SETTINGS = '[project]\nname = "train"\nversion = "1"\n\n[tool.comp]\ncommand = ["python", "x.py"]\n'


@pytest.fixture(autouse=True)
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component with further contracts, and a file beside them that is no contract."""
    monkeypatch.chdir(tmp_path)
    folder = Path("train")
    (folder / "components").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS)
    for name in ("component.yaml", "components/split.yaml", "components/merge.yaml", "components/README.md"):
        (folder / name).write_text(contract())
    (folder / "values.yaml").write_text("name: x\n")
    return folder


def test_a_component_has_its_own_contract_and_further_ones(train: Path) -> None:
    expected = [train / "component.yaml", train / "components/merge.yaml", train / "components/split.yaml"]
    assert contracts_in(train) == expected
    assert contracts_of_components([train, Path("old.yaml")]) == [*expected, Path("old.yaml")]
    with pytest.raises(InputError, match=r"components has no component\.yaml"):
        contracts_of_components([train, train / "components"])


def test_a_collection_has_those_of_its_components(train: Path) -> None:
    found, nothing_left = contracts_of_collections([Path(), Path("old.yaml")], {})
    assert [path.resolve() for path in found[:3]] == [path.resolve() for path in contracts_in(train)]
    assert (found[3:], nothing_left) == ([Path("old.yaml")], None)


def test_a_collection_without_components_is_reported_and_the_others_are_found(train: Path) -> None:
    Path("empty").mkdir()
    found, nothing_left = contracts_of_collections([Path("empty"), train], {})
    assert len(found) == 3
    assert "no component" in str(nothing_left)


def test_below_a_path_each_contract_counts_once(train: Path) -> None:
    (train / "component.yaml").unlink()
    Path("other.yaml").write_text(contract())
    expected = [train / "components/merge.yaml", train / "components/split.yaml", Path("other.yaml")]
    assert contracts_below([train, Path("other.yaml"), Path()], {}) == expected
    Path("empty").mkdir()
    with pytest.raises(InputError, match="no contract at or below empty"):
        contracts_below([train, Path("empty")], {})


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weekly.py").write_text("x = 1\n")
    for find in (contracts_of_components, lambda paths: contracts_of_collections(paths, {})):
        with pytest.raises(InputError, match=r"weekly\.py is not a contract"):
            find([tmp_path / "weekly.py"])
    (tmp_path / "odd.txt").write_text("name: a\nimplementation: {}\n")
    assert contracts_of_components([tmp_path / "odd.txt"]) == [tmp_path / "odd.txt"]
