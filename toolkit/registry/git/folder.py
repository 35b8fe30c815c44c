"""A registry in a folder of the user's own work tree: what is published there is committed there, and not pushed."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit.errors import CompError, OutsideError
from toolkit.git.program import Git, without_filters
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.git.beginnings import DERIVED_FROM, GITATTRIBUTES, GITIGNORE
from toolkit.registry.git.messages import marks_message, release_message
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.release import Release

log = logging.getLogger(__name__)

# What a commit may have: nothing else of the user's, and nothing that is derived, which git ignores.
_COMMITTED = (GITATTRIBUTES, GITIGNORE, layout.BLOBS, layout.COMPONENTS, layout.CONFIG)


class GitFolder(Directory):
    """The registry at `root`, whose config says that it is in git; `environ` is for git."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        super().__init__(root)
        self._git = Git(folder=root, environ=environ)

    def follow(self) -> None:
        """Make the derived files again if git brought others' releases since they were made.

        Without the right to write, lists are a moment behind.
        """
        head = self._head()
        if head is None or head == self._derived_from():
            return
        try:
            self.reindex()
            self._note(head)
        except OutsideError as error:
            log.debug("%s", error)

    def publish(self, release: Release, contents: Mapping[str, bytes]) -> bool:
        """Add a release and commit it; see `Directory`. Raises OutsideError if git cannot commit it."""
        new = super().publish(release, contents)
        # Also what an earlier publisher could not commit.
        self._commit(release_message(release))
        return new

    def change_marks(self, name: Name, change: Callable[[Marks], Marks]) -> Marks:
        """Change the marks of a component and commit them; see `publish`."""
        before = self.marks(name)
        after = super().change_marks(name, change)
        self._commit(marks_message(name, before, after))
        return after

    def _commit(self, message: str) -> None:
        """Commit what is new in the registry, and nothing else that the user may have staged."""
        if self._git.try_("rev-parse", "--is-inside-work-tree").text.strip() != "true":
            log.warning("%s is not in a work tree of git: nothing is committed", self.root)
            return
        paths = [path for path in _COMMITTED if (self.root / path).exists()]
        # One publisher at a time, since git's index has one writer.
        with self.writing():
            git = without_filters(self._git)
            before = self._head()
            try:
                git.get("add", "--", *paths)
                # Exit code 0: nothing is new.
                if git.try_("diff", "--cached", "--quiet", "--", *paths).code == 0:
                    return
                # Hooks and a program for signatures are settings of the repository, and none of those run.
                words = ("commit", "--quiet", "--no-gpg-sign", "--no-verify", "--only", "--file=-", "--", *paths)
                git.get(*words, data=f"{message}\n".encode())
            except CompError as error:
                raise OutsideError(
                    f"{message} is in {self.root}, and git cannot commit it: {error.message}",
                    hint="mend that and publish the same again, or commit the folder yourself",
                ) from error
        if before == self._derived_from() and (head := self._head()):
            self._note(head)

    def _head(self) -> str | None:
        """Return the commit of the work tree; None without one."""
        done = self._git.try_("rev-parse", "--verify", "--quiet", "HEAD")
        return None if done.code else done.text.strip()

    def _derived_from(self) -> str | None:
        """Return the commit that the derived files are made of; None if that is not known."""
        try:
            return self._storage.read(DERIVED_FROM).decode(errors="replace").strip()
        except (OSError, CompError):
            return None

    def _note(self, commit: str) -> None:
        """Note which commit the derived files are made of."""
        with self.writing() as storage:
            storage.replace(DERIVED_FROM, f"{commit}\n".encode())
