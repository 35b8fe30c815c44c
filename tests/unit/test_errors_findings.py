from pathlib import Path

from toolkit.errors import Finding, FindingsError, InputError, Location, Severity


def _finding(rule: str, advice: str = "") -> Finding:
    where = Location(path=Path("a.yaml"), line=3)
    return Finding(rule=rule, severity=Severity.ERROR, message=f"{rule} is broken", where=where, help=advice)


def test_the_first_finding_is_the_error() -> None:
    error = FindingsError((_finding("C001", "mend it"), _finding("C002"), _finding("C003")))
    assert isinstance(error, InputError)
    assert error.message == "C001 is broken [C001] (and 2 more)"
    assert (str(error.where), error.hint) == ("a.yaml:3", "mend it")


def test_a_single_finding_without_advice_has_no_hint() -> None:
    error = FindingsError((_finding("C001"),))
    assert (error.message, error.hint) == ("C001 is broken [C001]", None)
