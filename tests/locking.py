"""A component that is locked for one made-up base, and repositories that it requires."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tests.artifacts import component
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock, refresh_lock
from toolkit.python.target import Base
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin
from toolkit.system.turns import Shared


class Locking(Struct):
    """A component with settings of its own, locked for one made-up base."""

    folder: Path
    context: BuildContext
    base: Base

    def project(self, dependencies: Sequence[str], settings: str = "", **changes: Any) -> Project:  # noqa: ANN401
        made = component(self.folder)
        text = f'[project]\nname = "x"\nversion = "1"\ndependencies = {list(dependencies)!r}\n{settings}\n'
        made.pyproject.write_text(text)
        allowed = {"allow_builds": ("lib", "near", "made"), **changes}
        return replace(made, dependencies=tuple(dependencies), **allowed)

    def lock(self, dependencies: Sequence[str], settings: str = "", **changes: Any) -> dict[str, Pin]:  # noqa: ANN401
        """Lock anew; the lock has to be fresh, pass verification, and read back the same."""
        made = self.project(dependencies, settings, **changes)
        made.lock.unlink(missing_ok=True)
        # Each lock is that of a new command.
        context = replace(self.context, shared=Shared())
        lock = refresh_lock(made, (self.base,), context)
        assert existing_lock(made) == lock
        self.again(made)
        as_pylock = replace(made, lock=made.folder / "pylock.toml")
        as_pylock.lock.unlink(missing_ok=True)
        assert refresh_lock(as_pylock, (self.base,), context) == existing_lock(as_pylock) == lock
        return {pin.name: pin for pin in lock.pins[self.base.target.platform]}

    def again(self, made: Project) -> Lock:
        """Use the lock as `--locked` does, with an empty cache."""
        cache = Cache(self.folder.parent / f"cache-{os.urandom(4).hex()}")
        elsewhere = replace(self.context, cache=cache, shared=Shared())
        return refresh_lock(made, (self.base,), elsewhere, locked=True)


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, message: str = "one") -> str:
    if not (folder / ".git").is_dir():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")
