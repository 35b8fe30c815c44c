"""Outcomes of components as JUnit's XML."""

import errno
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from toolkit.collection.junit import outcomes_as_junit, suite_of
from toolkit.collection.work import Done, Outcome
from toolkit.collection.workspace import Member
from toolkit.errors import InputError, Location, OutsideError, UsageError


def outcome(
    name: str = "a", *, done: Done | None = None, failure: Exception | None = None, seconds: float = 1.5
) -> Outcome:
    return Outcome(member=Member(folder=Path("/x", name), name=name), seconds=seconds, done=done, failure=failure)


def child(failure: Exception) -> ET.Element:
    """Return the one element of the case of a failure."""
    (case,) = suite_of("comp build", [outcome(failure=failure)])
    (element,) = case
    return element


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 (our own)


def test_a_document_counts_failures_and_errors_apart() -> None:
    text = outcomes_as_junit(
        "comp registry push",
        [
            outcome("a", done=Done(result="pushed")),
            outcome("b", done=Done(result="2 faults", code=1)),
            outcome("c", failure=InputError("wrong")),
            outcome("d", failure=OutsideError("no network"), seconds=0.0004),
        ],
    )
    root = parsed(text)
    sums = {"tests": "4", "failures": "2", "errors": "1", "time": "4.500"}
    assert root.attrib == {"name": "comp registry push", **sums}
    assert root[0].attrib == {"name": "comp registry push", **sums}
    cases = [*root.iter("testcase")]
    assert {case.get("classname") for case in cases} == {"comp.registry.push"}
    assert [[element.tag for element in case] for case in cases] == [[], ["failure"], ["failure"], ["error"]]
    assert cases[1][0].attrib == {"message": "2 faults", "type": "failure"}
    assert cases[3].get("time") == "0.000"


@pytest.mark.parametrize(
    ("failure", "tag"),
    [
        (InputError("wrong"), "failure"),
        (UsageError("wrong"), "failure"),
        (OutsideError("wrong"), "error"),
        (OSError(errno.ENOSPC, "No space left on device"), "error"),
        (ZeroDivisionError("division by zero"), "error"),
    ],
)
def test_only_what_the_user_mends_is_a_failure(failure: Exception, tag: str) -> None:
    element = child(failure)
    assert (element.tag, element.get("type")) == (tag, type(failure).__name__)


def test_the_text_has_the_place_and_the_advice() -> None:
    where = Location(path=Path("/x/a/pyproject.toml"), line=3)
    assert child(InputError("wrong", where=where, hint="mend it")).text == "/x/a/pyproject.toml:3\nwrong\nmend it"
    assert child(InputError("wrong")).text == "wrong"
    assert "free some space" in (child(OSError(errno.ENOSPC, "No space left on device")).text or "")
    # A bug has no advice.
    assert child(ZeroDivisionError("division by zero")).text is None


def test_a_failure_counts_though_something_came_before_it() -> None:
    (case,) = suite_of("comp build", [outcome(done=Done(result="built"), failure=OutsideError("not pushed"))])
    assert [(element.tag, element.get("message")) for element in case] == [("error", "not pushed")]


def test_text_that_xml_cannot_hold_is_shown_escaped() -> None:
    text = outcomes_as_junit("comp build", [outcome("a\x1b\uffff<&", failure=InputError('no "\x00"'))])
    case = parsed(text)[0][0]
    assert case.get("name") == "a\\x1b\\uffff<&"
    assert case[0].get("message") == 'no "\\x00"'


def test_no_component_is_an_empty_suite() -> None:
    root = parsed(outcomes_as_junit("comp build", []))
    assert (root.get("tests"), root.get("time"), len(root[0])) == ("0", "0.000", 0)
