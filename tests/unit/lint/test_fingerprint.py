"""Fingerprints: what they depend on, and what they do not."""

from pathlib import Path

from toolkit.errors import Finding, Location, Severity
from toolkit.lint.fingerprint import fingerprints, identity, posix


def finding(message: str = "m", *, rule: str = "C060", path: str = "a/component.yaml", line: int = 1) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, where=Location(path=Path(path), line=line))


def test_the_line_does_not_count() -> None:
    assert fingerprints([finding(line=1)]) == fingerprints([finding(line=9)])
    assert identity(finding("cannot be parsed: eof, in its line 5")) == (
        "C060",
        "cannot be parsed: eof, in its line …",
    )
    assert identity(finding("is defined 2 times (lines 3, 12 and 14)"))[1] == "is defined 2 times (lines …)"
    assert identity(finding("12,101 bytes are more than 10,000"))[1] == "… bytes are more than 10,000"
    assert identity(finding("the default of 'line 5' is 5"))[1] != identity(finding("the default of 'line 5' is 6"))[1]


def test_rule_path_message_and_number_count() -> None:
    ones = [
        finding(),
        finding(),
        finding("other"),
        finding(rule="C061"),
        finding(path="b/component.yaml"),
    ]
    assert len(set(fingerprints(ones))) == len(ones)


def test_a_fingerprint_stays_the_same_in_later_versions() -> None:
    assert fingerprints([finding()]) == ["d4ce502f68e57dc965ab88801251c0966b9e3c03fbe3fab53aa704a34e8bc308"]


def test_a_name_that_is_not_utf_8() -> None:
    odd = finding("\udcff", path="a\udcff.yaml")
    assert identity(odd)[1] == "\\udcff"
    assert posix(odd.where.path) == "a\\udcff.yaml"
    assert len(fingerprints([odd])[0]) == 64
