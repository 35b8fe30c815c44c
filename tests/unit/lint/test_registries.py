"""Images outside of the registries that settings allow."""

from pathlib import Path

import pytest

from tests.contracts import PATH, contract
from toolkit.lint.linter import lint_text
from toolkit.lint.registries import registry_findings
from toolkit.lint.rules import findings_of
from toolkit.lint.selection import EVERY_RULE, Selection
from toolkit.spec.reader import parse_document


@pytest.mark.parametrize(
    ("image", "allowed"),
    [
        ("r.example.com/ml/train:1", ("r.example.com",)),
        ("r.example.com/ml/train:1", ("other.example.com", "r.example.com/ml")),
        ("r.example.com/ml/train@sha256:" + "0" * 64, ("r.example.com/ml/train",)),
        ("r.example.com:5000/ml/train", ("r.example.com:5000",)),
        ("python:3.12", ("docker.io/library",)),
        ("someone/train", ("docker.io",)),
        ("anything/at/all", ()),
        # C069 reports it.
        ("Not An Image", ("r.example.com",)),
    ],
)
def test_an_allowed_image_is_no_finding(image: str, allowed: tuple[str, ...]) -> None:
    assert list(registry_findings(parse_document(contract(image=image), PATH), allowed)) == []


@pytest.mark.parametrize(
    ("image", "allowed", "name"),
    [
        ("r.example.com/mlops/train:1", "r.example.com/ml", "r.example.com/mlops/train"),
        ("r.example.com.evil.com/a", "r.example.com", "r.example.com.evil.com/a"),
        ("r.example.com:5000/a", "r.example.com", "r.example.com:5000/a"),
        ("python:3.12", "r.example.com", "docker.io/library/python"),
    ],
)
def test_another_image_is_one(image: str, allowed: str, name: str) -> None:
    (found,) = registry_findings(parse_document(contract(image=image), PATH), (allowed,))
    assert found.message == f"the image is {name}, which is in no allowed registry"
    assert (found.rule, found.help, found.where.line) == ("C063", f"allowed: {allowed}", 7)


def test_a_graph_has_no_image() -> None:
    text = "name: n\nimplementation: {graph: {tasks: {}}}\n"
    assert list(registry_findings(parse_document(text, PATH), ("r.example.com",))) == []


def test_the_check_alone_finds_nothing() -> None:
    assert "C063" not in {finding.rule for finding in findings_of(parse_document(contract(), PATH))}


def test_settings_decide_it() -> None:
    text = contract(image="docker.io/a/b:1")

    def rules(selection: Selection) -> set[str]:
        return {finding.rule for finding in lint_text(text, Path("component.yaml"), selection)}

    assert "C063" not in rules(EVERY_RULE)
    assert "C063" in rules(Selection(registries=("r.example.com",)))
    assert "C063" not in rules(Selection(registries=("r.example.com",), off=frozenset({"C063"})))
