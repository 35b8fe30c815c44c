"""Results of cases as JUnit's XML, which servers of continuous integration show.

The form is the one that Jenkins reads (its `junit-10.xsd`): suites, cases, failures, and what the component printed.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from toolkit.redaction import xml_text
from toolkit.runners.case_run import CaseResult

_KEPT = 20_000


def junit_xml(results: Sequence[CaseResult]) -> str:
    """Return the document: a suite for each component and runner. Secrets are hidden."""
    return document("comp test", suites_of(results))


def suites_of(results: Sequence[CaseResult]) -> list[ET.Element]:
    """Return a suite for each component and runner."""
    suites: dict[str, ET.Element] = {}
    for result in results:
        name = xml_text(f"{result.component} ({result.runner})")
        _add_case(suites.setdefault(name, ET.Element("testsuite", {"name": name})), result)
    return [*suites.values()]


def document(name: str, suites: Sequence[ET.Element]) -> str:
    """Return the document of several suites, with the sums that each and all of them have."""
    root = ET.Element("testsuites", {"name": name})
    for suite in suites:
        suite.attrib |= _counts(suite)
        root.append(suite)
    root.attrib |= _counts(root)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ET.Element, result: CaseResult) -> None:
    """Add one case to a suite."""
    case = ET.SubElement(
        suite,
        "testcase",
        classname=xml_text(f"{result.component}.{result.runner}"),
        name=xml_text(result.case.name),
        time=f"{result.seconds:.3f}",
    )
    if result.problems:
        first = result.problems[0].partition("\n")[0]
        failure = ET.SubElement(case, "failure", message=xml_text(first), type="failure")
        failure.text = xml_text("\n".join(result.problems))
    if result.output:
        printed = ET.SubElement(case, "system-out")
        printed.text = xml_text(result.output[-_KEPT:])


def _counts(element: ET.Element) -> dict[str, str]:
    """Return the attributes that suites have."""
    cases = [*element.iter("testcase")]
    return {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "time": f"{sum(float(case.attrib['time']) for case in cases):.3f}",
    }
