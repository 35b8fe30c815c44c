from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.job.project import checked_project


def test_settings_come_with_overrides_and_the_environment(folder: Path) -> None:
    project = checked_project(
        folder, overrides={"base": "python:3.10-slim"}, environ={"COMP_IMAGE_PREFIX": "example.com/ml"}
    )
    assert (project.base, project.image) == ("python:3.10-slim", "example.com/ml/count-words")


def test_a_missing_contract_is_an_error(folder: Path) -> None:
    (folder / "component.yaml").unlink()
    with pytest.raises(InputError, match="the contract is missing") as refused:
        checked_project(folder, overrides={}, environ={})
    assert refused.value.where is not None
    assert refused.value.where.path == folder / "component.yaml"


def test_a_stale_contract_is_an_error(folder: Path) -> None:
    code = folder / "src" / "count_words.py"
    code.write_text(code.read_text().replace("text: str", "words: str").replace("text: Any", "words: Any"))
    with pytest.raises(InputError, match="the contract differs from the code or the settings") as refused:
        checked_project(folder, overrides={}, environ={})
    assert "comp generate" in (refused.value.hint or "")


def test_a_contract_that_another_push_pins_meanwhile_is_not_stale(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [{folder / "component.yaml": ""}, {}]
    monkeypatch.setattr("toolkit.job.project.stale_files", lambda *_: answers.pop(0))
    assert checked_project(folder, overrides={}, environ={}).name == "count-words"
    assert not answers


def test_a_stale_readme_is_not(folder: Path) -> None:
    (folder / "README.md").write_text("<!-- comp:interface -->\nold\n<!-- /comp:interface -->\n")
    assert checked_project(folder, overrides={}, environ={}).name == "count-words"
