"""Values of literals, and remarks."""

import ast
from pathlib import Path

import pytest

from toolkit.errors import Severity
from toolkit.interface.module import Module
from toolkit.interface.programs.reading import Reading


@pytest.fixture
def reading() -> Reading:
    return Reading(Module.parse(Path("prog.py"), "NAME = 'two\\n words'\nYES = True\nadd()\n", {}))


@pytest.mark.parametrize(
    ("expression", "text", "truth"),
    [("NAME", "two words", True), ("YES", "", True), ("0", "", False), ("find()", "", False)],
)
def test_literals_have_a_text_and_a_truth(reading: Reading, expression: str, text: str, *, truth: bool) -> None:
    node = ast.parse(expression, mode="eval").body
    assert (reading.text(node), reading.truth(node)) == (text, truth)
    assert (reading.text(None), reading.truth(None)) == ("", False)


def test_a_remark_is_made_once(reading: Reading) -> None:
    call = reading.module.tree.body[2]
    for _ in range(2):
        reading.unread(call, "cannot be read")
        reading.unknown(call, "options are not known", "name them")
        reading.note(call, "worth knowing")
    assert [(one.rule, one.severity, one.where.line) for one in reading.remarks] == [
        ("P001", Severity.WARNING, 3),
        ("P003", Severity.WARNING, 3),
        ("P001", Severity.INFO, 3),
    ]
