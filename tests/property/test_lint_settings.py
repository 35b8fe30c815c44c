"""Settings, comments and baselines of lint, for drawn contracts and values."""

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.faulty_contracts import faulty_contracts
from toolkit.config.lint import LINT_KEYS, read_lint_settings
from toolkit.config.toml import TomlDocument, toml_value
from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.lint.baseline import Known, read_baseline, write_baseline
from toolkit.lint.linter import lint_text
from toolkit.lint.rules import RULES
from toolkit.lint.selection import Overrides, Selection, select
from toolkit.spec.document import LINE_BREAK

PATH = Path("component.yaml")
_SELECTORS = st.sampled_from([*RULES, "ALL", "C", "C0", "C06", "images", "X", "", "C06O", "B", "\0", "é"])
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.booleans(), st.integers(-1, 1), _SELECTORS, st.sampled_from(["off", "error"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_SELECTORS, inner, max_size=3)),
    max_leaves=6,
)


def _ignorable(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if RULES[finding.rule].check is not None]


@settings(max_examples=300, deadline=None)
@given(faulty_contracts(), st.booleans())
def test_a_comment_at_each_finding_leaves_none(text: str, above: bool) -> None:  # noqa: FBT001 (hypothesis)
    before = lint_text(text, PATH)
    if any(RULES[finding.rule].fixed for finding in before):
        return  # The other rules are not applied to what cannot be read.
    rules: dict[int, set[str]] = {}
    for finding in _ignorable(before):
        rules.setdefault(finding.where.line or 1, set()).add(finding.rule)
    lines: list[str] = []
    for number, line in enumerate(LINE_BREAK.split(text.removeprefix("\ufeff")), 1):
        comment = f"# comp:ignore[{', '.join(sorted(rules[number]))}] it is so" if number in rules else ""
        indent = line[: len(line) - len(line.lstrip())]
        if comment:
            lines += [f"{indent}{comment}", line] if above else [f"{line}  {comment}"]
        else:
            lines.append(line)
    after = lint_text("\n".join(lines), PATH)
    assert _ignorable(after) == []
    assert {finding.rule for finding in after}.isdisjoint({"C100", "C101", "C102"})


@given(st.dictionaries(st.sampled_from([*LINT_KEYS, "other"]), _VALUES))
def test_any_settings_are_a_selection_or_an_error_with_a_place(table: dict[str, Any]) -> None:
    selection, where = _selection(f"[tool.comp]\nlint = {toml_value(table)}\n")
    if selection is None:
        assert where
        assert where.line is not None
        return
    assert not any(RULES[rule].fixed for rule in selection.off)
    assert selection.off.isdisjoint(rule for rule in RULES if selection.is_on(rule))


def _selection(text: str) -> tuple[Selection | None, Location | None]:
    """Return the selection that settings choose, or the place of the error."""
    try:
        return select(read_lint_settings(TomlDocument.parse(Path("pyproject.toml"), text.encode())), Overrides()), None
    except InputError as error:
        return None, error.where


_FINDINGS = st.builds(
    lambda rule, message, path, line: Finding(
        rule=rule, severity=Severity.ERROR, message=message, where=Location(path=Path(path), line=line)
    ),
    rule=st.sampled_from(["C060", "C020", "C099"]),
    message=st.one_of(st.text(max_size=5), st.sampled_from(["a", "in line 5", "in line 6", "\udcff"])),
    path=st.sampled_from(["a.yaml", "b/c.yaml", "b\udcff/c.yaml"]),
    line=st.integers(1, 9),
)


@given(st.lists(_FINDINGS, max_size=12), st.lists(_FINDINGS, max_size=3))
def test_a_baseline_knows_what_it_was_written_for(findings: list[Finding], more: list[Finding]) -> None:
    root = Path.cwd()
    first = Known(root, {}, lambda _: True)
    assert first.new(findings, []) == findings
    again = Known(root, first.all(), lambda _: True)
    assert len(again.new([*findings, *more], [])) == len(more)
    assert again.known == len(findings)
    moved = [replace(each, where=Location(path=each.where.path, line=99)) for each in findings]
    assert Known(root, first.all(), lambda _: True).new(moved, []) == []


@given(findings=st.lists(_FINDINGS, max_size=12))
def test_a_baseline_is_read_as_it_was_written(tmp_path_factory: Any, findings: list[Finding]) -> None:  # noqa: ANN401
    path = tmp_path_factory.mktemp("baseline") / "known.json"
    known = Known(path.parent, {}, lambda _: True)
    known.new(findings, [])
    write_baseline(path, known.all())
    assert read_baseline(path) == known.all()
