"""A registry in a git repository that takes releases: each is a commit, and the push decides who wins a version."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.git.program import Git
from toolkit.registry.entry import Entry
from toolkit.registry.finding import check_taken
from toolkit.registry.folder import layout
from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.git.beginnings import beginnings
from toolkit.registry.git.clone import Clone
from toolkit.registry.git.commit import CommitRegistry
from toolkit.registry.git.losses import warn_of_losses
from toolkit.registry.git.messages import marks_message, release_message
from toolkit.registry.git.remote import LostRaceError
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.place import Place
from toolkit.registry.release import CONTRACT, Release
from toolkit.registry.semver import Version

log = logging.getLogger(__name__)

# Each loss means that another publisher has won, so that all of them together always get ahead.
_TRIES = 300
_LONGEST_PAUSE = 0.2

# Returns the files of a commit, or None if the registry has them already.
Change = Callable[[CommitRegistry], Mapping[str, bytes] | None]


class GitRegistry:
    """The registry in a clone: `branch` is the one that others read, and `review` another one to publish on."""

    def __init__(self, clone: Clone, branch: str, review: str | None, identity: Git) -> None:
        self._clone = clone
        self._branch = branch
        self._review = review
        self._identity = identity
        # The branch that others read, as it was last fetched, and what this registry says.
        self._base: CommitRegistry | None = self._fetched(branch)
        self._view = self._base
        # What others have, while changes are held.
        self._held: CommitRegistry | None = None

    @classmethod
    def open(
        cls, place: Place, environ: Mapping[str, str], *, review: str | None = None, asks: bool = False
    ) -> "GitRegistry":
        """Open a registry to publish in it; an empty repository becomes one with the first release.

        Raises InputError for a repository of other files, OutsideError.
        """
        clone = Clone(place, environ, Cache.default(environ), asks=asks)
        branch = place.branch or clone.default_branch()
        if review is not None:
            _check_branch(review, clone.git)
            # To publish on the branch itself is no review.
            review = None if review == branch else review
        return cls(clone, branch, review, Git(folder=Path.cwd(), environ=environ))

    @classmethod
    def read(cls, place: Place, environ: Mapping[str, str], *, asks: bool = False) -> CommitRegistry:
        """Return a registry as it is now, or as it was last seen. Raises InputError if it is missing, OutsideError."""
        clone = Clone(place, environ, Cache.default(environ), asks=asks)
        before, commit = clone.last(place.branch), clone.fetch(place.branch)
        if commit is None and place.branch:
            raise InputError(f"{place} has no branch {place.branch}", hint="publishing makes it; or correct its name")
        view = _view(clone, commit)
        view.config()
        warn_of_losses(_view(clone, before), view)
        return view

    @property
    def place(self) -> Place:
        """The repository."""
        return self._clone.place

    def config(self) -> RegistryConfig:
        """Read what the registry says of itself."""
        return self._view.config()

    def names(self) -> list[Name]:
        """Return the name of every component, in order."""
        return self._view.names()

    def versions(self, name: Name) -> list[Version]:
        """Return the versions of a component, in order."""
        return self._view.versions(name)

    def release(self, name: Name, version: Version) -> Release:
        """Read one release record."""
        return self._view.release(name, version)

    def content(self, release: Release, path: str) -> bytes:
        """Read and verify a file of a release."""
        return self._view.content(release, path)

    def marks(self, name: Name) -> Marks:
        """Read the marks of a component."""
        return self._view.marks(name)

    def entries(self, words: Iterable[str] = ()) -> Iterator[Entry]:
        """Yield the entries that have all words."""
        return self._view.entries(words)

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Commit a release and push it; return False if the same contract is there already.

        Raises InputError as `check_taken` does, also if another publisher was faster.
        """

        def change(view: CommitRegistry) -> Mapping[str, bytes] | None:
            """Return the files of the release."""
            check_taken(view, release)
            if release.version in view.versions(release.name):
                return None
            files = {layout.blob(Digest.of(contents[path])): contents[path] for path in _paths(release)}
            return files | {layout.record(release.name, release.version): release.to_bytes()}

        return self._push(change, release_message(release))

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Commit the changed marks of a component and push them; return the marks."""
        done: list[tuple[Marks, Marks]] = []

        def changed(view: CommitRegistry) -> Mapping[str, bytes] | None:
            """Return the file of the marks."""
            before = view.marks(name)
            done.append((before, change(before)))
            return None if done[-1][1] == before else {layout.marks(name): done[-1][1].to_bytes()}

        self._push(changed, lambda: marks_message(name, *done[-1]))
        return done[-1][1]

    def hold(self) -> None:
        """Commit what is published and marked from now on, and push it with `send`; on a branch for review, at once."""
        if not self._review:
            self._held = self._view = self._base or self._fetched(self._branch)

    def send(self) -> bool:
        """Push the commits that were held; return False if the branch has moved, and then they are dropped."""
        base, self._held = self._held, None
        if base is None or self._view.commit == base.commit or self._view.commit is None:
            return True
        # Unless the push says otherwise, others have what they had.
        commit, self._view, self._base = self._view.commit, base, None
        try:
            self._clone.remote.push(commit, self._branch, base.commit)
        except LostRaceError:
            self._base = self._view = self._fetched(self._branch)
            return False
        self._base = self._view = _view(self._clone, commit)
        return True

    def _hold_back(self, change: Change, message: str | Callable[[], str]) -> bool:
        """Commit what `change` returns on top of what is held."""
        files = change(self._view)
        if files is None:
            return False
        commit = self._committed(self._view, files, message if isinstance(message, str) else message())
        self._view = _view(self._clone, commit)
        return True

    def _committed(self, start: CommitRegistry, files: Mapping[str, bytes], words: str) -> str:
        """Return a commit of these files on top of another, the first of a registry with what makes it one."""
        if not start.has_config():
            log.info("making a registry of %s", self.place)
            files = {**files, **beginnings()}
        start.check_room(files)
        return self._clone.write_commit(files, start.commit, words, self._identity)

    def _push(self, change: Change, message: str | Callable[[], str]) -> bool:
        """Push a commit of what `change` returns for the newest view, again while others are faster."""
        if self._held:
            return self._hold_back(change, message)
        target = self._review or self._branch
        for _ in range(_TRIES):
            # An older view is as good at first: the push finds out.
            base, self._base = self._base or self._fetched(self._branch), None
            # A release of the branch that others read is taken on every other branch as well.
            if self._review and change(base) is None:
                return False
            self._view = view = self._fetched(self._review) if self._review else base
            files = change(view)
            if files is None:
                return False
            start = view if view.commit else base
            words = message if isinstance(message, str) else message()
            commit = self._committed(start, files, words)
            try:
                said = self._clone.remote.push(commit, target, view.commit)
            except LostRaceError:
                # The winner's commit is fetched, and tried again on top of it.
                time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 (so that two do not meet again)
                continue
            self._view = _view(self._clone, commit)
            self._base = base if self._review else self._view
            self._report(words, said)
            return True
        raise OutsideError(f"others push to {self.place} faster than this machine", hint="try again")

    def _fetched(self, branch: str) -> CommitRegistry:
        """Return the view of a branch as it is now."""
        before, commit = self._clone.last(branch), self._clone.fetch(branch, fresh=True)
        view = _view(self._clone, commit)
        # A branch for review is rewritten and merged as its owner likes.
        if branch == self._branch:
            warn_of_losses(_view(self._clone, before), view)
        # A repository may have a README and a licence before its first release.
        if commit and not view.has_config() and view.has_folders():
            raise InputError(
                f"{self.place} has other files and is not a registry",
                hint="name an empty repository, or a branch for it: #BRANCH",
            )
        if view.has_config():
            view.config()
        return view

    def _report(self, words: str, said: str) -> None:
        """Say what comes next after a push to a branch for review, and what the server said."""
        if not self._review:
            return
        log.info("pushed %s to the branch %s of %s", words, self._review, self.place)
        for line in said.splitlines():
            log.info("  %s", line)
        log.info(
            "next: open a pull request of %s into %s; readers see it when that is merged", self._review, self._branch
        )


def _view(clone: Clone, commit: str | None) -> CommitRegistry:
    """Return a registry as a commit has it."""
    return CommitRegistry(place=clone.place, commit=commit, objects=clone.objects, kept=clone.rows)


def _paths(release: Release) -> tuple[str, ...]:
    """Return the paths of a release's files, its contract included."""
    return CONTRACT, *(file.path for file in release.files)


def _check_branch(name: str, git: Git) -> None:
    """Raise UsageError for a name that no branch can have."""
    # Git answers this anywhere, also before the clone is made.
    done = Git(folder=Path("/"), environ=git.environ).try_("check-ref-format", "--branch", name)
    if done.code or name.startswith("-"):
        raise UsageError(f"{name!r} cannot be the name of a branch", hint="such as publish/train-1.2.0")
