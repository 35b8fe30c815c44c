"""Signals at any moment of a build end `comp` soon and leave no files; the next run cleans up after a `kill -9`."""

import contextlib
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import COMP, ok
from tests.conftest import Sample
from tests.package_index import small_wheel
from toolkit.system import temporary
from toolkit.system.signals import SECONDS

RUNS = int(os.environ.get("COMP_TEST_SIGNALS", "10"))
# What only a hang exceeds; by itself comp leaves within two seconds.
HANGS = 30
Build = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def folder(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component of three wheels that lie on this disk, with a place for temporary files of its own."""
    folder = sample("load_table")
    (folder / "requirements.lock").unlink()
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(re.sub(r"dependencies = .*", 'dependencies = ["a", "b", "c"]', text))
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("a", "b", "c"):
        (wheels / f"{name}-1.0-py3-none-any.whl").write_bytes(small_wheel(name, "1.0", content="X = 1\n" * 1000))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return folder


@pytest.fixture
def build(folder: Path) -> Iterator[Build]:
    """Begin a build of `folder` with the given cache; what still runs at the end of the test is killed."""
    begun: list[subprocess.Popen[str]] = []

    def begin(cache: Path) -> "subprocess.Popen[str]":
        (folder / "requirements.lock").unlink(missing_ok=True)
        environment = {**os.environ, "COMP_CACHE_DIR": str(cache)}
        process = subprocess.Popen(
            [COMP, "build", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=HANGS)


def _left(folder: Path, tmp_path: Path) -> list[str]:
    temporary = [path.name for path in (tmp_path / "tmp").iterdir()]
    return temporary + [path.name for path in folder.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_ends_a_build_and_leaves_nothing(
    build: Build, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    started = time.monotonic()
    build(tmp_path / "whole").communicate(timeout=120)
    whole = time.monotonic() - started
    moments = random.Random(int(number))  # noqa: S311 (the moments are the same in every run)
    for run in range(RUNS):
        process = build(tmp_path / f"cache-{run}")
        try:
            process.communicate(timeout=moments.uniform(0.1, 0.9 * whole))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        sent = time.monotonic()
        _, err = process.communicate(timeout=HANGS)
        if time.monotonic() - sent > 0.9 * SECONDS:
            # On a machine with much to do its time was up before all was removed: that is left to the next run.
            ok("rules")
        # What ended just before the signal ended well; before comp listens, the signal has its usual effect.
        assert process.returncode in {0, 128 + number, -number}, err
        assert "Traceback" not in err or process.returncode == -number
        assert "error" not in err or process.returncode == -number, err
        assert not _left(folder, tmp_path)


def test_what_a_killed_build_left_is_removed_by_the_next_run(build: Build, folder: Path, tmp_path: Path) -> None:
    process = build(tmp_path / "cache")
    deadline = time.monotonic() + HANGS
    while not _left(folder, tmp_path):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
    process.kill()
    process.communicate(timeout=HANGS)
    assert _left(folder, tmp_path)
    ok("rules")
    assert not _left(folder, tmp_path)


def test_what_a_running_build_uses_stays(build: Build, folder: Path, tmp_path: Path) -> None:
    process = build(tmp_path / "cache")
    held = _stopped(process, folder, tmp_path)
    ok("rules")
    assert _left(folder, tmp_path) == held
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err


def _stopped(process: "subprocess.Popen[str]", folder: Path, tmp_path: Path) -> list[str]:
    """Stop a build while it holds what it has made, and return the names of that.

    Between making a folder and holding it, another process may sweep it, and the build makes another.
    """
    deadline = time.monotonic() + HANGS
    while True:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        if not _left(folder, tmp_path):
            continue
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        left = _left(folder, tmp_path)
        if left and all(
            _is_held(next(place / name for place in (tmp_path / "tmp", folder) if (place / name).exists()))
            for name in left
        ):
            return left
        process.send_signal(signal.SIGCONT)
        # A process that is stopped again before it ran gets nowhere.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.01)


def _is_held(path: Path) -> bool:
    with temporary.left_over(path) as dead:
        return not dead


def test_a_cache_that_is_pruned_while_it_builds(build: Build, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    process = build(cache)
    environment = {**os.environ, "COMP_CACHE_DIR": str(cache)}
    while process.poll() is None:
        ok("cache", "prune", "--older-than", "0", env=environment)
    _, err = process.communicate(timeout=HANGS)
    assert process.returncode == 0, err


def test_a_build_makes_again_what_the_cache_lost(folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    first = ok("build", folder, env=environment)
    # By another user, or by hand: `comp cache prune` leaves what is in use.
    program = (
        "import shutil, sys\n"
        "from toolkit.job import image as job\n"
        "from toolkit.cli.main import main\n"
        "built, lost = job.build_plans, []\n"
        "def losing(plans, builder, tools):\n"
        "    if not lost:\n"
        "        lost.append(shutil.rmtree(tools.cache.root / 'blobs'))\n"
        "        shutil.rmtree(tools.cache.root / 'records')\n"
        "    return built(plans, builder, tools)\n"
        "job.build_plans = losing\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    with (folder / "src" / "tables.py").open("a") as code:
        code.write("\n")
    done = subprocess.run(
        [COMP.with_name("python"), "-c", program, "build", folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "; building again\n" in done.stderr
    assert done.stdout.strip() != first
