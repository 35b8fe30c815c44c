"""A user at work: a running `comp … --watch`, and files that are saved meanwhile. Bounds are those of a hang."""

import queue
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.commands import COMP, ok

HANGS = 60
SETTINGS = """[project]
name = "greet"
version = "1.0"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "greet:greet"
"""
CODE = '''def greet(name: str) -> str:
    """Greet.

    Args:
        name: Whom.
    """
    return f"hello {name}"
'''


class Session:
    """A running `comp … --watch`, and the lines that it prints, in the order in which they come."""

    def __init__(self, *arguments: str | Path, folder: Path) -> None:
        self.process = subprocess.Popen(
            [COMP, *arguments, "--watch"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A shell starts what runs in the background with SIGINT ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (no threads yet)
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as stream:
            for line in stream:
                self.lines.put(line.rstrip("\n"))

    def until(self, pattern: str) -> str:
        """Wait for a line that matches, and return it."""
        deadline = time.monotonic() + HANGS
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"no {pattern!r} after\n" + "\n".join(self.seen))
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def image(self) -> str:
        """Wait for the end of a build, and return what it printed."""
        image = self.until(r"^(\S+@)?sha256:[0-9a-f]{64}$")
        self.until(r"^built in \d+\.\d\d s$")
        return image

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=HANGS)

    def close(self) -> None:
        """End it in any case."""
        self.process.kill()
        self.process.wait(timeout=HANGS)
        self.reader.join(timeout=HANGS)


def save(path: Path, text: str) -> None:
    """Save as editors do: a backup, a new file, a rename."""
    backup, new = path.with_name(path.name + "~"), path.with_name(f".{path.name}.new")
    if path.exists():
        shutil.copy2(path, backup)
    new.write_text(text)
    new.rename(path)
    backup.unlink(missing_ok=True)


def greeting(folder: Path) -> Path:
    """Make a component without dependencies, and return its folder."""
    folder = folder / "greet"
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS)
    (folder / "src" / "greet.py").write_text(CODE)
    ok("generate", folder)
    return folder
