"""What a case expects of one output: read from its YAML, and compared with what a run wrote.

    Output: {equals: 9}
    accuracy: {min: 0.9, max: 1}
    counts: {json: {the: 2}, rtol: 0.01}
    report: {contains: "<svg"}
    table: {file: expected.csv, atol: 1e-9}
    summary: {schema: summary.schema.json, snapshot: true}
    model: {exists: true, stable: false}

An output may have several checks. `equals` and `approx` compare values by the output's type, `file` compares with a
file beside the case, `json` lists what a JSON object must contain, `matches` is a regular expression, `schema` is a
JSON schema, `snapshot` compares with what `comp test --update` kept. With `rtol` or `atol`, numbers may differ a bit.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import InputError, Location
from toolkit.runners import snapshots
from toolkit.runners.json_schema import schema_difference, schema_problem
from toolkit.runners.text_diff import file_difference
from toolkit.runners.tolerance import EXACT, Tolerance, json_difference, parsed, text_difference
from toolkit.system.paths import plain_parts
from toolkit.system.repository import outside_of_repository
from toolkit.words import did_you_mean

CHECKS = (
    *("equals", "approx", "min", "max", "matches", "contains", "json", "file", "schema", "snapshot", "exists"),
    *("rtol", "atol", "stable"),
)
# They modify other checks, or concern repetitions.
_NO_CHECKS = {"rtol", "atol", "stable"}
# Results of floating point differ in their last digits between processors and versions of libraries.
_ABOUT = Tolerance(rtol=1e-6)
_SHOWN = 80


class Expectation(Struct, frozen=True, kw_only=True):
    """The checks of one output by name; `folder` is that of the case, whose files they name.

    `snapshot` is where the output's snapshot lies, whether there is one or not. Outputs that are not `stable` may
    differ from one repetition to the next.
    """

    output: str
    checks: Mapping[str, Any]
    folder: Path
    tolerance: Tolerance = EXACT
    stable: bool = True
    snapshot: Path | None = None


def read_expectations(data: object, case: Path) -> dict[str, Expectation]:
    """Return the expectations of a case's mapping `outputs`. Raises InputError, with the file, for an invalid one."""
    where = Location(path=case)
    if not isinstance(data, dict):
        raise InputError("outputs is not a mapping by name", where=where)
    parts = plain_parts([str(name) for name in data], beside=(snapshots.LIST,))
    return {str(name): _expectation(str(name), checks, case, parts[str(name)]) for name, checks in data.items()}


def _expectation(output: str, checks: object, case: Path, part: str) -> Expectation:
    """Return the expectation of one output; `part` is its plain name, for its snapshot."""
    where = Location(path=case)
    if not isinstance(checks, dict) or not checks:
        hint = f"write {output}: {{equals: VALUE}}; known: {', '.join(CHECKS)}"
        raise InputError(f"the output {output!r} has no known check", where=where, hint=hint)
    for check, expected in checks.items():
        if check not in CHECKS:
            advice = did_you_mean(str(check), CHECKS, otherwise=f"known: {', '.join(CHECKS)}")
            raise InputError(f"the output {output!r} has the unknown check {check!r}", where=where, hint=advice)
        if check in {"file", "schema"} and isinstance(expected, str):
            check_inside_repository(case, expected, f"the output {output!r}: {check}")
        if problem := _invalid(check, expected, case.parent):
            raise InputError(f"the output {output!r}: {check} is {expected!r}, {problem}", where=where)
    snapshot = None
    if checks.get("snapshot"):
        snapshot = check_inside_repository(case, snapshots.place(part), f"the snapshot of {output!r}")
    return Expectation(
        output=output,
        checks={check: expected for check, expected in checks.items() if check not in _NO_CHECKS},
        folder=case.parent,
        tolerance=Tolerance(rtol=float(checks.get("rtol", 0)), atol=float(checks.get("atol", 0))),
        stable=checks.get("stable", True),
        snapshot=snapshot,
    )


def check_inside_repository(case: Path, named: str, what: str) -> Path:
    """Return the path that a case names. Raises InputError if it leads out of the repository, or else the component.

    Otherwise a case that others wrote could hand any file of this machine to a program, or show it.
    """
    # Above `tests/cases/CASE/case.yaml`.
    component = case.absolute().parents[3]
    path = case.parent / named
    try:
        root = outside_of_repository(component, path)
        # The system refuses some names, such as those that are too long. `exists` hides that from Python 3.14 on.
        with suppress(FileNotFoundError, NotADirectoryError):
            path.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{what} is {named[:_SHOWN]!r}: {reason}", where=Location(path=case)) from None
    if root:
        raise InputError(
            f"{what} is {named}, which leads out of {root}", where=Location(path=case), hint="put it beside the case"
        )
    return path


def _invalid(check: str, expected: object, folder: Path) -> str | None:
    """Return why a check is invalid. None if it is valid."""
    match check:
        case "approx" | "min" | "max":
            return None if _is_number(expected) else "expected a number"
        case "rtol" | "atol":
            fits = isinstance(expected, int | float) and _is_number(expected) and 0 <= expected < float("inf")
            return None if fits else "expected a finite number that is not negative"
        case "exists" | "stable" | "snapshot":
            return None if isinstance(expected, bool) else "expected true or false"
        case "schema":
            return schema_problem(expected, folder)
        case "matches" | "contains" | "file":
            return _invalid_text(check, expected, folder)
    return None


def _invalid_text(check: str, expected: object, folder: Path) -> str | None:
    """Return why the text of a check is invalid. None if it is valid."""
    if not isinstance(expected, str):
        return "expected a text"
    if check == "file" and not (folder / expected).is_file():
        return "which does not exist"
    return pattern_problem(expected) if check == "matches" else None


def pattern_problem(pattern: str) -> str | None:
    """Return why a text is not a regular expression. None if it is one."""
    try:
        re.compile(pattern)
    except re.error as error:
        return f"not a regular expression: {error}"
    return None


def _is_number(value: object) -> bool:
    """Return whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def differences(expectation: Expectation, path: Path | None, *, update: bool = False) -> list[str]:
    """Compare one output with its checks, and list what differs, each with the output's name.

    `path` is None for an output that was not written, which fails all checks but `exists: false`. With `update`, the
    snapshot is about to be written anew, and does not count.
    """
    checks = {check: value for check, value in expectation.checks.items() if not (update and check == "snapshot")}
    if path is None:
        return (
            []
            if checks.get("exists") is False or not expectation.checks
            else [f"{expectation.output}: was not written"]
        )
    problems = (_difference(expectation, check, expected, path) for check, expected in checks.items())
    return [f"{expectation.output}: {problem}" for problem in problems if problem]


def _difference(expectation: Expectation, check: str, expected: Any, path: Path) -> str | None:  # noqa: ANN401 (a YAML value)
    """Return how an output differs from one check; None if it does not."""
    if check == "exists":
        return None if expected else "was written"
    if check == "snapshot":
        return snapshots.difference(expectation.snapshot, path, expectation.tolerance) if expectation.snapshot else None
    if path.is_dir():
        return "is a folder, and only a file has content to compare"
    if check == "file":
        return file_difference(expectation.folder / expected, path, expectation.tolerance, named=expected)
    # Not as a text file: that would read every line end as "\n".
    text = path.read_bytes().decode("utf-8", "replace")
    if check == "schema":
        return schema_difference(expected, expectation.folder, text)
    return _text_difference(check, expected, text, expectation.tolerance)


def _text_difference(check: str, expected: Any, text: str, tolerance: Tolerance) -> str | None:  # noqa: ANN401 (a YAML value)
    """Return how the text of an output differs from one check; None if it does not."""
    match check:
        case "contains":
            return None if expected in text else f"does not contain {expected!r}"
        case "matches":
            return None if re.search(expected, text) else f"{text[:_SHOWN]!r} does not match {expected!r}"
        case "json":
            return json_difference(expected, parsed(text), tolerance, partial=True)
        case "equals" if not isinstance(expected, str):
            return json_difference(expected, parsed(text), tolerance)
        case "equals":
            # A text is compared as it was written, even if it could be read as a number.
            return _equal_text(expected, text, tolerance)
    return _number_difference(check, expected, text, tolerance)


def _equal_text(expected: str, text: str, tolerance: Tolerance) -> str | None:
    """Return how a text differs from the expected one; None if it does not."""
    if tolerance != EXACT:
        return text_difference(expected, text, tolerance)
    return None if text == expected else f"is {text!r}, expected {expected!r}"


def _number_difference(check: str, expected: float, text: str, tolerance: Tolerance) -> str | None:
    """Return how an output differs from a check of its number; None if it does not."""
    actual = parsed(text)
    if not isinstance(actual, int | float) or isinstance(actual, bool):
        return f"is {text[:_SHOWN]!r}, expected a number"
    if check == "approx":
        near = (_ABOUT if tolerance == EXACT else tolerance).allows(actual, expected)
        return None if near else f"is {actual!r}, expected about {expected!r}"
    if check == "min":
        return None if actual >= expected else f"is {actual!r}, expected at least {expected!r}"
    return None if actual <= expected else f"is {actual!r}, expected at most {expected!r}"
