"""How fixes are carried out: together, one after the other, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.edits import Add, Applicability, Cut, Edit, Fix, Quote, Remove, Replace, Spot
from toolkit.errors import Finding, Location, Severity
from toolkit.lint.fixing import fixable, fixed

PATH = Path("component.yaml")
Lint = Callable[[str], list[Finding]]


def _finding(
    message: str, *edits: Edit, unsafe: bool = False, rule: str = "C022", severity: Severity = Severity.INFO
) -> Finding:
    applicability = Applicability.UNSAFE if unsafe else Applicability.SAFE
    fix = Fix(title="Change it", edits=edits, applicability=applicability) if edits else None
    return Finding(rule=rule, severity=severity, message=message, where=Location(path=PATH), fix=fix)


def _linter(**findings: Finding) -> Lint:
    """Return a linter that reports each finding while its text is in the contract."""
    return lambda text: [finding for part, finding in findings.items() if part.replace("_", ": ") in text]


def test_all_fixes_are_made_and_the_rest_is_left() -> None:
    one, two, other = _finding("1", Quote(("a",))), _finding("2", Quote(("b",))), _finding("other")
    result = fixed("a: 1\nb: 2\n", PATH, _linter(a_1=one, b_2=two, b=other), unsafe=False)
    assert (result.text, result.made, result.left) == ("a: '1'\nb: '2'\n", (one, two), (other,))


def test_an_unsafe_fix_needs_the_option() -> None:
    one = _finding("1", Replace(("a",), "x"), unsafe=True)
    assert fixed("a: 1\n", PATH, _linter(a_1=one), unsafe=False).left == (one,)
    assert fixed("a: 1\n", PATH, _linter(a_1=one), unsafe=True).text == "a: x\n"
    assert fixable(one, unsafe=True)
    assert not fixable(one, unsafe=False)
    assert not fixable(_finding("no fix"), unsafe=True)


def test_fixes_that_touch_each_other_wait() -> None:
    one, two = _finding("1", Replace(("a",), {"b": "1"})), _finding("2", Quote(("a",)), Add((), "c", "d"))
    result = fixed("a: 1\n", PATH, lambda text: [one, two] if text == "a: 1\n" else [], unsafe=False)
    assert (result.text, result.made) == ("a: {b: '1'}\n", (one,))


def test_a_fix_that_leaves_its_finding_is_dropped_and_others_are_made() -> None:
    vain, good = _finding("stays", Quote(("a",))), _finding("2", Quote(("b",)))
    result = fixed("a: 1\nb: 2\n", PATH, _linter(a=vain, b_2=good), unsafe=False)
    assert (result.text, result.made, result.left) == ("a: 1\nb: '2'\n", (good,), (vain,))


def test_a_huge_contract_is_tried_a_few_times_and_keeps_the_fixes_made() -> None:
    # Each line's fix leaves its finding, but the first.
    filler = "x: " + "y" * 300_000 + "\n"
    good, vain = _finding("1", Quote(("a",))), [_finding(f"v{n}", Quote((f"k{n}",)), unsafe=True) for n in range(20)]
    text = "a: 1\n" + "".join(f"k{n}: z\n" for n in range(20)) + filler
    read = 0

    def lint(text: str) -> list[Finding]:
        nonlocal read
        read += 1
        return [*([good] if "a: 1" in text else []), *vain]

    result = fixed(text, PATH, lint, unsafe=True)
    assert result.made == (good,)
    assert result.left == tuple(vain)
    assert read < 10


def test_a_huge_contract_keeps_the_most_fixes_that_were_seen_to_work_together() -> None:
    # Of eight fixes the sixth leaves its finding, and there is room for few tries.
    fixes = [_finding(f"f{n}", Quote((f"k{n}",))) for n in range(8)]
    text = "".join(f"k{n}: {n}\n" for n in range(8)) + "x: " + "y" * 500_000 + "\n"

    def lint(text: str) -> list[Finding]:
        return [each for n, each in enumerate(fixes) if f"k{n}: {n}\n" in text or n == 5]

    result = fixed(text, PATH, lint, unsafe=False)
    assert result.made == tuple(fixes[:4])
    assert "k3: '3'\nk4: 4\n" in result.text


@pytest.mark.parametrize(
    "new", [_finding("x", rule="C001"), _finding("x", rule="C101"), _finding("x", severity=Severity.ERROR)]
)
def test_a_fix_that_breaks_something_is_dropped(new: Finding) -> None:
    one = _finding("1", Replace(("a",), "broken"))
    result = fixed("a: 1\n", PATH, lambda text: [new] if "broken" in text else [one], unsafe=False)
    assert (result.text, result.left) == ("a: 1\n", (one,))


def test_an_error_that_another_fix_removes_breaks_nothing() -> None:
    one, two = _finding("1", Replace(("a",), "b")), _finding("2", Replace(("a",), "c"), severity=Severity.ERROR)
    result = fixed("a: 1\n", PATH, _linter(a_1=one, a_b=two), unsafe=False)
    assert (result.text, result.made) == ("a: c\n", (one, two))


def test_findings_that_come_to_light_break_nothing() -> None:
    unreadable, hidden = _finding("1", Quote(("a",)), rule="C004"), _finding("hidden", severity=Severity.ERROR)
    result = fixed("a: 1\n", PATH, lambda text: [unreadable] if text == "a: 1\n" else [hidden], unsafe=False)
    assert (result.text, result.left) == ("a: '1'\n", (hidden,))


def test_a_fix_after_which_the_contract_is_unreadable_for_another_reason_is_dropped() -> None:
    unreadable, other = _finding("1", Quote(("a",)), rule="C004"), _finding("other", rule="C001")
    result = fixed("a: 1\n", PATH, lambda text: [unreadable] if text == "a: 1\n" else [other], unsafe=False)
    assert (result.text, result.left) == ("a: 1\n", (unreadable,))


def test_a_safe_fix_keeps_comments_and_an_unsafe_one_may_remove_them_with_their_line() -> None:
    text = "a: 1 # c\nb: 2\n"
    for unsafe, edited in ((False, text), (True, "b: 2\n")):
        result = fixed(text, PATH, _linter(a_1=_finding("1", Remove(("a",)), unsafe=unsafe)), unsafe=unsafe)
        assert result.text == edited


def test_a_fix_may_remove_a_comment_on_purpose() -> None:
    one = _finding("1", Cut(Spot(1, 6), Spot(1, 9)))
    assert fixed("a: 1 # c\n", PATH, lambda text: [one] if "#" in text else [], unsafe=False).text == "a: 1\n"


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    one, two = _finding("1", Replace(("a",), "2")), _finding("2", Replace(("a",), "1"))
    assert fixed("a: '1'\n", PATH, lambda text: [one] if "1" in text else [two], unsafe=False).made


def test_what_is_not_yaml_is_left() -> None:
    one = _finding("1", Quote(("a",)))
    assert fixed("a: [", PATH, lambda _: [one], unsafe=False).text == "a: ["
