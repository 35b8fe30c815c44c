"""The rules that apply to a file, and the severities of their findings, as settings and command line choose them."""

import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.config.lint import LintSettings, Selector, lint_settings_of
from toolkit.errors import Finding, FindingsError, InputError, Severity
from toolkit.lint.rule import meant
from toolkit.lint.rules import RULES, Rule
from toolkit.system.glob import Glob
from toolkit.system.moment import once
from toolkit.words import closest

_ALL, _OFF = "ALL", "off"
_CATEGORIES = frozenset(str(rule.category) for rule in RULES.values())
_OF_BREAKING = re.compile(r"[BV][0-9]*|breaking|compatible")
# A value that looks like a secret is refused by every command; only the finding about a name is a matter of opinion.
_REFUSED = ("S002", Severity.ERROR)


class Overrides(Struct, frozen=True):
    """What the command line says: `select` takes the place of the settings' choice, `ignore` adds to it."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


class FileIgnores(Struct, frozen=True, kw_only=True):
    """Rules that are off for the files below `folder` that match a pattern."""

    folder: str
    pattern: str
    off: frozenset[str]


class Selection(Struct, frozen=True, kw_only=True):
    """The rules that are off, the severities that settings give to others, and the registries that rule C063 allows.

    It can be sent to another process.
    """

    off: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    files: tuple[FileIgnores, ...] = ()
    registries: tuple[str, ...] = ()

    def at(self, path: Path) -> "Selection":
        """Return what holds for one file."""
        if not self.files:
            return self
        # The file itself may be a link: its own name counts, not that of the file behind it.
        place = str(Path(os.path.realpath(path.parent)) / path.name)
        off = self.off.union(*(each.off for each in self.files if _matches(each, place)))
        return replace(self, off=off, files=())

    def is_on(self, rule: str) -> bool:
        """Whether a rule applies."""
        return rule not in self.off

    def applied(self, findings: Iterable[Finding]) -> list[Finding]:
        """Return the findings of rules that apply, with their severities; those that nothing changes stay."""
        return [changed for finding in findings if (changed := self._applied(finding))]

    def _applied(self, finding: Finding) -> Finding | None:
        """Return one finding with its severity; None if its rule is off."""
        rule = RULES.get(finding.rule)
        if rule is None or rule.fixed or (finding.rule, finding.severity) == _REFUSED:
            return finding
        if finding.rule in self.at(finding.where.path).off:
            return None
        severity = self.severities.get(finding.rule, finding.severity)
        return finding if severity is finding.severity else replace(finding, severity=severity)


# Every rule as it is, for what has no settings; rules that only settings switch on are off.
EVERY_RULE = Selection(off=frozenset(id_ for id_, rule in RULES.items() if rule.opt_in))
# For files whose settings are invalid: only what nothing changes.
FIXED_RULES = Selection(off=frozenset(id_ for id_, rule in RULES.items() if not rule.fixed))


def selection_of(folder: Path, overrides: Overrides = Overrides()) -> Selection:  # noqa: B008 (it is frozen)
    """Return what holds for the files in a folder. Raises InputError with the place of an invalid setting."""
    settings = lint_settings_of(folder)
    return once(("selection", settings, overrides), lambda: select(settings, overrides))


def selection_and_faults(folder: Path, overrides: Overrides) -> tuple[Selection, tuple[Finding, ...]]:
    """Return the selection for the files in a folder, and the findings about settings of it that are invalid.

    While settings are invalid, only rules apply that none can change: the others would be the wrong ones.
    """
    try:
        return selection_of(folder, overrides), ()
    except InputError as error:
        return FIXED_RULES, of_settings(error)


def of_settings(error: InputError) -> tuple[Finding, ...]:
    """Turn an error with a place into findings; raise one without, since then there are no settings at all."""
    if isinstance(error, FindingsError):
        return error.findings
    if error.where is None:
        raise error
    return (
        Finding(rule="S001", severity=Severity.ERROR, message=error.message, where=error.where, help=error.hint or ""),
    )


def select(settings: LintSettings, overrides: Overrides) -> Selection:
    """Return the selection that settings and command line describe. Raises InputError for an unknown rule."""
    _check(settings)
    severities = {rule: value for rule in RULES if (value := _severity(rule, settings))}
    return Selection(
        off=frozenset(id_ for id_, rule in RULES.items() if not rule.fixed and _is_off(id_, settings, overrides)),
        severities={rule: Severity(value) for rule, value in severities.items() if value != _OFF},
        files=tuple(
            FileIgnores(folder=str(each.folder), pattern=each.pattern, off=_named(each.rules))
            for each in settings.paths
        ),
        registries=settings.registries or (),
    )


def _check(settings: LintSettings) -> None:
    """Raise InputError for a selector of the settings that is wrong."""
    for selector in settings.select or ():
        check_selector(selector)
    ignored = [*(settings.ignore or ()), *(selector for each in settings.paths for selector in each.rules)]
    for selector in (*ignored, *(selector for selector, _ in settings.severity)):
        check_selector(selector, changes=True)


def _is_off(rule: str, settings: LintSettings, overrides: Overrides) -> bool:
    """Whether a rule does not apply."""
    if overrides.select:
        return not _is_on(rule, overrides.select, overrides.ignore)
    if any(_has(text, rule) for text in overrides.ignore) or _severity(rule, settings) == _OFF:
        return True
    is_named = any(selector.text == rule for selector, _ in settings.severity)
    if RULES[rule].opt_in and settings.select is None and not is_named:
        return True
    selected = [_ALL] if settings.select is None else [selector.text for selector in settings.select]
    return not _is_on(rule, selected, [selector.text for selector in settings.ignore or ()])


def _severity(rule: str, settings: LintSettings) -> str | None:
    """Return the severity that the most exact selector gives to a rule; None without one."""
    matching = [
        (_exactness(selector.text), value) for selector, value in settings.severity if _has(selector.text, rule)
    ]
    return max(matching)[1] if matching else None


def check_selector(selector: Selector, *, changes: bool = False) -> None:
    """Raise InputError for a selector without a rule and, if it `changes` rules, for a rule that nothing changes."""
    text = selector.text
    is_known = any(_has(text, rule) for rule in RULES)
    if not is_known and _OF_BREAKING.fullmatch(text):
        hint = "`comp breaking` has no settings: its rules decide the version that a change requires"
        raise InputError(f"{text} is about `comp breaking`, not `comp lint`", where=selector.where, hint=hint)
    if not is_known:
        close = meant(text) or closest(text.lower(), _CATEGORIES)
        hint = (
            f"did you mean {close}?" if close else "write an id (C060), the beginning of ids (C06), a category, or ALL"
        )
        raise InputError(f"unknown rule: {text!r}", where=selector.where, hint=hint)
    if changes and text in RULES and RULES[text].fixed:
        hint = "its findings say why a file cannot be read"
        raise InputError(f"{text} is always an error: it cannot be ignored", where=selector.where, hint=hint)


def _is_on(rule: str, select: Iterable[str], ignore: Iterable[str]) -> bool:
    """Whether a rule is selected; the longer of two selectors wins, and `ignore` if both are as long."""
    selected = max((_exactness(text) for text in select if _has(text, rule)), default=-1)
    ignored = max((_exactness(text) for text in ignore if _has(text, rule)), default=-1)
    return selected > ignored


def _has(selector: str, rule: str) -> bool:
    """Whether a selector names a rule."""
    return selector in {_ALL, RULES[rule].category} or (bool(selector) and rule.startswith(selector))


def _exactness(selector: str) -> float:
    """Return how exact a selector is: ALL, a letter, a category, longer beginnings, an id."""
    if selector in _CATEGORIES:
        return 1.5
    return 0 if selector == _ALL else len(selector)


def _named(selectors: Iterable[Selector]) -> frozenset[str]:
    """Return the ids of rules that selectors name, without those that nothing changes."""
    return frozenset(id_ for id_, rule in RULES.items() if _is_named(rule, selectors))


def _is_named(rule: Rule, selectors: Iterable[Selector]) -> bool:
    """Whether one of the selectors names a rule that settings change."""
    return not rule.fixed and any(_has(selector.text, rule.id) for selector in selectors)


def _matches(ignores: FileIgnores, place: str) -> bool:
    """Whether a pattern matches a file with a real path."""
    prefix = ignores.folder.rstrip(os.sep) + os.sep
    return place.startswith(prefix) and _glob(ignores.pattern).matches(place[len(prefix) :])


# A selection has the text of a pattern, so that it can be sent to another process.
@lru_cache(maxsize=256)
def _glob(pattern: str) -> Glob:
    """Parse a pattern once for all files."""
    return Glob.parse(pattern)
