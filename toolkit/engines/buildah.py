"""Buildah by subprocess: build and run without a daemon. Containers are isolated by chroot, which works anywhere."""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from toolkit import temporary
from toolkit.cache import Cache
from toolkit.errors import OutsideError
from toolkit.home import tool_environment
from toolkit.leaving import undone
from toolkit.processes import run as run_program

log = logging.getLogger(__name__)

_TIMEOUT = 900
# What buildah itself exits with when it fails.
_OWN_FAILURE = 125
_CHUNK = 1 << 16
# What buildah says at the end comes after the last line of the command.
_TAIL = 400
_BY_SIGNAL = re.compile(r"^subprocess exited on ([a-z ]+)\n(?:subprocess exited with status 1\n)?Error: ", re.MULTILINE)
# The same hosts as the remote client's: this machine, and no name that only begins like it.
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?/")


def version() -> str | None:
    """Give buildah's version, quietly None when it is not installed or does not work."""
    program = shutil.which("buildah")
    if program is None:
        return None
    try:
        done = run_program([program, "--version"], seconds=10, environment=_environment())
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.text.split()[2] if done.code == 0 else None


def buildah(*arguments: str, folder: Path | None = None) -> str:
    """Run buildah, in `folder`, and give its stdout. Raises OutsideError with the last lines of what it said."""
    program = shutil.which("buildah")
    if program is None:
        raise OutsideError("buildah is not installed", hint="apt-get install buildah")
    log.debug("buildah %s", " ".join(arguments))
    try:
        done = run_program([program, *arguments], seconds=_TIMEOUT, folder=folder, environment=_environment())
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"buildah {arguments[0]} did not finish within {_TIMEOUT} s") from error
    if done.code:
        said = " / ".join(done.error_text.strip().splitlines()[-5:]) or f"exit code {done.code}"
        raise OutsideError(f"buildah {arguments[0]} failed: {said}", hint="it needs root, or user namespaces")
    return done.text.strip()


@contextmanager
def container(image: str) -> Iterator[str]:
    """Make a working container from `oci:DIR` or a reference, and remove it in the end."""
    options = ["--tls-verify=false"] if _LOOPBACK.match(image) else []
    folder = None
    if image.startswith("oci:"):
        # Buildah makes a reference of the path, and not every path makes a valid one; a plain name does.
        path = Path(image.removeprefix("oci:"))
        folder, image = path.parent, f"oci:{path.name}"
    name = buildah("from", "--quiet", *options, image, folder=folder)
    with undone(partial(buildah, "rm", name)):
        yield name


def run(name: str, command: Sequence[str], *, mounts: Mapping[str, tuple[Path, str]], user: str | None = None) -> int:
    """Run a command in a container and give its exit code; its output goes to our stderr as it comes.

    `mounts` says for a path in the container which host path appears there and whether `ro` or `rw`. `user` is the
    image's own, if it is None.
    """
    with temporary.folder("mounts") as folder:
        options = ["--user", user] if user else []
        for number, (inside, (path, mode)) in enumerate(mounts.items()):
            # By a link of a plain name: the parts are joined by colons, which a path may hold.
            link = folder / str(number)
            link.symlink_to(path)
            options += ["--volume", f"{link}:{inside}:{mode}"]
        with subprocess.Popen(
            ["buildah", "run", "--isolation", "chroot", *options, name, "--", *command],
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        ) as process:
            tail = _forward(process.stderr) if process.stderr else b""
    if process.returncode == _OWN_FAILURE:
        raise OutsideError("buildah run failed: its reason is above", hint="it needs root, or user namespaces")
    return _signalled(tail) or process.returncode


def _forward(stderr: IO[bytes]) -> bytes:
    """Pass on what comes until it ends, and give its last bytes."""
    tail = b""
    while chunk := os.read(stderr.fileno(), _CHUNK):
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()
        tail = (tail + chunk)[-_TAIL:]
    return tail


def _signalled(tail: bytes) -> int | None:
    """Give 128 and the signal that ended the command; None if no signal did.

    Isolated by chroot, buildah exits with 1 then, and names the signal in a line of its own.
    """
    ended = _BY_SIGNAL.search(tail.decode(errors="replace"))
    if ended is None:
        return None
    numbers = {(signal.strsignal(number) or "").lower(): int(number) for number in signal.valid_signals()}
    return 128 + numbers[ended[1]] if ended[1] in numbers else None


def _environment() -> dict[str, str]:
    return {**tool_environment(os.environ, Cache.default().spare_home), "BUILDAH_ISOLATION": "chroot"}
