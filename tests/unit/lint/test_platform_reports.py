import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from toolkit.errors import Finding, Location, Severity
from toolkit.lint.pages import rule_page
from toolkit.lint.platform_reports import as_gitlab, as_junit, as_sarif
from toolkit.lint.rules import RULES
from toolkit.redaction import learn

TRAIN = Path("a folder/component.yaml")
FINDINGS = [
    Finding(
        rule="C024",
        severity=Severity.ERROR,
        message="'é' may be absent",
        where=Location(path=TRAIN, line=3, column=5, end_line=3, end_column=9),
        help="write it otherwise",
    ),
    Finding(rule="C090", severity=Severity.INFO, message="no description", where=Location(path=Path("b.yaml"))),
    Finding(
        rule="F001",
        severity=Severity.WARNING,
        message="odd",
        where=Location(path=Path("n.ipynb"), cell=2, line=1, column=1),
    ),
]


def test_sarif_has_rules_and_places() -> None:
    (run,) = json.loads(as_sarif(FINDINGS, RULES))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["C024", "C090", "F001"]
    assert run["tool"]["driver"]["rules"][0]["defaultConfiguration"] == {"level": "error"}
    assert run["columnKind"] == "unicodeCodePoints"
    assert [result["level"] for result in run["results"]] == ["error", "note", "warning"]
    assert [result["ruleIndex"] for result in run["results"]] == [0, 1, 2]
    assert run["results"][0]["message"]["text"] == "'é' may be absent\nwrite it otherwise"
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places[0] == {
        "artifactLocation": {"uri": "a%20folder/component.yaml"},
        "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 9},
    }
    # Of a notebook the line is that of a cell.
    assert [sorted(place) for place in places[1:]] == [["artifactLocation"]] * 2


def test_sarif_explains_each_rule_and_links_nowhere() -> None:
    (run,) = json.loads(as_sarif(FINDINGS, RULES))["runs"]
    described = run["tool"]["driver"]["rules"][0]
    assert described["shortDescription"]["text"] == RULES["C024"].summary
    assert described["help"]["markdown"] == rule_page("C024")
    assert described["help"]["text"].startswith("C024 optional-unguarded\n")
    assert "helpUri" not in described


def test_gitlab_tells_equal_findings_apart() -> None:
    first, again, other = json.loads(as_gitlab([FINDINGS[0], FINDINGS[0], FINDINGS[1]]))
    assert first["location"] == {"path": "a folder/component.yaml", "lines": {"begin": 3}}
    assert [issue["severity"] for issue in (first, again, other)] == ["major", "major", "info"]
    assert len({issue["fingerprint"] for issue in (first, again, other)}) == 3
    assert json.loads(as_gitlab([FINDINGS[0]])) == [first]


def test_junit_has_a_case_for_each_file() -> None:
    suites = ET.fromstring(as_junit(FINDINGS, [TRAIN, Path("sound.yaml")]))  # noqa: S314 (our own)
    assert {case.attrib["name"]: [part.tag for part in case] for case in suites.iter("testcase")} == {
        "a folder/component.yaml": ["failure"],
        "sound.yaml": [],
        "b.yaml": ["system-out"],
        "n.ipynb": ["system-out"],
    }
    assert (suites.attrib["tests"], suites.attrib["failures"]) == ("4", "1")
    (failure,) = suites.iter("failure")
    assert failure.attrib["message"] == "C024 'é' may be absent"
    assert failure.text == "a folder/component.yaml:3:5: C024 'é' may be absent"


@pytest.mark.parametrize("name", [b"odd-\xff.yaml", b"a\xef\xbf\xbe\x01.yaml"])
def test_any_name_of_a_file_can_be_written(name: bytes) -> None:
    odd = Finding(
        rule="C001", severity=Severity.ERROR, message="bad \x00 \ufffe", where=Location(path=Path(os.fsdecode(name)))
    )
    for text in (as_sarif([odd], RULES), as_gitlab([odd])):
        assert json.loads(text)
        text.encode()
    ET.fromstring(as_junit([odd], []))  # noqa: S314 (our own)


def test_secrets_stay_hidden() -> None:
    learn("sesame-sesame")
    leaking = Finding(
        rule="C001", severity=Severity.ERROR, message="it says sesame-sesame", where=Location(path=Path("a"))
    )
    for text in (as_sarif([leaking], RULES), as_gitlab([leaking]), as_junit([leaking], [])):
        assert "sesame" not in text


def test_sarif_has_the_bytes_of_a_name_that_is_not_utf8() -> None:
    odd = Finding(
        rule="C090", severity=Severity.INFO, message="m", where=Location(path=Path(os.fsdecode(b"a\xff.yaml")))
    )
    (run,) = json.loads(as_sarif([odd], RULES))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "a%FF.yaml"}
