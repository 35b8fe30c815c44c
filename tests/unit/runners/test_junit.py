"""JUnit's XML: the elements and attributes that its readers know, without secrets or characters that break it."""

from pathlib import Path
from xml.etree import ElementTree as ET

from toolkit.redaction import learn
from toolkit.runners.case_run import CaseResult
from toolkit.runners.cases import Case
from toolkit.runners.junit import junit_xml

# Of Jenkins' junit-10.xsd: the attributes that an element may have, those that it must have, and its children in order.
FORM = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set(), ["testsuite"]),
    "testsuite": (
        {
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        },
        {"name"},
        ["testsuite", "properties", "testcase", "system-out", "system-err"],
    ),
    "testcase": (
        {"name", "classname", "assertions", "time", "status"},
        {"name"},
        ["skipped", "error", "failure", "system-out", "system-err"],
    ),
    "failure": ({"type", "message"}, set(), []),
    "system-out": (set(), set(), []),
}


def _check(element: ET.Element) -> None:
    known, needed, children = FORM[element.tag]
    assert needed <= set(element.attrib) <= known
    tags = [child.tag for child in element]
    assert tags == sorted(tags, key=children.index)
    for child in element:
        _check(child)


def _result(name: str, *problems: str, runner: str = "docker", output: str = "") -> CaseResult:
    case = Case(name=name, path=Path("case.yaml"), values={}, artifacts={}, expectations={})
    return CaseResult(component="count", case=case, runner=runner, problems=problems, seconds=1.5, output=output)


def test_the_document_has_the_form_of_junit() -> None:
    learn("hidden-value-1234")
    results = [
        _result("a"),
        _result("b", "n: is 1, expected 2\nmore", "m: \x1b <&>", output="hidden-value-1234 \x00 \ufffe"),
        _result("a", runner="process"),
    ]
    text = junit_xml(results)
    assert "hidden-value-1234" not in text
    root = ET.fromstring(text)  # noqa: S314 (our own)
    _check(root)
    assert [suite.attrib["name"] for suite in root] == ["count (docker)", "count (process)"]
    assert root[0].attrib == {"name": "count (docker)", "tests": "2", "failures": "1", "errors": "0", "time": "3.000"}
    [failure] = root.iter("failure")
    assert failure.attrib["message"] == "n: is 1, expected 2"
    assert failure.text == "n: is 1, expected 2\nmore\nm: \\x1b <&>"


def test_without_cases_there_are_no_suites() -> None:
    assert len(ET.fromstring(junit_xml([]))) == 0  # noqa: S314 (likewise)
