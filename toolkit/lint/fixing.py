"""Fix what findings about a contract are about: every fix is tried on the text, and stays if it does what it should.

Fixes that touch the same place wait for each other. The files are left to `toolkit.lint.fixed_files`.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.edits import Applicability, Cut, Fix
from toolkit.errors import Finding, FindingsError, Severity
from toolkit.lint.rules import RULES
from toolkit.spec.layout import Layout
from toolkit.spec.rewriting import Replacement, Replacements, are_apart, replaced, replacements

Lint = Callable[[str], Sequence[Finding]]

# A fix can be the cause of another finding. This bounds rules whose fixes undo each other.
_ROUNDS = 30
# Characters that are linted in all, besides the first time: this bounds the tries on a huge contract with many fixes.
_MOST_TRIED = 2_000_000
_UNUSED_IGNORE = "C101"
# Each fix that is left out of a round takes a few lints to be found.
_MOST_LEFT_OUT = 20
# The marks of a finding, by which it is known in the changed text: not its place, which moves.
_Key = tuple[str, str]
# A finding with what its fix replaces.
_Made = tuple[Finding, Replacements]


class Fixed(Struct, frozen=True, kw_only=True):
    """A contract's text after all fixes, the findings that they removed, and those that are left."""

    text: str
    made: tuple[Finding, ...]
    left: tuple[Finding, ...]


class _Step(Struct, frozen=True, kw_only=True):
    """A text, and what the linter finds in it."""

    text: str
    findings: Sequence[Finding]

    def counted(self) -> Counter[_Key]:
        """Return how many findings of each kind there are."""
        return Counter((finding.rule, finding.message) for finding in self.findings)

    def unreadable(self) -> int:
        """Return the number of findings of the reader, which keep the rules from being applied."""
        return sum(finding.rule in RULES and RULES[finding.rule].fixed for finding in self.findings)


class _SpentError(Exception):
    """So much text has been tried that the fixes made so far have to do."""


def fixed(text: str, path: Path, lint: Lint, *, unsafe: bool) -> Fixed:
    """Return a contract's text with its findings fixed; with `unsafe`, by fixes that need a look at them too.

    Fixing the result again changes nothing, unless a contract is so long and faulty that some fixes are not tried.
    `lint` returns the findings about a text of the contract at `path`.
    """
    step, made = _Step(text=text, findings=lint(text)), []
    bounded = _bounded(lint)
    for _ in range(_ROUNDS):
        # Safe ones first: they keep every comment, and an unsafe one may remove what they are about.
        for applicability in Applicability if unsafe else (Applicability.SAFE,):
            done, step = _round(step, path, bounded, applicability)
            if done:
                made += done
                break
        else:
            break
    return Fixed(text=step.text, made=tuple(made), left=tuple(step.findings))


def _bounded(lint: Lint) -> Lint:
    """Return a linter that raises _SpentError when it has read enough."""
    tried = 0

    def bounded(text: str) -> Sequence[Finding]:
        """Lint a text, if it is not too much."""
        nonlocal tried
        tried += len(text)
        if tried > _MOST_TRIED:
            raise _SpentError
        return lint(text)

    return bounded


def fixable(finding: Finding, *, unsafe: bool) -> bool:
    """Return whether a finding has a fix that may be made."""
    return finding.fix is not None and (unsafe or finding.fix.applicability is Applicability.SAFE)


def _round(step: _Step, path: Path, lint: Lint, applicability: Applicability) -> tuple[list[Finding], _Step]:
    """Make all fixes that do not touch each other, and return their findings and the step behind them.

    If they do not work together, those that are the cause are left out.
    """
    chosen = [each for each in step.findings if each.fix is not None and each.fix.applicability is applicability]
    if not chosen:
        return [], step
    try:
        layout = Layout(step.text, path)
    except FindingsError:
        return [], step
    best: tuple[list[Finding], _Step] = ([], step)
    for _ in range(_MOST_LEFT_OUT):
        batch = _together(layout, chosen)
        if not batch:
            break
        # Halved again and again: the first `works` of them work, and the first `fails` do not.
        works, fails, tried = 0, len(batch) + 1, len(batch)
        while fails - works > 1:
            try:
                after = _tried(step, layout, lint, batch[:tried])
            except _SpentError:
                # Some fixes are better than a huge contract as it was.
                return best
            if after:
                works = tried
                best = max(best, ([finding for finding, _ in batch[:works]], after), key=lambda each: len(each[0]))
            else:
                fails = tried
            tried = (works + fails) // 2
        if works == len(batch):
            break
        # The first whose fix does not work together with those before it.
        culprit = batch[works][0]
        chosen = [each for each in chosen if each is not culprit]
    return best


def _together(layout: Layout, chosen: Iterable[Finding]) -> list[_Made]:
    """Return the findings whose fixes the layout allows and that do not touch each other, with the replacements."""
    batch: list[_Made] = []
    taken: list[Replacement] = []
    for finding in chosen:
        changes = replacements(layout, finding.fix.edits) if finding.fix else None
        if changes and all(_is_free(change, taken) for change in changes):
            batch.append((finding, changes))
            for change in changes:
                insort(taken, change)
    return batch


def _is_free(change: Replacement, taken: Sequence[Replacement]) -> bool:
    """Return whether a replacement touches none of others, which are sorted."""
    at = bisect_left(taken, change)
    return are_apart([*taken[max(at - 1, 0) : at], change, *taken[at : at + 1]])


def _tried(step: _Step, layout: Layout, lint: Lint, made: Sequence[_Made]) -> _Step | None:
    """Return the step after fixes; None if they leave their findings, break the contract or lose a comment."""
    batch = [finding for finding, _ in made]
    text = replaced(step.text, (change for _, changes in made for change in changes))
    after = _Step(text=text, findings=lint(text))
    before, now = step.counted(), after.counted()
    if any(now[key] > before[key] - count for key, count in _counted(batch).items()):
        return None
    return after if not _breaks(step, after, batch) and _keep_comments(layout, text, batch) else None


def _counted(batch: Iterable[Finding]) -> Counter[_Key]:
    """Return how many findings of each kind a batch fixes."""
    return Counter((finding.rule, finding.message) for finding in batch)


def _breaks(step: _Step, after: _Step, batch: Sequence[Finding]) -> bool:
    """Return whether fixes are the cause of an error that other fixes like them do not remove again."""
    if step.unreadable():
        # While the reader refuses a contract, no rule is applied, and any of them may find something then.
        return after.unreadable() >= step.unreadable()
    if after.unreadable():
        return True
    unsafe = any(finding.fix and finding.fix.applicability is Applicability.UNSAFE for finding in batch)
    before = step.counted()
    new = [finding for finding in after.findings if not before[finding.rule, finding.message]]
    if any(finding.rule == _UNUSED_IGNORE for finding in new):
        # A comment that ignores a finding no longer stands at the line of it.
        return True
    return any(finding.severity is Severity.ERROR and not fixable(finding, unsafe=unsafe) for finding in new)


def _keep_comments(layout: Layout, text: str, batch: Sequence[Finding]) -> bool:
    """Return whether every comment is still there, except those that a fix removes on purpose."""
    fixes = [finding.fix for finding in batch if finding.fix]
    if any(fix.applicability is Applicability.UNSAFE for fix in fixes):
        return True
    try:
        kept = Counter(_comments(Layout(text, Path())))
    except FindingsError:
        return False
    gone = Counter(_comments(layout)) - kept
    return sum(gone.values()) <= sum(_cuts(fix) for fix in fixes)


def _comments(layout: Layout) -> list[str]:
    """Return the texts of all comments."""
    return [layout.text[start:end] for start, end in layout.comments]


def _cuts(fix: Fix) -> int:
    """Return the number of comments that a fix removes or changes on purpose."""
    return sum(isinstance(edit, Cut) for edit in fix.edits)
