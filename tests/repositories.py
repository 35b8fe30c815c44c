"""Git repositories for tests: no settings of this machine or its user count."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "a@example.com"),
    # Submodules and clones from a folder.
    "GIT_ALLOW_PROTOCOL": "file",
}


class Repo(Struct, frozen=True):
    """A repository in a folder, on the branch `main`."""

    folder: Path

    def git(self, *words: str | Path) -> str:
        """Run git, expect success, and return its stdout without the last line end."""
        command = ["git", *map(str, words)]
        done = subprocess.run(
            command, cwd=self.folder, env=ENVIRON, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.removesuffix("\n")

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files by path, and remove those that are None."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes | None] | None = None) -> str:
        """Write files, commit everything, and return the commit."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")
        return self.git("rev-parse", "HEAD")


def make_repository(folder: Path, files: Mapping[str, str | bytes | None] | None = None) -> Repo:
    """Make a repository, with one commit of these files if there are some."""
    folder.mkdir(parents=True, exist_ok=True)
    repo = Repo(folder)
    repo.git("init", "--quiet", "--initial-branch=main")
    if files:
        repo.commit(files)
    return repo


def clone(source: Repo, folder: Path, *options: str) -> Repo:
    """Clone a repository by the transport that servers use, with options such as `--depth=1`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    Repo(folder.parent).git("clone", "--quiet", *options, f"file://{source.folder}", folder)
    return Repo(folder)
