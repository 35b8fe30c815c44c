"""The work on many components as JUnit's XML: a case for each of them."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from toolkit.collection.work import Outcome
from toolkit.errors import InputError, UsageError
from toolkit.redaction import xml_text
from toolkit.runners.junit import document
from toolkit.system.os_errors import expected_error


def outcomes_as_junit(command: str, outcomes: Sequence[Outcome]) -> str:
    """Return the document of a command such as `comp build`.

    What the user has to mend is a failure; what the outside or a bug prevented is an error.
    """
    return document(command, [suite_of(command, outcomes)])


def suite_of(command: str, outcomes: Sequence[Outcome]) -> ET.Element:
    """Return a suite with a case for each component."""
    suite = ET.Element("testsuite", {"name": command})
    for outcome in outcomes:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=xml_text(command.replace(" ", ".")),
            name=xml_text(outcome.member.name),
            time=f"{outcome.seconds:.3f}",
        )
        if outcome.failure:
            _add_failure(case, outcome.failure)
        elif outcome.exit_code:
            ET.SubElement(case, "failure", message=xml_text(outcome.result), type="failure")
    return suite


def _add_failure(case: ET.Element, failure: Exception) -> None:
    """Add to a case why there was no result."""
    error = expected_error(failure)
    mends = isinstance(error, InputError | UsageError)
    element = ET.SubElement(
        case, "failure" if mends else "error", message=xml_text(str(failure)), type=type(failure).__name__
    )
    if error:
        element.text = xml_text("\n".join(filter(None, (str(error.where or ""), error.message, error.hint))))
