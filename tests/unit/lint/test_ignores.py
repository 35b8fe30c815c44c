"""Comments that ignore findings: where they count, and what is wrong with them."""

from pathlib import Path

import pytest

from toolkit.config.lint import LintSettings
from toolkit.errors import Finding, Severity
from toolkit.lint.fixing import fixed
from toolkit.lint.ignores import read_ignores, without_ignored
from toolkit.lint.linter import lint_contract, lint_text
from toolkit.lint.selection import EVERY_RULE, Overrides, Selection, select

PATH = Path("component.yaml")
# The one finding that matters here is C060, at the image.
CONTRACT = """\
name: n
description: d
implementation:
  container:
    image: a:1{comment}
    command: [run]
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "component.yaml"
    path.write_text(text, newline="")
    return path


def _lint(folder: Path, text: str, selection: Selection = EVERY_RULE) -> list[Finding]:
    rules = {"C001", "C050", "C060", "C061", "C100", "C101", "C102"}
    return [finding for finding in lint_contract(_written(folder, text), selection)[0] if finding.rule in rules]


def _rules(folder: Path, text: str, selection: Selection = EVERY_RULE) -> list[str]:
    return [finding.rule for finding in _lint(folder, text, selection)]


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("", ["C060"]),
        (" # comp:ignore[C060] it moves on purpose", []),
        (" #comp:ignore[C060]: it moves on purpose", []),
        (" # see #12  # comp:ignore[ C060 ] it moves", []),
        (" # comp:ignore[C060]", ["C100"]),
        (" # comp:ignore[C060] - …", ["C100"]),
        (" # comp:ignore[C061] no tag", ["C060", "C101"]),
        (" # comp:ignore[C060, C061] no tag", ["C101"]),
        (" # comp:ignore[C060] one # comp:ignore[C061] two", ["C101"]),
        (" # comp:ignore[C060] # comp:ignore[C061] two", ["C100", "C101"]),
        (" # comp:ignore[c060] small", ["C060", "C102"]),
        (" # comp:ignore[image-not-pinned] by name", ["C060", "C102"]),
        (" # comp:ignore[C001] what cannot be read", ["C060", "C102"]),
        (" # comp:ignore[C099] of the whole file", ["C060", "C102"]),
        (" # comp:ignore[B101] of another command", ["C060", "C102"]),
        (" # comp:ignore[] nothing", ["C060", "C102"]),
        (" # comp:ignore C060", ["C060", "C102"]),
        (" # comp:ignored[C060] another word", ["C060"]),
        (" # comp:ignore-file another word", ["C060"]),
    ],
)
def test_a_comment_at_the_line(tmp_path: Path, comment: str, expected: list[str]) -> None:
    assert _rules(tmp_path, CONTRACT.format(comment=comment)) == expected


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ("# comp:ignore[C060] on purpose\n", []),
        ("# comp:ignore[C060] on purpose, for reasons\n    # that take two lines\n", []),
        ("# comp:ignore[C060] one\n    # comp:ignore[C061] two\n", ["C101"]),
        ("# comp:ignore[C060] too far\n\n", ["C101", "C060"]),
        ("env: {A: b}  # comp:ignore[C060] of that line\n", ["C101", "C060"]),
    ],
)
def test_a_comment_above_the_line(tmp_path: Path, above: str, expected: list[str]) -> None:
    text = CONTRACT.format(comment="").replace("image:", f"{above}    image:")
    assert _rules(tmp_path, text) == expected
    assert _rules(tmp_path, text.replace("\n", "\r\n")) == expected


def test_a_comment_inside_of_a_program(tmp_path: Path) -> None:
    """A rule about a program reports the line of the program."""
    script = "    command:\n    - python\n    - -c\n    - |\n      import os\n{above}      import os.(){behind}\n"
    text = CONTRACT.format(comment="@sha256:" + "0" * 64).replace("    command: [run]\n", script)
    place = next(
        each for each in lint_contract(_written(tmp_path, text.format(above="", behind="")))[0] if each.rule == "C052"
    )
    assert place.where.line == 11
    for above, behind in (("      # comp:ignore[C052] a\n", ""), ("", "  # comp:ignore[C052] a")):
        found = lint_contract(_written(tmp_path, text.format(above=above, behind=behind)))[0]
        assert {"C052", "C101"}.isdisjoint(finding.rule for finding in found)


def test_texts_are_no_comments() -> None:
    text = """\
name: "# comp:ignore[C060] a"
description: |  # comp:ignore[C061] b
  # comp:ignore[C062] c
metadata: {annotations: {a: '# comp:ignore[C063] d'}}  # comp:ignore[C064] e
inputs:
# comp:ignore[C065] f
- name: a
  default: >
    # comp:ignore[C066] g
implementation:
  container:
    image: a:1
    args:
    - |
      # comp:ignore[C067] h

      echo
    # comp:ignore[C068] i
    - &x plain
    - *x
"""
    ignores = read_ignores(text, PATH)
    assert [name.rule for each in ignores for name in each.names] == ["C061", "C064", "C065", "C067", "C068"]
    assert [each.line for each in ignores] == [2, 4, 7, 16, 19]


def test_findings_have_the_place_of_the_word(tmp_path: Path) -> None:
    text = CONTRACT.format(comment="  # comp:ignore[C060, C06O, C061]")
    found = _lint(tmp_path, text)
    assert [(each.rule, each.where.column, each.where.end_column) for each in found] == [
        ("C100", 17, 48),
        ("C102", 37, 41),
        ("C101", 43, 47),
    ]
    assert [each.message for each in found] == [
        "the comment gives no reason",
        "unknown rule: 'C06O'",
        "the comment ignores C061, which is not found here",
    ]
    assert found[1].help == "did you mean C060?"
    assert found[2].help == "remove C061 from it"
    assert _lint(tmp_path, CONTRACT.format(comment=" # comp:ignore[C061] a"))[1].help == "remove the comment"


def test_rules_that_are_off_are_not_counted_as_unused(tmp_path: Path) -> None:
    text = CONTRACT.format(comment=" # comp:ignore[C060] on purpose")
    assert _rules(tmp_path, text, select(LintSettings(), Overrides(ignore=("C06",)))) == []
    text = CONTRACT.format(comment=" # comp:ignore[C061] on purpose")
    assert _rules(tmp_path, text, select(LintSettings(), Overrides(ignore=("C06",)))) == []
    assert _rules(tmp_path, text, select(LintSettings(), Overrides(ignore=("C101",)))) == ["C060"]
    assert _rules(tmp_path, text, select(LintSettings(), Overrides(select=("C101", "C06")))) == ["C060", "C101"]


def test_comments_in_a_text_that_cannot_be_read_are_not_judged(tmp_path: Path) -> None:
    assert _rules(tmp_path, "inputs: [ # comp:ignore[C061]\n") == ["C001"]


def test_two_comments_about_one_finding_are_both_used(tmp_path: Path) -> None:
    text = CONTRACT.format(comment=" # comp:ignore[C060] one").replace("image:", "# comp:ignore[C060] two\n    image:")
    assert _rules(tmp_path, text) == []


def test_severities_of_findings_about_comments(tmp_path: Path) -> None:
    found = _lint(tmp_path, CONTRACT.format(comment=" # comp:ignore[C060]"))
    assert [(each.rule, each.severity) for each in found] == [("C100", Severity.WARNING)]


def test_a_finding_about_the_whole_contract_stands_at_its_first_key(tmp_path: Path) -> None:
    text = CONTRACT.format(comment="").replace("description: d\n", "")
    for header in ("", "# yaml-language-server: $schema=x\n\n", "---\n"):
        path = _written(tmp_path, f"{header}# comp:ignore[C090] it is a test\n{text}")
        assert {"C090", "C101"}.isdisjoint(finding.rule for finding in lint_contract(path)[0])
        path = _written(tmp_path, header + text.replace("name: n", "name: n  # comp:ignore[C090] it is a test"))
        assert {"C090", "C101"}.isdisjoint(finding.rule for finding in lint_contract(path)[0])


@pytest.mark.parametrize(
    ("comments", "most"),
    [
        (f"# comp:ignore[{'C001,' * 100_000}] reason\n", 200),
        ("# comp:ignore[C001] reason\n" * 50_000, 1000),
        ("".join(f"# comp:ignore[X{at},Y{at}] reason\n" for at in range(20_000)), 1000),
        ("a: [" + "'# comp:ignore[C001]',\n" * 20_000 + "]\n# comp:ignore[C060]\n", 3),
    ],
    ids=range(4),
)
def test_a_text_that_is_all_comments_takes_no_more_time_than_its_length(comments: str, most: int) -> None:
    found = without_ignored([], comments + "b: 1\n", Path("component.yaml"))
    assert 0 < len(found) <= most


@pytest.mark.parametrize(
    ("line", "is_fixable"),
    [
        ("- 'a'  # comp:ignore[C050] why", True),
        ("- |\n      a  # comp:ignore[C050] why", False),
        ("- 'a\n      # comp:ignore[C050] why'", False),
        ("- |  # comp:ignore[C050] why\n      a", False),
    ],
)
def test_a_fix_removes_no_part_of_a_program(tmp_path: Path, line: str, *, is_fixable: bool) -> None:
    text = f"name: a\nimplementation:\n  container:\n    image: a\n    command:\n    {line}\n"
    (unused,) = [finding for finding in _lint(tmp_path, text) if finding.rule == "C101"]
    assert (unused.fix is not None) is is_fixable
    fixed_text = fixed(text, tmp_path, lambda text: lint_text(text, tmp_path), unsafe=False).text
    assert ("comp:ignore" not in fixed_text) is is_fixable
