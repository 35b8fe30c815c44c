"""publish, search, show and add, as users run them."""

import json
from pathlib import Path

import pytest

from tests.commands import comp, ok

CONTRACT = """\
name: Train model
description: Fit a classifier
inputs:
- {name: c, type: Float, default: '1.0', description: Strength}
implementation:
  container:
    image: registry.example.com/ml/train@sha256:%s
    command: [train, {inputValue: c}]
"""
PROJECT = '[project]\nname = "train-model"\nversion = "%s"\n\n[tool.comp]\ncommand = ["train"]\nnamespace = "ml"\n'


@pytest.fixture
def component(tmp_path: Path) -> Path:
    folder = tmp_path / "train_model"
    folder.mkdir()
    (folder / "component.yaml").write_text(CONTRACT % ("0" * 64))
    (folder / "pyproject.toml").write_text(PROJECT % "1.0.0")
    return folder


def test_a_component_is_published_found_shown_and_added(component: Path, tmp_path: Path) -> None:
    published = comp("publish", component, "--registry", "shared", folder=tmp_path)
    assert (published.code, published.err) == (0, "made the registry shared\n")
    name, digest = published.out.split()
    assert name == "ml/train-model@1.0.0"
    found = comp("search", "CLASSIFIER", "float", "--registry", "shared", folder=tmp_path)
    assert (found.code, found.out, found.err) == (0, "ml/train-model@1.0.0  Fit a classifier\n", "1 component\n")
    shown = ok("show", "train-model", "--registry", "shared", folder=tmp_path)
    assert "  c  Float  default 1.0  Strength\n" in shown
    assert f"digest:    {digest}\n" in shown
    added = comp("add", "train-model@^1", "--registry", "shared", folder=tmp_path)
    copy = "components/ml/train-model/component.yaml"
    assert (added.code, added.out, added.err) == (0, f"{copy}\n", "added ml/train-model@1.0.0\n")
    assert (tmp_path / copy).read_text() == (component / "component.yaml").read_text()
    locked = json.loads((tmp_path / "components.lock").read_text())["components"]["ml/train-model"]
    assert (locked["version"], locked["digest"], locked["requested"]) == ("1.0.0", digest, "^1")


def test_nothing_found_is_exit_code_1(component: Path, tmp_path: Path) -> None:
    ok("publish", component, "--registry", "shared", folder=tmp_path)
    result = comp("search", "absent", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out, result.err) == (1, "", "0 components\n")


def test_an_edited_copy_is_never_overwritten_unasked(component: Path, tmp_path: Path) -> None:
    ok("publish", component, "--registry", "shared", folder=tmp_path)
    copy = tmp_path / ok("add", "train-model", "--registry", "shared", folder=tmp_path)
    copy.write_text(copy.read_text() + "# mine\n")
    (component / "pyproject.toml").write_text(PROJECT % "1.1.0")
    (component / "component.yaml").write_text(CONTRACT % ("1" * 64))
    ok("publish", component, "--registry", "shared", folder=tmp_path)
    refused = comp("add", "train-model", "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert refused.err == (
        "error: components/ml/train-model/component.yaml: "
        "this copy was edited, and adding the component would lose that\n"
        "hint: --force takes the release's own contract\n"
    )
    assert copy.read_text().endswith("# mine\n")
    ok("add", "train-model", "--registry", "shared", "--force", folder=tmp_path)
    assert copy.read_text() == CONTRACT % ("1" * 64)


def test_an_unpinned_image_is_not_published(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    contract.write_text((CONTRACT % "").replace("@sha256:", ":1.0"))
    refused = comp("publish", component, "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert refused.out == ""
    assert "component.yaml:7:12: the image registry.example.com/ml/train:1.0 is not pinned by digest" in refused.err


def test_a_contract_with_errors_is_not_published(component: Path, tmp_path: Path) -> None:
    contract = component / "component.yaml"
    contract.write_text(contract.read_text().replace("inputValue: c", "inputValue: d"))
    refused = comp("publish", component, "--registry", "shared", folder=tmp_path)
    assert refused.code == 1
    assert "there is no input 'd' [C010]" in refused.err
    assert not list((tmp_path / "shared").rglob("*.yaml"))


@pytest.mark.parametrize("command", ["search", "show", "add"])
def test_a_registry_that_is_not_there(tmp_path: Path, command: str) -> None:
    result = comp(command, "x", "--registry", "shared", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: shared is no component registry\n")


def test_no_registry_named_is_a_wrong_command_line(tmp_path: Path) -> None:
    result = comp("search", "x", folder=tmp_path)
    assert result.code == 2
    assert "--registry" in result.err
