import pytest

from tests.versions_of_contracts import compared, contract
from toolkit.breaking.change import Bump, Category
from toolkit.breaking.comparison import compiling
from toolkit.errors import Severity

A, AB = "{name: a}", "{name: a}, {name: b, optional: true}"


@pytest.mark.parametrize(
    ("old", "new", "findings"),
    [
        # The version says what changed: what breaks is a warning.
        (contract(A, version="1.0.0"), contract(version="2.0.0"), ["B101 warning"]),
        (contract(A, version="1.0.0"), contract(version="1.1.0"), ["B101 error", "V602 error"]),
        (contract(A, version="1.0.0"), contract(version="1.0.0"), ["B101 error", "V601 error"]),
        (contract(A, version="1.0.0"), contract(version="0.9.0"), ["B101 error", "V603 error"]),
        (contract(A, version="0.1.0"), contract(version="0.2.0"), ["B101 warning"]),
        (contract(A), contract(version="1.0.0"), ["B101 error"]),
        (contract(A), contract(), ["B101 error"]),
        (contract(A, version="not one"), contract(version="2.0.0"), ["B101 error"]),
        (contract(A, version="1.0.0"), contract(AB, version="1.1.0"), ["N401 info"]),
        (contract(A, version="1.0.0"), contract(AB, version="1.0.1"), ["N401 info", "V602 error"]),
        (contract(A, version="1.0.0"), contract(A, args="x", version="1.0.0"), ["N502 info", "V601 warning"]),
        (contract(A, version="1.0.0"), contract(A, args="x", version="1.0.1"), ["N502 info"]),
    ],
)
def test_the_version_decides(old: str, new: str, findings: list[str]) -> None:
    assert [f"{finding.rule} {finding.severity}" for finding in compared(old, new).findings()] == findings


def test_the_summary_names_the_rules() -> None:
    found = compared(contract(A, version="1.0.0"), contract(version="1.1.0"))
    assert found.summary() == "Train: requires a major bump (B101); 1.0.0 -> 1.1.0 is a minor one"
    assert (
        compared(contract(A), contract()).summary() == "Train: requires a major bump (B101); the versions are unknown"
    )
    assert compared(contract(), contract()).summary() == "Train: nothing changed"
    assert found.findings()[-1].where.line == 4


def test_categories_differ() -> None:
    old, new = contract("{name: a, default: '1'}"), contract("{name: a, default: '2'}")
    severities = {
        str(category): [str(finding.severity) for finding in compared(old, new, category).findings()]
        for category in Category
    }
    assert severities == {"strict": ["warning"], "pipeline": ["warning"], "compile": ["info"]}
    assert compared(old, new).required is Bump.MINOR
    assert compared(old, new).findings()[0].severity is Severity.WARNING


def test_compiling_is_asked_of_each_line() -> None:
    changes = compared(contract("{name: a, type: CSV}"), contract("{name: a, type: Table}")).changes
    assert (compiling(changes, "1.8"), compiling(changes, "2")) == (False, True)
