"""The files of a project that git tracks, for build tools that ask git what belongs to a wheel.

A copy of the project is built. It gets a repository of its own, with one commit that tracks the same files.
"""

import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.config.toml import TomlDocument
from toolkit.errors import OutsideError
from toolkit.system.processes import run

_SECONDS = 60
# Plug-ins of setuptools that ask git for a package's data files.
_ASKING = {"setuptools-scm", "setuptools-git", "setuptools-git-versioning", "vcs-versioning", "pbr"}
# The user's settings do not count, and no program runs that a repository names: hooks, monitors, signing.
_SETTINGS = {
    **dict.fromkeys(("HOME", "XDG_CONFIG_HOME"), os.devnull),
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "comp"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "comp@localhost"),
    # Equal files give an equal commit, whose hash a build may write into its wheel.
    **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1980-01-01T00:00:00Z"),
}
_QUIET = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgSign=false")


def asks_for_files(folder: Path) -> bool:
    """Whether the build of a project asks git which files belong to it."""
    document = TomlDocument.read(folder / "pyproject.toml")
    return document is not None and bool(_ASKING & {*_names(document.strings("build-system", "requires"))})


def tracked_files(folder: Path, environ: Mapping[str, str]) -> frozenset[str] | None:
    """Return the names below a project's folder that git tracks; None if its build does not ask, or without git.

    Raises OutsideError when git fails.
    """
    if not asks_for_files(folder):
        return None
    repository = next((place / ".git" for place in (folder, *folder.parents) if (place / ".git").exists()), None)
    # An empty folder of this name only marks the root of what comp unpacked.
    if repository is None or not (repository.is_file() or (repository / "HEAD").exists()):
        return None
    # The repository may belong to another user, as in containers: safe here, since only names are read.
    listed = _git(["-c", "safe.directory=*", "ls-files", "-z"], folder, environ)
    # With -z, names stay as they are; otherwise git quotes all but ASCII.
    return frozenset(filter(None, listed.split("\0")))


def make_repository(folder: Path, names: Sequence[str], environ: Mapping[str, str]) -> None:
    """Make a repository in a folder, with one commit of these files."""
    # Without a template, which may hold hooks and ignored names.
    _git(["init", "--quiet", "--template=", "."], folder, environ)
    # In a file, as a command line has a limit. With --force, since a tracked file may be one that .gitignore names.
    (folder / ".git" / "names").write_bytes(b"\0".join(map(os.fsencode, names)))
    _git(["add", "--force", "--pathspec-from-file=.git/names", "--pathspec-file-nul"], folder, environ)
    (folder / ".git" / "names").unlink()
    _git(["commit", "--quiet", "--allow-empty", "--no-verify", "--message=comp"], folder, environ)


def _git(words: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    """Run git, and return its stdout. Raises OutsideError."""
    # comp may run in a hook, where such variables name the repository of that hook.
    environment = {name: value for name, value in environ.items() if not name.startswith("GIT_")} | _SETTINGS
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
    """Return the normalised names in requirements; an invalid one has none."""
    for text in requirements:
        try:
            yield canonicalize_name(Requirement(text).name)
        except InvalidRequirement:
            continue
