"""Lint contracts and components' folders: one of them, or many, and then in processes if that is quicker."""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from toolkit.collection.targets import Target, looks_like_a_contract
from toolkit.errors import Finding, InputError, Location
from toolkit.limits import NOTEBOOK_SIZE
from toolkit.lint.linter import first_findings, lint_contract
from toolkit.lint.selection import Overrides, Selection, selection_and_faults
from toolkit.system.moment import one_moment
from toolkit.system.reading import read_foreign

if TYPE_CHECKING:
    from toolkit.lint.fixed_files import FixedFile, Fixes

# A process needs as long to start as a hundred contracts take.
_FEW = 200


class Linted(Struct, frozen=True, kw_only=True):
    """What the linter finds at one place, and the texts of the files that it has read there; none for no contract.

    `faults` are findings about the linter's settings, which other places may have in common. `fixed` are the contracts
    that fixes were asked for, `contracts` the number of all that were checked.
    """

    findings: tuple[Finding, ...]
    sources: Mapping[Path, str]
    seconds: float
    contracts: int = 0
    faults: tuple[Finding, ...] = ()
    fixed: "tuple[FixedFile, ...]" = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one target: `linted`, or the `failure` that ended the work on it, which may be a bug."""

    target: Target
    linted: Linted | None = None
    failure: Exception | None = None


def lint_all(
    targets: Iterable[Target], overrides: Overrides, *, jobs: int, fixes: "Fixes | None" = None
) -> Iterator[Outcome]:
    """Yield the outcome of each target, in order. Findings are not kept here; with `fixes`, they are fixed."""
    rest = iter(targets)
    first = list(islice(rest, _FEW if jobs > 1 else None))
    if jobs > 1 and len(first) == _FEW:
        from toolkit.system.workers import in_processes

        work = partial(lint_target, overrides=overrides, fixes=fixes)
        for target, done in in_processes(work, chain(first, rest), jobs=jobs):
            yield Outcome(target=target, linted=done[0]) if done else _outcome(target, overrides, fixes)
        return
    with one_moment():
        for target in first:
            yield _outcome(target, overrides, fixes)


def lint_target(target: Target, overrides: Overrides, fixes: "Fixes | None" = None) -> Linted:
    """Lint a contract, or a component's folder. Raises InputError and OutsideError for what cannot be read or written.

    With `fixes`, findings about contracts are fixed, and those that are left are returned.
    """
    began = time.monotonic()
    if target.is_found and not looks_like_a_contract(target.path):
        return Linted(findings=(), sources={}, seconds=0)
    selection, faults = _selection(target.path if target.is_folder else target.path.parent, overrides)
    findings: list[Finding] = []
    sources = {fault.where.path: _text_of(fault.where.path) for fault in faults}
    contracts = [target.path]
    if target.is_folder:
        contracts, more = _folder(target)
        findings += selection.applied(finding for finding in more if finding not in faults)
        sources |= {finding.where.path: _text_of(finding.where.path) for finding in more}
    fixed = []
    for contract in contracts:
        more, sources[contract] = lint_contract(contract, selection)
        if fixes:
            done = _fixed(target, contract, sources[contract], more, selection, fixes)
            fixed.append(done)
            more, sources[contract] = first_findings(done.left), done.after
        else:
            more = _lasting(contract, more)
        findings += more
    return Linted(
        findings=tuple(findings),
        sources=sources,
        seconds=time.monotonic() - began,
        contracts=len(contracts),
        faults=faults,
        fixed=tuple(fixed),
    )


def _fixed(
    target: Target, contract: Path, text: str, findings: list[Finding], selection: Selection, fixes: "Fixes"
) -> "FixedFile":
    """Fix a contract; one that the user did not name himself must lie where it was found."""
    from toolkit.lint.fixed_files import fix_file

    inside = target.path if target.is_folder else target.path.parent if target.is_found else None
    return fix_file(contract, text, findings, selection, fixes, inside=inside, environ=os.environ)


def _lasting(contract: Path, findings: list[Finding]) -> list[Finding]:
    """Return findings without fixes that the next `comp generate` would undo."""
    if any(each.fix for each in findings):
        from toolkit.lint.fixed_files import is_generated

        if is_generated(contract, os.environ):
            return [replace(each, fix=None) for each in findings]
    return findings


def _outcome(target: Target, overrides: Overrides, fixes: "Fixes | None") -> Outcome:
    """Lint one target, whatever happens."""
    try:
        return Outcome(target=target, linted=lint_target(target, overrides, fixes))
    except Exception as failure:  # noqa: BLE001 (a bug at one contract does not hide what others have)
        return Outcome(target=target, failure=failure)


def _selection(folder: Path, overrides: Overrides) -> tuple[Selection, tuple[Finding, ...]]:
    """Return the rules for the files in a folder, and what is wrong with their settings, named from here."""
    selection, faults = selection_and_faults(folder, overrides)
    return selection, tuple(replace(fault, where=_located(fault.where)) for fault in faults)


def _folder(target: Target) -> tuple[list[Path], list[Finding]]:
    """Return a component's contracts and the findings about its settings and code, named from the current folder."""
    # Only components' folders need the code that reads settings and modules.
    from toolkit.lint.folder import lint_folder
    from toolkit.scaffold.missing_imports import missing_imports
    from toolkit.scaffold.newer_template import newer_template

    linted = lint_folder(target.path, environ=os.environ)
    # Here and not in `lint_folder`: lint is below scaffold on the ladder and must not import it.
    findings = [*linted.findings, *newer_template(target.path, os.environ)]
    if linted.project:
        findings += missing_imports(linted.project, os.environ)
    contracts = dict.fromkeys(_shown(path) for path in linted.contracts)
    further = dict.fromkeys(_shown(path.absolute()) for path in target.near if looks_like_a_contract(path))
    return [*contracts | further], [replace(finding, where=_located(finding.where)) for finding in findings]


def _text_of(path: Path) -> str:
    """Return the text of a file that has findings; empty if it cannot be read, which may be the finding."""
    try:
        return read_foreign(path, NOTEBOOK_SIZE).decode("utf-8", "replace")
    except (InputError, OSError):
        return ""


def _located(where: Location) -> Location:
    """Return a place whose file is named from the current folder."""
    return replace(where, path=_shown(where.path))


def _shown(path: Path) -> Path:
    """Name a file from the current folder, as editors and CI want it; elsewhere by its whole path."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
