"""Run git in a repository that may be a stranger's: no program starts that its settings name, and nothing is fetched.

Git runs programs from a repository's settings: filters, monitors, hooks, external diffs. Each is switched off here, or
is never asked for.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from types import MappingProxyType

from msgspec.structs import replace

from toolkit.errors import OutsideError, UsageError
from toolkit.selective import Selective
from toolkit.system.processes import Finished, run

_SECONDS = 600
# Git sets these for its hooks, in which comp may run: they would name the repository of the hook.
_OF_HOOKS = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"),
    *("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"),
)
_VARIABLES = {
    # Git would write a refreshed index, and run the hook for that.
    "GIT_OPTIONAL_LOCKS": "0",
    # A partial clone would fetch what it lacks. Older versions of git know the second one only.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
    # Errors are recognised by their words.
    "LC_ALL": "C",
    "LANGUAGE": "C",
}
_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    # A setting that makes git refuse files with mixed line ends.
    "core.safecrlf": "false",
}
_QUOTED = re.compile(r" '(/[^']*)'")
_FIRST_WITH_VARIABLES = [2, 31]
_OFF = {"clean": "", "smudge": "", "process": "", "required": "false"}


def without_hook_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that name another repository than that of the folder."""
    return {name: value for name, value in environ.items() if name not in _OF_HOOKS}


class Git(Selective, frozen=True, kw_only=True):
    """The git of this machine in one folder; `filters` are the names of the filters that are switched off.

    `variables` come last in its environment.
    """

    HIDDEN = frozenset({"environ", "variables"})
    IGNORED = frozenset({"variables"})

    folder: Path
    environ: Mapping[str, str]
    filters: tuple[str, ...] = ()
    variables: Mapping[str, str] = MappingProxyType({})

    def try_(self, *words: str, data: bytes = b"") -> Finished:
        """Return how git ended, with any exit code. Raises OutsideError if it is missing or takes too long."""
        try:
            return run(
                self._line(words), seconds=_SECONDS, data=data, folder=self.folder, environment=self._variables()
            )
        except FileNotFoundError as error:
            raise OutsideError("git is not installed", hint="apt-get install git") from error
        except subprocess.TimeoutExpired as error:
            raise OutsideError(f"git did not finish in {self.folder} within {_SECONDS} s") from error

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a git that reads stdin and writes stdout. Raises OutsideError if it is missing."""
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(
                self._line(words),
                stdin=pipe,
                stdout=pipe,
                stderr=subprocess.DEVNULL,
                cwd=self.folder,
                env=self._variables(),
            )
        except FileNotFoundError as error:
            raise OutsideError("git is not installed", hint="apt-get install git") from error

    def get(self, *words: str, data: bytes = b"") -> bytes:
        """Return the stdout of git. Raises OutsideError if it fails."""
        done = self.try_(*words, data=data)
        if done.code:
            raise self.failure(done)
        return done.out

    def failure(self, done: Finished) -> OutsideError | UsageError:
        """Return the error for a git that failed."""
        text = " ".join(done.error_text.split())
        if "not a git repository" in text:
            return UsageError(f"{self.folder} is not in a git repository", hint="run it in a clone of your repository")
        if "dubious ownership" in text or "unsafe repository" in text:
            named = _QUOTED.search(text)
            place = named[1] if named else str(self.folder)
            return OutsideError(
                f"git refuses the repository {place}: it belongs to another user",
                hint=f"if you trust it: git config --global --add safe.directory {quote(place)}",
            )
        lazy = "lazy fetching disabled" in text or "promisor remote" in text or "transport 'none'" in text
        # Git does not always say why it has no tree.
        if lazy or ("bad tree object" in text and self._is_partial()):
            return _lacks_objects(self.folder, text)
        return OutsideError(f"git cannot read the repository around {self.folder}: {text[-600:] or done.code}")

    def _is_partial(self) -> bool:
        """Return whether the clone was made without some objects, which git would fetch when it needs them."""
        return self.try_("config", "--get-regexp", r"^remote\..*\.promisor$").code == 0

    def _off(self) -> dict[str, str]:
        """Return the settings that switch filters off."""
        return {f"filter.{name}.{key}": value for name in self.filters for key, value in _OFF.items()}

    def _line(self, words: Sequence[str]) -> list[str]:
        """Return the command line, with the settings that can stand on one."""
        # A name with a = cannot stand on a command line, and old versions of git read no settings in the environment.
        settings = [f"{key}={value}" for key, value in (_SETTINGS | self._off()).items() if "=" not in key]
        return ["git", *(word for setting in settings for word in ("-c", setting)), *words]

    def _variables(self) -> dict[str, str]:
        """Return the environment, with the other settings in it."""
        settings = {key: value for key, value in self._off().items() if "=" in key}
        variables = without_hook_variables(self.environ) | _VARIABLES
        # After the user's own: the last one counts.
        count = variables.get("GIT_CONFIG_COUNT", "")
        first = int(count) if count.isascii() and count.isdigit() else 0
        for index, (key, value) in enumerate(settings.items(), first):
            variables |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
        count_variable = {"GIT_CONFIG_COUNT": str(first + len(settings))} if settings else {}
        return {**variables, **count_variable, **self.variables}


def without_filters(git: Git) -> Git:
    """Return a git that runs no filter of the settings of the machine, the user or the repository.

    Raises OutsideError if git is too old to switch one off.
    """
    # Exit code 1 means that there are none.
    done = git.try_("config", "-z", "--name-only", "--get-regexp", r"^filter\.")
    keys = [os.fsdecode(key) for key in done.out.split(b"\0") if key]
    names = tuple(dict.fromkeys(key.partition(".")[2].rpartition(".")[0] for key in keys))
    if any("=" in name for name in names):
        version = git.try_("version").text.split()[2:3]
        numbers = [int(part) for part in "".join(version).split(".")[:2] if part.isdigit()]
        if numbers < _FIRST_WITH_VARIABLES:
            raise OutsideError(
                f"git {'.'.join(version)} is too old for the filters of the repository around {git.folder}",
                hint="install git 2.31 or later",
            )
    return replace(git, filters=names)


def _lacks_objects(folder: Path, text: str) -> OutsideError:
    """Return the error for a partial clone without the objects that are needed."""
    return OutsideError(
        f"the clone around {folder} is partial and lacks what is needed: {text[-300:]}",
        hint="git fetch --refetch --filter=blob:none; in actions/checkout use `filter: blob:none`, not `tree:0`",
    )
