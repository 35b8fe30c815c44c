"""The places of what fixes change."""

from pathlib import Path

from toolkit.edits import Change, Edit, Fix, Quote, Spot
from toolkit.errors import Finding, Location, Severity
from toolkit.lint.placed_fixes import with_places

PATH = Path("component.yaml")


def _finding(*edits: Edit, path: Path = PATH) -> Finding:
    fix = Fix(title="Quote it", edits=edits) if edits else None
    return Finding(rule="C022", severity=Severity.INFO, message="m", where=Location(path=path), fix=fix)


def test_a_fix_gets_its_changes() -> None:
    first, second = with_places([_finding(Quote(("a",))), _finding()], {PATH: "\ufeff# x\r\na: 1\r\n"})
    assert first.fix
    assert first.fix.changes == (Change(start=Spot(2, 4), end=Spot(2, 5), text="'1'"),)
    assert second == _finding()


def test_a_fix_that_cannot_be_made_is_left_out() -> None:
    impossible = _finding(Quote(("a",)))
    for sources in ({PATH: "a: &x 1\n"}, {PATH: "a: ["}, {}):
        assert [finding.fix for finding in with_places([impossible], sources)] == [None]
