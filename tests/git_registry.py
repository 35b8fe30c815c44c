"""A registry in a bare git repository on this disk, and how others see it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tests.repositories import ENVIRON
from toolkit.registry.place import Place, parse_place


class Upstream(Struct, frozen=True):
    """The repository that publishers push to."""

    folder: Path

    @property
    def place(self) -> Place:
        """The place of the registry."""
        return parse_place(f"git+file://{self.folder}")

    def git(self, *words: str, data: bytes = b"", check: bool = True) -> str:
        """Run git in it, and return its stdout."""
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=ENVIRON, input=data, capture_output=True, check=False, timeout=60
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout.decode()

    def subjects(self, branch: str = "main") -> list[str]:
        """Return the subjects of its commits, the oldest first."""
        return self.git("log", "--format=%s", "--reverse", branch).splitlines()

    def files(self, branch: str = "main") -> list[str]:
        """Return the paths of its files."""
        return self.git("ls-tree", "-r", "--name-only", branch).splitlines()

    def put(self, entries: Mapping[str, tuple[str, bytes]], *, branch: str = "main") -> None:
        """Commit files with any mode and name: MODE and content by path."""
        lines = [f"commit refs/heads/{branch}".encode(), b"committer m <m@example.com> 0 +0000", b"data 3", b"bad"]
        if self.git("rev-parse", "--verify", "-q", branch, check=False):
            lines.append(f"from refs/heads/{branch}^0".encode())
        for path, (mode, data) in entries.items():
            lines += [f"M {mode} inline {path}".encode(), f"data {len(data)}".encode(), data]
        self.git("fast-import", "--quiet", data=b"\n".join([*lines, b""]))


def make_upstream(folder: Path) -> Upstream:
    """Make an empty repository."""
    folder.mkdir(parents=True)
    upstream = Upstream(folder)
    upstream.git("init", "-q", "--bare", "-b", "main")
    return upstream


def environ_for(cache: Path) -> dict[str, str]:
    """Return the environment of one user."""
    return {name: value for name, value in ENVIRON.items() if name != "GIT_ALLOW_PROTOCOL"} | {
        "COMP_CACHE_DIR": str(cache),
        "HOME": os.devnull,
    }
