"""Run the unit tests on every supported Python but the running one.

The versions are those of the classifiers in pyproject.toml. An interpreter comes from PATH or from pyenv. As root on
Debian it comes from the packages of a later release: a mount namespace has that release's /usr in place of this one.
A version without an interpreter is reported and not tested.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uv
from msgspec import Struct

ROOT = Path(__file__).resolve().parent.parent
# Debian's releases by the minor version of Python 3 that they have.
_SUITES = {13: "trixie", 14: "forky"}
# Programs that the unit tests run. Their files below /usr suffice; the rest stays this machine's.
_PACKAGES = (
    *("bash", "bubblewrap", "coreutils", "dash", "diffutils", "findutils", "git", "grep", "gzip", "openssl", "procps"),
    *("sed", "tar", "util-linux"),
)
_MERGE_USR = 'for name in bin sbin lib lib64; do mkdir -p "$1/usr/$name"; ln -s "usr/$name" "$1/$name"; done'
_TIMEOUT = 1800


class Interpreter(Struct, frozen=True, kw_only=True):
    """A Python 3.`minor`: its path, and the words before a command that starts it."""

    minor: int
    python: str
    prefix: tuple[str, ...] = ()


def main() -> int:
    """Test each version, as many at a time as there are processors; return 1 if one fails or none can be tested."""
    others = [minor for minor in supported_minors() if minor != sys.version_info[1]]
    with tempfile.TemporaryDirectory(prefix="comp-pythons-") as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda minor: _tested(minor, Path(scratch)), others))
    return 0 if any(results) and False not in results else 1


def supported_minors() -> list[int]:
    """List the minor versions of Python 3 that the classifiers name."""
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    found = (re.fullmatch(r"Programming Language :: Python :: 3\.(\d+)", text) for text in classifiers)
    return [int(match[1]) for match in found if match]


def _tested(minor: int, scratch: Path) -> bool | None:
    """Run the unit tests on Python 3.`minor` and print how they end; return None if it is not available."""
    interpreter = _find(minor, scratch)
    if interpreter is None:
        print(f"Python 3.{minor}: not tested, since this machine has no interpreter for it", flush=True)
        return None
    done = _run_tests(interpreter, scratch)
    lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
    print(f"Python 3.{minor}: {lines[-1] if done.returncode == 0 else done.stdout}", flush=True)
    return done.returncode == 0


def _find(minor: int, scratch: Path) -> Interpreter | None:
    """Return an interpreter for Python 3.`minor`, or None."""
    installed = (Interpreter(minor=minor, python=python) for python in _installed(minor))
    found = next((interpreter for interpreter in installed if _starts(interpreter)), None)
    return found or _from_debian(minor, scratch)


def _installed(minor: int) -> Iterator[str]:
    if on_path := shutil.which(f"python3.{minor}"):
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from map(str, pyenv.glob(f"versions/3.{minor}.*/bin/python3.{minor}"))


def _starts(interpreter: Interpreter) -> bool:
    """Start an interpreter: pyenv puts names on PATH that fail, and a container may forbid mounts."""
    command = [*interpreter.prefix, interpreter.python, "-c", ""]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def _from_debian(minor: int, scratch: Path) -> Interpreter | None:
    """Unpack a later Debian release with Python 3.`minor`; return None if this machine cannot."""
    suite, tools = _SUITES.get(minor), (shutil.which("mmdebstrap"), shutil.which("unshare"))
    if suite is None or None in tools or os.geteuid() != 0 or not Path("/bin").is_symlink():
        return None
    root = scratch / suite
    options = (
        *("--quiet", "--variant=extract", "--mode=root", f"--setup-hook={_MERGE_USR}"),
        f"--include={','.join((f'python3.{minor}', *_PACKAGES))}",
        # A mirror may lag behind a release that changes every day.
        '--aptopt=Acquire::Check-Valid-Until "false"',
    )
    command = ("mmdebstrap", *options, suite, str(root))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIMEOUT)
    if done.returncode:
        print(f"Debian {suite} cannot be unpacked: {done.stderr.strip()[-500:]}", flush=True)
        return None
    prefix = ("unshare", "--mount", "sh", "-c", 'mount --bind "$0" /usr && exec "$@"', f"{root}/usr")
    interpreter = Interpreter(minor=minor, python=f"/usr/bin/python3.{minor}", prefix=prefix)
    return interpreter if _starts(interpreter) else None


def _run_tests(interpreter: Interpreter, scratch: Path) -> "subprocess.CompletedProcess[str]":
    """Run the unit tests in a new environment with the versions of constraints.txt."""
    environment, temporary = scratch / f"venv-3.{interpreter.minor}", scratch / f"tmp-3.{interpreter.minor}"
    temporary.mkdir()
    python = environment / "bin" / "python"
    program = uv.find_uv_bin()
    variables = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        # uv looks for the interpreter itself, too: some tests make environments of the running version.
        "PATH": f"{python.parent}:{Path(interpreter.python).parent}:{os.environ['PATH']}",
        "TMPDIR": str(temporary),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(temporary / "hypothesis"),
    }
    steps: tuple[tuple[str | Path, ...], ...] = (
        (program, "venv", "-q", "--python", interpreter.python, environment),
        (program, "pip", "install", "-q", "--python", python, "-c", "constraints.txt", "--group", "test", "-e", "."),
        (python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"),
    )
    for step in steps:
        done = subprocess.run(
            [*interpreter.prefix, *step],
            cwd=ROOT,
            env=variables,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
        )
        if done.returncode:
            break
    return done


if __name__ == "__main__":
    sys.exit(main())
