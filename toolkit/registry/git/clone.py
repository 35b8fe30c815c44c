"""The clone of a registry's repository in the cache: fetched before use, one process at a time, used offline.

    registries/<hex>/repository   a bare repository without settings or hooks of others
    registries/<hex>/fetched      its time is that of the last fetch
    registries/<hex>/rows-…       what lists need of a branch, see `toolkit.registry.git.rows`

Whatever a killed process left in it is made anew from the server; nothing in it is the only copy.
"""

import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from toolkit.cache import failures
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, NoAnswerError, OutsideError, RemoteError, UsageError
from toolkit.git.objects import Objects
from toolkit.git.program import Git
from toolkit.registry.git.remote import GitRemote
from toolkit.registry.offline import HINT, ago, is_offline
from toolkit.registry.place import Place
from toolkit.system.held import held
from toolkit.words import some_of

log = logging.getLogger(__name__)

_USUAL = "main"
_WRITABLE = "name a folder that can be written with COMP_CACHE_DIR"
_NAME_LENGTH = 32
# `Ann <ann@example.com> 1735689600 +0000`
_IDENTITY = re.compile(r"(.*?) ?<(.*)> \d+ [+-]\d{4}\s*")
# A reference that fast-import needs, and removes before it ends.
_WORK = "refs/comp/work"
# As long as an id.
_SHA1 = "0" * 40


class Clone:
    """The clone of the repository at `place`; `asks` lets git ask for a password on the terminal."""

    def __init__(self, place: Place, environ: Mapping[str, str], cache: Cache, *, asks: bool = False) -> None:
        self.place = place
        self._offline = is_offline(environ)
        self._environ = environ
        # The address without a login: a clone is of this user alone, whatever the login was.
        name = Digest.of(str(replace(place, branch=None)).encode()).hex[:_NAME_LENGTH]
        self.folder = cache.root / "registries" / name
        self._repository = self.folder / "repository"
        self._cache = cache
        with self._alone():
            if not (self._repository / "HEAD").is_file():
                self._make(self._repository)
        self.remote = GitRemote.of(place.address, self._repository, environ, asks=asks)
        self.git = Git(folder=self._repository, environ=environ)
        self.objects = Objects(self.git)
        # What lists need of the branch that is read.
        self.rows = self.folder / f"rows-{Digest.of((place.branch or '').encode()).hex[:_NAME_LENGTH]}.jsonl"
        self._warned = False

    def fetch(self, branch: str | None, *, fresh: bool = False) -> str | None:
        """Return the commit of a branch, or of the default one, after fetching it; None if it is missing.

        If the server cannot be reached, that of the last fetch is taken, with a warning that says how old it is; if it
        has to be `fresh`, that is an error. Raises OutsideError.
        """
        reference = _reference(branch)
        with self._alone():
            if self._offline or not os.access(self._repository, os.W_OK):
                return self._kept(reference, branch, fresh=fresh)
            try:
                found = self._fetched(branch, reference)
            except NoAnswerError as error:
                commit = self._commit(reference)
                if commit is None or fresh:
                    raise
                self._say_age(error.message)
                return commit
            (self.folder / "fetched").touch()
            return self._commit(reference) if found else None

    def last(self, branch: str | None) -> str | None:
        """Return the commit that a branch, or the default one, had at the last fetch; None before the first."""
        return self._commit(_reference(branch))

    def default_branch(self) -> str:
        """Return the name of the branch that readers get if they name none. Raises OutsideError, InputError."""
        branches = self.remote.branches()
        if branches.default is not None:
            return branches.default
        if not branches.commits or _USUAL in branches.commits:
            return _USUAL
        if len(branches.commits) == 1:
            return next(iter(branches.commits))
        raise InputError(
            f"{self.place} has no default branch",
            hint=f"name one: {self.place}#BRANCH; it has {some_of(sorted(branches.commits))}",
        )

    def write_commit(self, files: Mapping[str, bytes], parent: str | None, message: str, identity: Git) -> str:
        """Write a commit with these files added to its parent, and return its id; no branch moves.

        The author is that of `identity`, a git in the user's own folder. Raises UsageError without one.
        """
        done = self.git.try_("fast-import", "--quiet", "--done", "--date-format=raw", data=_stream(files, parent))
        if done.code:
            raise self.git.failure(done)
        tree = f"{done.text.split()[0]}^{{tree}}"
        author = _identity(identity)
        git = replace(self.git, variables=author)
        # Hosts can demand signatures; the key is the user's own setting, since the clone has none.
        signed = git.try_("config", "--type=bool", "--get", "commit.gpgSign").text.strip() == "true"
        words = ("commit-tree", *(("-S",) if signed else ()), *(("-p", parent) if parent else ()), "-F", "-", tree)
        return git.get(*words, data=f"{message}\n".encode()).decode().strip()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other process change the clone during the block."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._cache.use(self.folder)
            with held(self.folder):
                yield
        except OSError as error:
            raise failures.unwritable_cache(self._cache.root, error) from error

    def _fetched(self, branch: str | None, reference: str) -> bool:
        """Fetch a branch; if the clone is damaged, into a new one."""
        try:
            return self._fetch(self.remote, branch, reference)
        except RemoteError:
            raise
        except OutsideError as error:
            # A process that was killed leaves locks, and half of what it wrote.
            new = self.folder / "new"
            shutil.rmtree(new, ignore_errors=True)
            self._make(new)
            try:
                found = self._fetch(replace(self.remote, git=replace(self.remote.git, folder=new)), branch, reference)
            except OutsideError:
                raise error from None
            log.info("made the clone of %s anew", self.place)
            self.objects.close()
            gone = self.folder / "gone"
            shutil.rmtree(gone, ignore_errors=True)
            self._repository.rename(gone)
            new.rename(self._repository)
            shutil.rmtree(gone, ignore_errors=True)
            return found

    def _fetch(self, remote: GitRemote, branch: str | None, reference: str) -> bool:
        """Fetch a branch; if there is no default one, the one that `default_branch` takes for it."""
        return remote.fetch(branch, reference) or (branch is None and remote.fetch(self.default_branch(), reference))

    def _make(self, folder: Path) -> None:
        """Make an empty repository, in one step."""
        made = folder.with_name("made")
        shutil.rmtree(made, ignore_errors=True)
        # Without a template no hooks are copied into it.
        Git(folder=self.folder, environ=self._environ).get("init", "--quiet", "--bare", "--template=", made.name)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)

    def _commit(self, reference: str) -> str | None:
        """Return the commit that was last fetched; None before the first."""
        done = self.git.try_("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
        return None if done.code else done.text.strip()

    def _kept(self, reference: str, branch: str | None, *, fresh: bool) -> str:
        """Return the commit that was last fetched, without fetching.

        Raises OutsideError if there is none, or if it has to be fresh.
        """
        why = "comp is offline" if self._offline else f"{self.folder} cannot be written"
        hint = HINT if self._offline else _WRITABLE
        if fresh:
            raise OutsideError(f"nothing can be published in {self.place}: {why}", hint=hint)
        commit = self._commit(reference)
        if commit is None:
            what = f"the branch {branch} of {self.place}" if branch else str(self.place)
            raise OutsideError(f"{what} was never fetched here, and {why}", hint=hint)
        self._say_age(None if self._offline else why)
        return commit

    def _say_age(self, problem: str | None) -> None:
        """Say once how old is what the clone has; a `problem` makes it a warning."""
        if self._warned:
            return
        self._warned = True
        fetched = self.folder / "fetched"
        age = ago(time.time() - fetched.stat().st_mtime) if fetched.exists() else "some time ago"
        if problem:
            log.warning("%s; using what was fetched of %s %s", problem, self.place, age)
        else:
            log.info("offline: using what was fetched of %s %s", self.place, age)


def _reference(branch: str | None) -> str:
    """Return what names the commit of a branch in the clone."""
    return f"refs/comp/heads/{branch}" if branch else "refs/comp/HEAD"


def _stream(files: Mapping[str, bytes], parent: str | None) -> bytes:
    """Return what `git fast-import` reads to make a commit and print its id (git-fast-import(1), "INPUT FORMAT")."""
    work = f"{_WORK}-{os.urandom(4).hex()}".encode()
    lines = [b"commit " + work, b"mark :1", b"committer comp <comp> 0 +0000", b"data 0"]
    if parent:
        lines.append(f"from {parent}".encode())
    for path, data in sorted(files.items()):
        lines += [f"M 100644 inline {path}".encode(), f"data {len(data)}".encode(), data]
    # The zeros remove the reference, so that a killed process leaves none.
    zeros = b"0" * len(parent or _SHA1)
    return b"\n".join([*lines, b"", b"get-mark :1", b"reset " + work, b"from " + zeros, b"", b"done", b""])


def _identity(git: Git) -> dict[str, str]:
    """Return the variables with the user's name and address, as git finds them. Raises UsageError without them."""
    variables: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        done = git.try_("var", f"GIT_{role}_IDENT")
        match = _IDENTITY.fullmatch(done.text)
        if done.code or not match:
            raise UsageError(
                "git does not know who you are, and a release is a commit of yours",
                hint='git config --global user.name "NAME", and user.email; in CI GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, '
                "GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL",
            )
        variables |= {f"GIT_{role}_NAME": match[1], f"GIT_{role}_EMAIL": match[2]}
    return variables
