"""Run `comp` as users do, in a process of its own, and other programs that must succeed."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

COMP = Path(sys.executable).with_name("comp")


class Result(Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def comp(*arguments: str | Path, folder: Path | None = None, env: dict[str, str] | None = None) -> Result:
    """Run `comp` with these arguments in `folder`; `env` is the whole environment when it is given."""
    command = [str(COMP), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=300)
    return Result(done.returncode, done.stdout, done.stderr)


def ok(*arguments: str | Path, folder: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run `comp`, expect success, and give its stdout without the last line end."""
    result = comp(*arguments, folder=folder, env=env)
    assert result.code == 0, result.err
    return result.out.removesuffix("\n")


def on_a_terminal(answers: str, *arguments: str, folder: Path) -> tuple[int, str]:
    """Run `comp` with a terminal for stdin and stderr, and type the answers."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMP, *arguments], cwd=folder, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True
    ) as running:
        os.close(theirs)
        os.write(ours, answers.encode())
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        code = running.wait(60)
    os.close(ours)
    return code, shown.decode().replace("\r\n", "\n")


def run_program(*command: str | Path, umask: int = -1) -> str:
    """Run any program, expect success, and give its stdout as it is."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, umask=umask)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr[-3000:]}"
    return done.stdout
