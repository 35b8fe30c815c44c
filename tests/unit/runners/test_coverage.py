"""Coverage: each use of an input that no case has is named, whatever the form of a value."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.interface.model import Input, Interface, Kind
from toolkit.runners.cases import Case, Failure
from toolkit.runners.coverage import coverage_of
from toolkit.spec.model import ComponentSpec


def _spec(*inputs: Input) -> ComponentSpec:
    return ComponentSpec(name="n", description="", interface=Interface(inputs=inputs, outputs=()), implementation=None)


def _case(*, failure: Failure | None = None, **values: Any) -> Case:  # noqa: ANN401 (YAML values)
    artifacts = {name: value for name, value in values.items() if isinstance(value, Path)}
    return Case(
        name="c",
        path=Path("case.yaml"),
        values={name: value for name, value in values.items() if name not in artifacts},
        artifacts=artifacts,
        expectations={},
        failure=failure,
    )


N = Input(name="n", type="Integer", kind=Kind.PARAMETER, default="3", choices=(1, 3))
GOOD = Input(name="good", type="Boolean", kind=Kind.PARAMETER, default="True")
NOTE = Input(name="note", type="String", kind=Kind.PARAMETER, optional=True)
TABLE = Input(name="table", type="CSV", kind=Kind.ARTIFACT)


@pytest.mark.parametrize(
    ("port", "cases", "missing"),
    [
        (TABLE, [], ("no case gives 'table'",)),
        (TABLE, [_case(table=Path("t.csv"))], ()),
        (TABLE, [_case(table=Path("t.csv"), failure=Failure())], ("no case gives 'table'",)),
        (NOTE, [_case(note="x")], ("no case leaves out 'note'",)),
        (NOTE, [_case(note=None)], ("no case gives 'note'",)),
        (NOTE, [_case(note="x"), _case()], ()),
        (N, [_case()], ("no case gives 'n'", "no case has 'n' = '1.0'")),
        (N, [_case(n=3), _case(n="1.0")], ("no case leaves 'n' to its default '3'",)),
        (GOOD, [_case(), _case(good=False)], ()),
        (GOOD, [_case(), _case(good="yes")], ("no case has 'good' = 'false'",)),
    ],
)
def test_what_no_case_does_is_named(port: Input, cases: list[Case], missing: tuple[str, ...]) -> None:
    coverage = coverage_of(_spec(port), cases)
    assert coverage.missing == missing
    assert coverage.total == coverage.covered + len(missing)


def test_a_component_without_inputs_is_covered() -> None:
    assert coverage_of(_spec(), []).percent == 100
    assert coverage_of(_spec(TABLE, NOTE), [_case(table=Path("t.csv"))]).percent == 66
