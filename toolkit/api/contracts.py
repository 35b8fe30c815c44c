"""`toolkit.lint` and `toolkit.generate`: contracts and the code that they are of."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.errors import Finding, Severity

if TYPE_CHECKING:
    from toolkit.collection.linting import Outcome
    from toolkit.collection.targets import Target
    from toolkit.lint.fixed_files import Fixes
    from toolkit.lint.selection import Overrides


class Linted(Struct, frozen=True, kw_only=True):
    """The findings about contracts and settings, in the order of the files; `contracts` is how many were read."""

    findings: tuple[Finding, ...]
    contracts: int

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make `comp lint` fail."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


def lint(
    *paths: str | os.PathLike[str],
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    jobs: int = 1,
    environ: Mapping[str, str] | None = None,
) -> Linted:
    """Check components' folders and contracts, by default the current folder, as `comp lint` does.

    `select` are the only rules, `ignore` further ones to leave out: ids, categories or `ALL`. Findings are returned,
    not raised. Raises UsageError for an unknown rule, InputError for a path that leads to no contract or a file that
    cannot be read, and OutsideError for what the machine refuses.
    """
    from toolkit.collection.targets import Targets, no_contract

    asked = tuple(dict.fromkeys(map(Path, paths))) or (Path(),)
    targets = Targets(asked, os.environ if environ is None else environ)
    findings: list[Finding] = []
    contracts, empty = 0, set(range(len(asked)))
    for outcome in lint_each(targets, chosen_rules(select, ignore), jobs=jobs):
        if outcome.failure:
            raise outcome.failure
        if outcome.linted and outcome.linted.sources:
            empty.discard(outcome.target.asked)
            # Many files may have the same faulty settings above them.
            findings += [fault for fault in outcome.linted.faults if fault not in findings]
            findings += outcome.linted.findings
            contracts += outcome.linted.contracts
    for number in sorted(empty - targets.repeated):
        raise no_contract(asked[number])
    return Linted(findings=tuple(findings), contracts=contracts)


def lint_each(
    targets: "Iterable[Target]", overrides: "Overrides", *, jobs: int, fixes: "Fixes | None" = None
) -> "Iterator[Outcome]":
    """Yield what the linter finds at each target as it comes. For commands, not public."""
    from toolkit.collection.linting import lint_all

    return lint_all(targets, overrides, jobs=jobs, fixes=fixes)


def chosen_rules(
    select: Iterable[str], ignore: Iterable[str], *, names: tuple[str, str] = ("select", "ignore")
) -> "Overrides":
    """Return a choice of rules, each text split at commas; `names` are what users call the two. For commands.

    Raises UsageError for an unknown rule.
    """
    from toolkit.lint.selection import Overrides

    return Overrides(_selectors(names[0], select, changes=False), _selectors(names[1], ignore, changes=True))


def _selectors(name: str, texts: Iterable[str], *, changes: bool) -> tuple[str, ...]:
    """Return the selectors of a choice."""
    from toolkit.config.lint import Selector
    from toolkit.errors import InputError, UsageError
    from toolkit.lint.selection import check_selector

    selectors = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
    for selector in selectors:
        try:
            check_selector(Selector(text=selector), changes=changes)
        except InputError as error:
            raise UsageError(f"{name}: {error.message}", hint=error.hint) from None
    return selectors


class Generated(Struct, frozen=True, kw_only=True):
    """What `generate` wrote, or, in a check, would write: `texts` by the paths of the files.

    `findings` are defaults that differ from a program's own, whose contract is its author's.
    """

    folder: Path
    texts: Mapping[Path, str]
    findings: tuple[Finding, ...] = ()

    @property
    def is_fresh(self) -> bool:
        """Whether nothing was to be written, and no finding is an error."""
        return not self.texts and all(finding.severity is not Severity.ERROR for finding in self.findings)


def generate(
    folder: str | os.PathLike[str] = ".", *, check: bool = False, environ: Mapping[str, str] | None = None
) -> Generated:
    """Write the contracts of the functions in a folder, and the tables of its README, as `comp generate` does.

    With `check` nothing is written. Raises InputError for code that cannot be a component and for invalid settings.
    """
    from toolkit.config.project import read_project
    from toolkit.generation import generate as write
    from toolkit.generation import stale_files
    from toolkit.lint.folder import differing_defaults
    from toolkit.lint.selection import selection_of

    given = os.environ if environ is None else environ
    project = read_project(Path(folder), environ=given)
    differing = tuple(selection_of(project.folder).applied(differing_defaults(project, given)))
    texts = stale_files(project, given)
    if not check and texts:
        write(project, given)
    return Generated(folder=project.folder, texts=texts, findings=differing)
