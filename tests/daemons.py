"""Daemons for tests, which wait for them; neither they nor their mounts and files outlive the tests."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 60
_PROGRAMS = {
    "docker": "docker.io",
    "dockerd": "docker.io",
    "buildah": "buildah",
    "ctr": "containerd",
    "ctr-remote": "stargz-snapshotter",
    "docker-registry": "docker-registry",
}


def require(program: str) -> str:
    """Find a program, or say which Debian package has it: a test that cannot run is a failure."""
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert found, (
        f"{program} is not installed: scripts/bootstrap --dev, or apt-get install {_PROGRAMS.get(program, program)}"
    )
    return found


@contextmanager
def daemon(command: Sequence[str], *, log: Path, ready: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Run a daemon until the end, also when this process is killed; yield what in its log says that it is ready."""
    # Absent beyond Linux; there a daemon outlives tests that are killed.
    setpriv = shutil.which("setpriv")
    lifeline = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    # A user's PATH often lacks the folder of the tools that a daemon looks for.
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin"}
    with log.open("wb") as written:
        process = subprocess.Popen([*lifeline, *command], stdout=written, stderr=written, env=environment)
    try:
        yield _wait_for(process, log, ready)
    finally:
        process.terminate()
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """Make a folder with a short path, as sockets want it; in the end, unmount all below it and remove it."""
    folder = Path(tempfile.mkdtemp(prefix=f"comp-{name}-")).resolve()
    try:
        yield folder
    finally:
        for mounted in _mounts_below(folder):
            subprocess.run(["umount", mounted], check=True, timeout=_SECONDS)
        shutil.rmtree(folder)


def _mounts_below(folder: Path) -> list[Path]:
    """List mount points (proc(5), mountinfo), the last mounted first."""
    table = Path("/proc/self/mountinfo")
    # Absent beyond Linux, where no engine of these tests mounts anything.
    lines = table.read_text().splitlines() if table.exists() else []
    points = [Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4])) for line in lines]
    return [point for point in reversed(points) if point.is_relative_to(folder)]


def _wait_for(process: "subprocess.Popen[bytes]", log: Path, ready: re.Pattern[str]) -> re.Match[str]:
    deadline = time.monotonic() + _SECONDS
    while not (found := ready.search(log.read_text(errors="replace"))):
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
        time.sleep(0.05)
    return found
