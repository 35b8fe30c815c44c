"""Which files of a project git tracks, for build tools that ask it what belongs to a wheel.

What is built is a copy; it gets a repository of its own, with one commit that tracks the same files.
"""

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.home import tool_environment
from toolkit.processes import run
from toolkit.toml import Document

_SECONDS = 60
# Plug-ins of setuptools that take a package's data files from git.
_ASKING = {"setuptools-scm", "setuptools-git", "setuptools-git-versioning", "vcs-versioning", "pbr"}
# Nothing of the user's settings, and no programs that a repository names: hooks, monitors, filters of signatures.
_SETTINGS = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "comp"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "comp@localhost"),
    **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1980-01-01T00:00:00Z"),
}
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false")


def asks_for_files(folder: Path) -> bool:
    """Tell whether the build of a project asks git what belongs to it."""
    document = Document.read(folder / "pyproject.toml")
    return document is not None and bool(_ASKING & {*_names(document.strings("build-system", "requires"))})


def tracked_files(folder: Path) -> frozenset[str] | None:
    """Give the names below a project's folder that git tracks; None where its build does not ask, or there is no git.

    Raises OutsideError when git does not answer.
    """
    if not asks_for_files(folder):
        return None
    repository = next((place / ".git" for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    # A folder is no repository for being called so: what is unpacked here marks its end like this.
    if repository is None or not (repository.is_file() or (repository / "HEAD").exists()):
        return None
    # The repository may be another user's, as in containers: only names are read.
    listed = _git(["-c", "safe.directory=*", "ls-files", "-z"], folder)
    return frozenset(filter(None, listed.split("\0")))


def make_repository(folder: Path, names: Sequence[str]) -> None:
    """Make a repository in a folder, with one commit of these files."""
    _git(["init", "--quiet", "--template=", "."], folder)
    (folder / ".git" / "names").write_bytes(b"\0".join(map(os.fsencode, names)))
    _git(["add", "--force", "--pathspec-from-file=.git/names", "--pathspec-file-nul"], folder)
    (folder / ".git" / "names").unlink()
    _git(["commit", "--quiet", "--allow-empty", "--no-verify", "--message=comp"], folder)


def _git(words: Sequence[str], folder: Path) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = tool_environment(own, Cache.default().spare_home) | _SETTINGS
    try:
        done = run(["git", *_QUIET, *words], seconds=_SECONDS, folder=folder, environment=environment)
    except FileNotFoundError as error:
        raise OutsideError(
            f"git is not installed, and the build of {folder} asks it for its files", hint="apt-get install git"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"git did not finish in {folder} within {_SECONDS} s") from error
    if done.code:
        raise OutsideError(f"git does not work in {folder}: {' '.join(done.error_text.split())[-600:]}")
    return os.fsdecode(done.out)


def _names(requirements: Iterable[str]) -> Iterable[str]:
    for text in requirements:
        try:
            yield canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
