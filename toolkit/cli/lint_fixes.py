"""`comp lint --fix` and `--diff`: fix findings, or show what would change."""

from typing import TYPE_CHECKING

import click

from toolkit.cli.console import Console
from toolkit.cli.failures import print_failure
from toolkit.errors import UsageError
from toolkit.words import counted

if TYPE_CHECKING:
    from toolkit.collection.linting import Linted
    from toolkit.lint.fixed_files import Fixes

fix_option = click.option(
    "--fix", is_flag=True, help="Fix what has a safe fix in the contracts, and report what is left."
)
unsafe_option = click.option(
    "--unsafe-fixes",
    "unsafe",
    is_flag=True,
    help="With --fix or --diff: also fixes that may change what a component does.",
)
diff_option = click.option(
    "--diff", is_flag=True, help="Show what --fix would change, and write nothing; exit with 1 if it would."
)


class Fixing:
    """The fixes of one run. Without an option nothing is fixed."""

    def __init__(self, *, fix: bool, unsafe: bool, diff: bool, form: str) -> None:
        """Raise UsageError for options that do not go together."""
        if fix and diff:
            raise UsageError("--fix writes and --diff does not", hint="give one of them")
        if unsafe and not (fix or diff):
            raise UsageError("--unsafe-fixes alone fixes nothing", hint="write --fix --unsafe-fixes, or --diff")
        if diff and form != "text":
            raise UsageError(f"--diff has no format {form}", hint="leave out --format, or use --fix")
        self._fix, self._unsafe, self.only_shows = fix, unsafe, diff
        self._made = self._files = 0

    @property
    def asked(self) -> "Fixes | None":
        """What the linter should fix; None for nothing."""
        if not (self._fix or self.only_shows):
            return None
        from toolkit.lint.fixed_files import Fixes

        return Fixes(unsafe=self._unsafe, write=self._fix)

    def add(self, linted: "Linted", console: Console) -> bool:
        """Take what was fixed at one place, print it if it should be shown, and return whether it changes anything."""
        changed = [each for each in linted.fixed if each.after != each.before]
        self._made += sum(each.made for each in changed)
        self._files += len(changed)
        for each in linted.fixed:
            if each.refusal:
                console.warn(f"{each.path} is left as it is: {each.refusal}")
        if self.only_shows:
            for each in changed:
                console.document(each.diff())
        return bool(changed)

    @staticmethod
    def failed(linted: "Linted") -> int:
        """Print why contracts could not be written, and return the worst exit code; 0 if they all could."""
        failures = (each.failure for each in linted.fixed if each.failure)
        return max((print_failure(failure) for failure in failures), default=0)

    def end(self, console: Console) -> None:
        """Say how much was fixed."""
        if not self.asked:
            return
        done = "would fix" if self.only_shows else "fixed"
        changed = f"{done} {counted(self._made, 'finding')} in {counted(self._files, 'file')}"
        console.say(changed if self._made else "nothing to fix")
