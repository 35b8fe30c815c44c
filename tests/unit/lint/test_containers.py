"""The container's command and image, and the size of the whole."""

from pathlib import Path

import pytest

from tests.contracts import PATH, PINNED, Case, contract, lacking, texts_found
from toolkit.errors import Severity
from toolkit.lint.rules import findings_of
from toolkit.spec.reader import parse_document

CASES: tuple[Case, ...] = (
    ("C040", contract(command=""), [PINNED]),
    ("C040", contract(), []),
    ("C060", contract(image="a/b:1"), ["a/b:1"]),
    ("C060", contract(), []),
    ("C061", contract(image="a/b:latest"), ["a/b:latest"]),
    ("C061", contract(image="a/latest:1"), []),
    ("C062", contract(image="localhost:5000/a"), ["localhost:5000/a"]),
    ("C062", contract(image="a:1"), []),
    ("C062", contract(), []),
    ("C069", contract(image="A B"), ["A B"]),
    ("C069", contract(image="''"), ["''"]),
    ("C069", contract(), []),
    ("C080", contract(args="x" * 10_000), ["name: n"]),
    ("C080", contract(args="x" * 9_000), []),
)


@pytest.mark.parametrize(("rule", "text", "places"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_a_rule_finds_its_places(rule: str, text: str, places: list[str]) -> None:
    assert texts_found(text, rule) == places


def test_every_rule_has_a_wrong_and_a_right_case() -> None:
    assert lacking(CASES, "toolkit.lint.containers") == set()


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        (contract(args="x" * 262_144), Severity.ERROR),
        (contract(args="x" * 261_500), Severity.WARNING),
        # The annotation has JSON: no comments, and escapes for what is not ASCII.
        (contract(args="x" * 10_000) + "# comment\n" * 30_000, Severity.WARNING),
        (contract(args="é" * 50_000), Severity.ERROR),
        (contract(args="é" * 43_000), Severity.WARNING),
    ],
)
def test_a_contract_beyond_the_annotations_limit_is_an_error(text: str, severity: Severity) -> None:
    findings = findings_of(parse_document(text, PATH))
    assert [finding.severity for finding in findings if finding.rule == "C080"] == [severity]


@pytest.mark.parametrize(
    ("command", "severity", "advice"),
    [
        ("[/opt/comp/venv/bin/python, /opt/comp/launch.py, n]", Severity.INFO, "`comp build --push` pins it"),
        ("[sh]", Severity.WARNING, "name it by digest: a/b:1@sha256:…"),
    ],
)
def test_an_image_that_comp_did_not_build_is_pinned_by_hand(command: str, severity: Severity, advice: str) -> None:
    text = f"name: n\nimplementation: {{container: {{image: 'a/b:1', command: {command}}}}}\n"
    (finding,) = (each for each in findings_of(parse_document(text, PATH)) if each.rule == "C060")
    assert (finding.severity, finding.help) == (severity, advice)


def test_an_image_of_a_dockerfile_is_pinned_by_a_push(tmp_path: Path) -> None:
    text = "name: n\nimplementation: {container: {image: 'a/b:1', command: [x]}}\n"
    settings = tmp_path / "pyproject.toml"
    for written, severity in (('dockerfile = "Dockerfile"', Severity.INFO), ('command = ["x"]', Severity.WARNING)):
        settings.write_text(f"[tool.comp]\n{written}\n")
        (finding,) = (
            each for each in findings_of(parse_document(text, tmp_path / "component.yaml")) if each.rule == "C060"
        )
        assert finding.severity is severity
    settings.write_text("tool = 1 2")
    assert any(each.rule == "C060" for each in findings_of(parse_document(text, tmp_path / "component.yaml")))
