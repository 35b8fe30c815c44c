"""Projects in git: the commit that a reference names, and its files. Git uses its own credentials.

Nothing of a repository runs: no hooks, no filters, and no transports except https, http, ssh, git and files.
"""

import logging
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from packaging.version import Version

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.git.program import without_hook_variables
from toolkit.redaction import without_login
from toolkit.requirements.origins import GitOrigin
from toolkit.selective import Selective
from toolkit.system import temporary
from toolkit.system.home import tool_environment
from toolkit.system.processes import run

log = logging.getLogger(__name__)

_SECONDS = 600
# Of SHA-1 or SHA-256.
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# The beginning of a commit; git writes seven digits at least.
_SHORT = re.compile(r"[0-9a-f]{7,64}")
_NUMBER = re.compile(r"\d.*")
_CHUNK = 1 << 20
# No questions on the terminal, no helper programs for other protocols, and no filter that runs for large files.
_SETTINGS = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file", "GIT_LFS_SKIP_SMUDGE": "1"}
_HINT = (
    "check the address and the reference; git's own credentials are used (a credential helper, ~/.netrc, an SSH key)"
)


class _Named(Record, frozen=True, kw_only=True):
    """A mark that a reference of a repository named a commit."""

    KIND: ClassVar[str] = "git-named"


class _Version(Record, frozen=True, kw_only=True):
    """The version that tools derive from tags for a commit."""

    KIND: ClassVar[str] = "git-version"

    version: str | None


class _PackedFiles(Record, frozen=True, kw_only=True):
    """The blob with the files of a commit, as a tar archive."""

    KIND: ClassVar[str] = "git-files"

    archive: Digest


class Git(Selective, frozen=True, kw_only=True):
    """The git of this machine, run with the user's variables. The cache keeps commits and their files."""

    HIDDEN = frozenset({"environ"})

    cache: Cache
    environ: Mapping[str, str]

    def commit(self, origin: GitOrigin) -> str:
        """Return the commit that a reference names now. Raises OutsideError when the repository cannot be read."""
        if origin.ref and _FULL.fullmatch(origin.ref):
            return origin.ref
        # With --, an address that begins with a dash is not taken for an option.
        lines = [line.split("\t", 1) for line in self._git(origin, "ls-remote", "--", origin.url).splitlines()]
        listed = {line[1]: line[0] for line in lines if len(line) > 1}
        for name in _candidates(origin):
            if name in listed:
                return listed[name]
        # Last, since a branch or tag may have such a name. Servers do not resolve the beginning of a commit.
        if origin.ref and _SHORT.fullmatch(origin.ref):
            with temporary.folder("git") as folder:
                self._fetch_all(origin, folder, "--filter=tree:0")
                return self._git(
                    origin, "rev-parse", "--verify", "--end-of-options", f"{origin.ref}^{{commit}}", folder=folder
                ).strip()
        raise InputError(f"{origin.address} has no {origin.ref or 'HEAD'}", where=origin.where, hint=_HINT)

    def was_named(self, origin: GitOrigin, commit: str) -> bool:
        """Whether a reference names a commit, or did before: on a server there may be commits of strangers."""
        if not _FULL.fullmatch(commit):
            return False
        # The requirement itself names the commit.
        if origin.ref and _FULL.fullmatch(origin.ref):
            return commit == origin.ref
        key = [origin.address, origin.ref, list(origin.names), commit]
        if self.cache.recall(_Named, key):
            return True
        # A reference moves on, and what it named before is an ancestor of what it names now.
        if self.commit(origin) != commit and not self._is_ancestor(origin, commit):
            return False
        self.cache.remember(key, _Named())
        return True

    def version(self, origin: GitOrigin, commit: str) -> str | None:
        """Return the version that tools derive from tags, as setuptools-scm does by default; None without a tag.

        The commit of a tag has its version; later commits have a development version of the next one.
        """
        key = [origin.address, commit, "version"]
        record = self.cache.recall(_Version, key)
        if record is None:
            record = _Version(version=self._described(origin, commit))
            self.cache.remember(key, record)
        return record.version

    def _described(self, origin: GitOrigin, commit: str) -> str | None:
        """Return the version from `git describe`, None without a tag that has one."""
        with temporary.folder("git") as folder:
            self._fetch_all(origin, folder, "--filter=tree:0")
            try:
                # The options that setuptools-scm gives to git by default.
                description = self._git(
                    origin, "describe", "--tags", "--long", "--match", "*[0-9]*", commit, folder=folder
                ).strip()
            except OutsideError:
                return None
        # The tag itself may have dashes.
        tag, distance, node = description.rsplit("-", 2)
        number = _NUMBER.search(tag)
        try:
            version = Version(number[0]) if number else None
        except ValueError:
            return None
        if version is None or distance == "0":
            return str(version) if version else None
        *first, last = version.release
        # As setuptools-scm's `guess-next-dev`: the next release, or the one that a pre-release precedes.
        following = last if version.is_prerelease else last + 1
        return f"{'.'.join(map(str, (*first, following)))}.dev{distance}+{node}"

    def files(self, origin: GitOrigin, commit: str, folder: Path) -> Path:
        """Write the files of a commit into an empty folder, and return the project's folder in it.

        Raises InputError for links that lead out of the repository, OutsideError when the commit cannot be fetched.
        """
        key = [origin.address, commit]
        record = self.cache.recall(_PackedFiles, key)
        if record is None or not self.cache.has_blob(record.archive):
            record = _PackedFiles(archive=self.cache.store(self._archive(origin, commit))[0])
            self.cache.remember(key, record)
        try:
            with tarfile.open(self.cache.blob_path(record.archive)) as archive:
                # The filter refuses devices and what leads out of the folder (PEP 706).
                archive.extractall(folder, filter="data")
            # It marks the repository's root; else a repository around this folder would count as the root.
            (folder / ".git").mkdir(exist_ok=True)
        except tarfile.TarError as error:
            raise InputError(f"{origin.label(commit)} cannot be used: {error}", where=origin.where) from error
        project = (folder / origin.subdirectory).resolve()
        # The subdirectory may have `..`, and a folder of the repository may be a link.
        if not project.is_relative_to(folder.resolve()) or not project.is_dir():
            raise InputError(
                f"{origin.label(commit)} has no folder {origin.subdirectory}", where=origin.where, hint=_HINT
            )
        return project

    def _archive(self, origin: GitOrigin, commit: str) -> Iterator[bytes]:
        """Return the bytes of a tar with the files of a commit, submodules included."""
        log.info("fetching %s", origin.label(commit))
        with temporary.folder("git") as folder:
            repository, stored = folder / "files", folder / "files.tar"
            repository.mkdir()
            # Not `clone`, which takes branches and tags only in older versions of git.
            self._git(origin, "init", "--quiet", folder=repository)
            try:
                self._git(origin, "fetch", "--quiet", "--depth=1", "--", origin.url, commit, folder=repository)
            except OutsideError:
                # Not every server sends a commit by its name.
                self._fetch_all(origin, repository)
            self._git(origin, "checkout", "--quiet", "--detach", commit, folder=repository)
            # pip and uv take submodules as well.
            if (repository / ".gitmodules").is_file():
                self._git(
                    origin, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1", folder=repository
                )
            with tarfile.open(stored, "w") as archive:
                for path in sorted(repository.iterdir()):
                    if path.name != ".git":
                        archive.add(path, path.name, filter=_without_git)
            with stored.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk

    def _fetch_all(self, origin: GitOrigin, folder: Path, *options: str) -> None:
        """Fetch every branch and tag; with a filter as an option, only the commits."""
        if not (folder / ".git").exists():
            self._git(origin, "init", "--quiet", folder=folder)
        everything = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
        self._git(origin, "fetch", "--quiet", *options, "--", origin.url, *everything, folder=folder)

    def _is_ancestor(self, origin: GitOrigin, commit: str) -> bool:
        """Return whether the commit that a reference names now comes after this one."""
        with temporary.folder("git") as folder:
            self._git(origin, "init", "--quiet", folder=folder)
            self._git(
                origin, "fetch", "--quiet", "--filter=tree:0", "--", origin.url, self.commit(origin), folder=folder
            )
            try:
                self._git(origin, "merge-base", "--is-ancestor", commit, "FETCH_HEAD", folder=folder)
            except OutsideError:
                # Git fails alike for a commit that is unknown, and so not an ancestor.
                return False
            return True

    def _git(self, origin: GitOrigin, command: str, *words: str, folder: Path | None = None) -> str:
        """Run git, and return its stdout. Raises OutsideError."""
        # Git's own logins count, so the user's home and settings stay.
        environment = tool_environment(without_hook_variables(self.environ), self.cache.spare_home) | _SETTINGS
        line = ["git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", command, *words]
        try:
            done = run(line, seconds=_SECONDS, folder=folder, environment=environment)
        except FileNotFoundError as error:
            raise OutsideError(
                "git is not installed", where=origin.where, hint="a requirement is in a git repository"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise OutsideError(
                f"git did not finish with {origin.address} within {_SECONDS} s", where=origin.where
            ) from error
        if done.code:
            message = " ".join(without_login(done.error_text).split())[-600:]
            raise OutsideError(
                f"git cannot use {origin.address}: {message or 'it printed nothing'}", where=origin.where, hint=_HINT
            )
        return done.text


def _candidates(origin: GitOrigin) -> Iterator[str]:
    """Return the names that `git ls-remote` may list a reference under, the first wins."""
    if origin.ref is None:
        yield "HEAD"
        return
    for prefix in origin.names:
        # An annotated tag is an object of its own; its commit is listed with ^{}.
        yield f"{prefix}{origin.ref}^{{}}"
        yield f"{prefix}{origin.ref}"


def _without_git(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Return a member, or None for git's own data, which submodules have as well."""
    return None if Path(member.name).name == ".git" else member
