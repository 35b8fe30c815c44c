"""Choosing rules: by settings, by the command line, by file; what nothing changes; and what is refused."""

import pickle
import re
from pathlib import Path

import pytest

from toolkit.config.lint import lint_settings_of, read_lint_settings
from toolkit.config.toml import TomlDocument
from toolkit.errors import Finding, InputError, Location, Severity
from toolkit.lint.rules import RULES
from toolkit.lint.selection import EVERY_RULE, FIXED_RULES, Overrides, Selection, select, selection_of

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


OPT_IN = {id_ for id_, rule in RULES.items() if rule.opt_in}


def selected(settings: str, overrides: Overrides = Overrides()) -> Selection:  # noqa: B008 (it is frozen)
    text = f"[tool.comp.lint]\n{settings}\n"
    return select(read_lint_settings(TomlDocument.parse(Path("pyproject.toml"), text.encode())), overrides)


def finding(rule: str, severity: Severity = WARNING, path: str = "component.yaml") -> Finding:
    return Finding(rule=rule, severity=severity, message="m", where=Location(path=Path(path)))


def on(selection: Selection) -> set[str]:
    return {rule for rule in RULES if selection.is_on(rule) and not RULES[rule].fixed}


def beginning(*beginnings: str) -> set[str]:
    return {rule for rule in RULES if rule.startswith(beginnings) and not RULES[rule].fixed}


def test_every_rule_applies_without_settings_unless_it_is_opt_in() -> None:
    assert selected("") == EVERY_RULE
    assert {"C092", "C093", "C094"} == OPT_IN
    assert on(EVERY_RULE) == beginning("") - OPT_IN


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("severity = { C093 = 'warning' }", beginning("") - {"C092", "C094"}),
        ("severity = { C09 = 'warning' }", beginning("") - OPT_IN),
        ("severity = { C093 = 'off' }", beginning("") - OPT_IN),
        ("severity = { C093 = 'warning' }\nignore = ['C093']", beginning("") - OPT_IN),
        ("select = ['C09']", beginning("C09")),
        ("select = ['ALL']", beginning("")),
    ],
)
def test_settings_switch_on_a_rule_that_is_opt_in(settings: str, expected: set[str]) -> None:
    assert on(selected(settings)) == expected


def test_the_command_line_switches_on_a_rule_that_is_opt_in() -> None:
    assert on(selected("", Overrides(select=("C093",)))) == {"C093"}
    assert on(selected("", Overrides(ignore=("C060",)))) == beginning("") - OPT_IN - {"C060"}


def test_registries_are_kept() -> None:
    assert selected("registries = ['a.example/b/']").registries == ("a.example/b",)
    assert selected("").registries == ()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("select = ['C06', 'C010']", beginning("C06", "C010")),
        ("select = ['ALL']\nignore = ['C']", beginning("") - beginning("C")),
        ("select = ['C06']\nignore = ['C']", beginning("C06")),
        ("select = ['C', 'C060']\nignore = ['C06']", beginning("C") - beginning("C06") | {"C060"}),
        ("select = ['C060']\nignore = ['C060']", set()),
        ("select = []", set()),
        ("select = ['images']", {rule for rule in RULES if RULES[rule].category == "images"}),
        ("select = ['images']\nignore = ['C']", {rule for rule in RULES if RULES[rule].category == "images"}),
        ("select = ['images']\nignore = ['C0']", set()),
        ("severity = { C = 'off', C06 = 'info' }", beginning("") - beginning("C") | beginning("C06")),
        ("select = ['C060']\nseverity = { C06 = 'off' }", set()),
    ],
)
def test_the_more_exact_selector_wins(settings: str, expected: set[str]) -> None:
    assert on(selected(settings)) == expected


def test_the_command_line_begins_anew_or_adds() -> None:
    settings = "select = ['C06']\nignore = ['C060']\nseverity = { C061 = 'off', C062 = 'error' }"
    assert on(selected(settings, Overrides(select=("C060", "C061")))) == {"C060", "C061"}
    assert on(selected(settings, Overrides(select=("C06",), ignore=("C060",)))) == beginning("C06") - {"C060"}
    assert on(selected(settings, Overrides(ignore=("C06",)))) == set()
    assert on(selected(settings, Overrides(ignore=("C062",)))) == beginning("C06") - {"C060", "C061", "C062"}
    assert selected(settings, Overrides(select=("ALL",))).severities == {"C062": ERROR}


def test_findings_get_the_severity_of_their_rule() -> None:
    chosen = selected("ignore = ['C022']\nseverity = { C06 = 'error', C060 = 'info', F010 = 'error' }")
    given = [finding("C022"), finding("C060"), finding("C061"), finding("F010"), finding("C013", INFO)]
    severities = {each.rule: each.severity for each in chosen.applied(given)}
    assert severities == {"C060": INFO, "C061": ERROR, "F010": ERROR, "C013": INFO}


def test_what_cannot_be_read_stays_an_error() -> None:
    errors = [finding("C001", ERROR), finding("F001", ERROR), finding("S001", ERROR), finding("S002", ERROR)]
    for settings in ("select = []", "ignore = ['ALL']", "severity = { ALL = 'info' }", "ignore = ['S002']"):
        assert selected(settings).applied(errors) == errors
    assert selected("ignore = ['S002']").applied([finding("S002", WARNING)]) == []
    assert FIXED_RULES.applied([*errors, finding("C060"), finding("C099", ERROR)]) == errors


def test_findings_of_rules_that_lint_does_not_know_stay() -> None:
    assert selected("select = []").applied([finding("B101")]) == [finding("B101")]


def test_rules_by_file(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        "[tool.comp.lint.per-file-ignores]\n'legacy' = ['C06']\n'**/old*.yaml' = ['C', 'F']\n"
    )
    chosen = selection_of(tmp_path)
    assert chosen.at(tmp_path / "legacy" / "a" / "component.yaml").off == beginning("C06") | OPT_IN
    assert chosen.at(tmp_path / "legacy.yaml").off == OPT_IN
    assert chosen.at(tmp_path / "a" / "b" / "old_one.yaml").off == beginning("C", "F") | OPT_IN
    assert chosen.at(tmp_path.parent / "legacy" / "component.yaml").off == OPT_IN
    kept = chosen.applied(
        [finding("C060", path=str(tmp_path / "legacy/x.yaml")), finding("C060", path="legacy/x.yaml")]
    )
    assert [str(each.where.path) for each in kept] == ["legacy/x.yaml"]


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "legacy").mkdir(parents=True)
    (tmp_path / "real" / "pyproject.toml").write_text("[tool.comp.lint.per-file-ignores]\n'legacy/**' = ['C06']\n")
    (tmp_path / "link").symlink_to("real")
    folder = tmp_path / "link" / "legacy"
    assert not selection_of(folder).at(folder / "component.yaml").is_on("C060")


def test_a_selection_goes_to_other_processes(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.comp.lint]\nignore = ['C06']\nseverity = { C010 = 'info' }\nper-file-ignores = { 'a' = ['F'] }\n"
    )
    chosen = selection_of(tmp_path)
    assert pickle.loads(pickle.dumps(chosen)) == chosen  # noqa: S301 (our own)


@pytest.mark.parametrize(
    ("settings", "place", "message", "hint"),
    [
        ("ignore = ['C060', 'C06O']", (2, 19), "unknown rule: 'C06O'", "did you mean C060?"),
        ("ignore = ['image-not-pinned']", (2, 11), "unknown rule: 'image-not-pinned'", "did you mean C060?"),
        ("select = ['?']", (2, 11), "unknown rule: '?'", "write an id (C060)"),
        ("severity = { c060 = 'off' }", (2, 14), "unknown rule: 'c060'", "did you mean C060?"),
        ("[tool.comp.lint.per-file-ignores]\n'x' = ['C9']", (3, 8), "unknown rule: 'C9'", "did you mean C"),
        ("ignore = ['C001']", (2, 11), "C001 is always an error", "cannot be read"),
        ("severity = { F001 = 'warning' }", (2, 14), "F001 is always an error", "cannot be read"),
        ("ignore = ['B']", (2, 11), "B is about `comp breaking`", "has no settings"),
        ("select = ['image']", (2, 11), "unknown rule: 'image'", "did you mean images?"),
        ("select = ['compatible']", (2, 11), "compatible is about `comp breaking`", "has no settings"),
        ("select = ['V601']", (2, 11), "V601 is about `comp breaking`", "has no settings"),
    ],
)
def test_a_selector_that_is_refused(settings: str, place: tuple[int, int], message: str, hint: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        selected(settings)
    assert caught.value.where
    assert (caught.value.where.line, caught.value.where.column) == place
    assert hint in (caught.value.hint or "")


def test_a_rule_about_versions_that_lint_has() -> None:
    assert on(selected("select = ['versions']")) == on(selected("select = ['V']")) == {"V605"}


def test_a_rule_that_nothing_changes_may_be_selected() -> None:
    assert on(selected("select = ['C001', 'C060']")) == {"C060"}


def test_settings_of_no_table(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert selection_of(tmp_path) == EVERY_RULE
    assert lint_settings_of(tmp_path).paths == ()
