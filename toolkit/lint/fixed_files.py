"""Fix contracts where they lie: a file is replaced in one step, or not at all.

What `comp generate` writes is left, since the code is its truth, and so is a file outside of the folder that was named.
"""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import CompError, Finding, InputError, Location, OutsideError
from toolkit.limits import CONTRACT_SIZE
from toolkit.lint.fixing import fixable, fixed
from toolkit.lint.linter import lint_text
from toolkit.lint.selection import Selection
from toolkit.system.atomic import replace_text
from toolkit.system.moment import once
from toolkit.system.os_errors import refusal as refusal_of


class Fixes(Struct, frozen=True, kw_only=True):
    """What is asked for: fixes that need a look too (`unsafe`), and whether files are written or only compared."""

    unsafe: bool = False
    write: bool = True


class FixedFile(Struct, frozen=True, kw_only=True):
    """A contract before and after its fixes, the number of findings that they removed, and those that are left.

    What is left has no fix that was asked for: its layout does not allow it. `refusal` says why a contract with fixes
    was left as it is, `failure` why it could not be written.
    """

    path: Path
    before: str
    after: str
    made: int
    left: tuple[Finding, ...]
    refusal: str = ""
    failure: InputError | OutsideError | None = None

    def diff(self) -> str:
        """Return what changes, as a unified diff; a line keeps its line end."""
        # Only `--diff` needs it.
        from difflib import unified_diff

        # `patch` and git end lines at line feeds alone, `splitlines` at form feeds and others too.
        lines = (StringIO(self.before, newline="\n").readlines(), StringIO(self.after, newline="\n").readlines())
        name = str(Location(path=self.path))
        return "".join(_ended(line) for line in unified_diff(*lines, name, name))


def fix_file(
    path: Path,
    text: str,
    findings: Sequence[Finding],
    selection: Selection,
    fixes: Fixes,
    *,
    inside: Path | None,
    environ: Mapping[str, str],
) -> FixedFile:
    """Fix the contract at `path`, which has `text` and `findings`; with `inside`, only if it lies in that folder.

    A file that cannot be written, or changed meanwhile, is left with its findings.
    """
    refusal, result = "", None
    if any(fixable(finding, unsafe=fixes.unsafe) for finding in findings):
        refusal = _refusal(path, inside, environ)
        if not refusal:
            result = fixed(text, path, lambda text: lint_text(text, path, selection), unsafe=fixes.unsafe)
    if result is None or result.text == text:
        return FixedFile(path=path, before=text, after=text, made=0, left=_left(findings, fixes), refusal=refusal)
    if fixes.write and (failure := _failure(path, text, result.text)):
        return FixedFile(path=path, before=text, after=text, made=0, left=tuple(findings), failure=failure)
    left = _left(result.left, fixes)
    return FixedFile(path=path, before=text, after=result.text, made=len(result.made), left=left)


def is_generated(contract: Path, environ: Mapping[str, str]) -> bool:
    """Return whether `comp generate` writes a contract, by the settings of its component; not if they are invalid."""
    # The contract of the main component lies in the folder, those of the others in `components/`.
    return any(
        _real(contract) in once(("generated", folder), partial(_generated, folder, environ))
        for folder in (contract.parent, contract.parent.parent)
        if (folder / "pyproject.toml").is_file()
    )


def _generated(folder: Path, environ: Mapping[str, str]) -> frozenset[str]:
    """Return the real paths of the contracts that `comp generate` writes for a component."""
    # It takes long to import, and most contracts have no fixes.
    from toolkit.config.project import read_project

    try:
        project = read_project(folder, environ=environ)
    except InputError:
        return frozenset()
    return frozenset(_real(entry.contract) for entry in project.entries if entry.entrypoint)


def _left(findings: Sequence[Finding], fixes: Fixes) -> tuple[Finding, ...]:
    """Return findings without the fixes that were tried in vain."""
    return tuple(replace(each, fix=None) if fixable(each, unsafe=fixes.unsafe) else each for each in findings)


def _refusal(path: Path, inside: Path | None, environ: Mapping[str, str]) -> str:
    """Return why a contract is left as it is; empty if it may be fixed."""
    if is_generated(path, environ):
        return "`comp generate` writes it: change the code or the settings"
    if inside is not None and not Path(_real(path)).is_relative_to(_real(inside)):
        return "it is a link to a file elsewhere: name that file"
    return ""


def _failure(path: Path, before: str, after: str) -> InputError | OutsideError | None:
    """Replace a file by its fixed text, and return why that is impossible; None if it is done."""
    try:
        replace_text(path, before, after, CONTRACT_SIZE)
    except InputError as error:
        return error
    except (CompError, OSError) as error:
        known = error if isinstance(error, CompError) else refusal_of(error, f"cannot write {path}")
        if known is None:
            raise
        # Without its cause, and of a class that a process can send.
        return OutsideError(known.message, hint=known.hint)
    return None


def _real(path: Path) -> str:
    """Return the path of a file without links."""
    return os.path.realpath(path)


def _ended(line: str) -> str:
    """Return a line of a diff with a line end: the last line of a file may have none."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
