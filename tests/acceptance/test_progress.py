"""Builds show their transfers, stop on a signal, and resume on the next run."""

import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import COMP, comp, ok
from tests.conftest import Sample
from tests.fake_remote import FakeRemote, serving
from tests.package_index import PackageIndex, serving_index, small_wheel

# Only a hang takes longer: what is under way would take a minute and more, on a busy machine too.
_HANGS = 30

NAME = "summarise_text"


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def folder(sample: Sample) -> Path:
    """A component with some bytes to push."""
    folder = sample(NAME)
    (folder / "src" / "weights.bin").write_bytes(os.urandom(3_000_000))
    return folder


def test_records_for_machines(folder: Path, fake: FakeRemote) -> None:
    done = comp("build", folder, "--push", "--image", f"{fake.host}/a/b", "--progress", "json")
    assert done.code == 0, done.err
    records = [json.loads(line)["progress"] for line in done.err.splitlines() if line.startswith("{")]
    assert {record["unit"] for record in records} >= {"B", "layers"}
    pushed = [record for record in records if record["task"].startswith("push ")]
    last = {record["task"]: record for record in pushed}
    assert all(record["done"] == record["total"] for record in last.values())
    assert any(record["total"] > 3_000_000 for record in last.values())
    assert done.out.startswith(f"{fake.host}/a/b@sha256:")


def test_quick_transfers_are_not_talked_about(folder: Path, fake: FakeRemote) -> None:
    done = comp("build", folder, "--push", "--image", f"{fake.host}/a/b")
    assert done.code == 0
    assert "push" not in done.err


def test_lines_of_a_slow_transfer(folder: Path, fake: FakeRemote, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import toolkit.cli.bars as b, sys; b._LINE_EVERY = 0; from toolkit.cli.main import main; sys.exit(main())"
    )
    monkeypatch.setenv("COMP_IMAGE", f"{fake.host}/a/b")
    command: list[str | Path] = [COMP.with_name("python"), "-c", program, "build", folder, "--push"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.search(r"^push [0-9a-f]{12}: 3\.0 MB of 3\.0 MB$", done.stderr, re.MULTILINE)


def test_bars_on_a_terminal(folder: Path, fake: FakeRemote) -> None:
    # A push that takes a while: the first answers come late.
    fake.faults.stall = [1.2]
    parent, child = pty.openpty()
    command: list[str | Path] = [COMP, "build", folder, "--push", "--image", f"{fake.host}/a/b"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=child, env={**os.environ, "TERM": "xterm"}
    ) as process:
        os.close(child)
        shown = b""
        try:
            while chunk := os.read(parent, 4096):
                shown += chunk
        except OSError:
            pass  # How Linux says that the other end is closed.
        os.close(parent)
    assert process.returncode == 0
    assert b"push " in shown
    assert b"total" in shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_push_stops_and_goes_on(folder: Path, fake: FakeRemote, number: signal.Signals) -> None:
    command: list[str | Path] = [COMP, "build", folder, "--push", "--image", f"{fake.host}/a/b"]
    ok("build", folder)
    fake.faults.stall = [0, 0, 60, 60, 60, 60, 60, 60]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _stop(process, number, lambda: len(fake.faults.stall) < 6)
    fake.faults.stall = []
    again = ok(*map(str, command[1:]))
    assert again.startswith(f"{fake.host}/a/b@sha256:")
    assert ok("cache", "verify") == ""


def test_a_download_stops_and_goes_on(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sample("load_table")
    (folder / "requirements.lock").unlink()
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(re.sub(r"dependencies = .*", 'dependencies = ["fast", "slow"]', text))
    files = {f"{name}-1.0-py3-none-any.whl": small_wheel(name, "1.0") for name in ("fast", "slow")}
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    with serving_index(PackageIndex(files)) as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        ok("lock", folder)
        index.requests.clear()
        index.slow["slow-1.0-py3-none-any.whl"] = 60
        process = subprocess.Popen([COMP, "build", folder], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        _stop(process, signal.SIGINT, lambda: len([path for path in index.requests if "/files/" in path]) == 2)
        index.slow.clear()
        index.requests.clear()
        ok("build", folder)
        assert not [path for path in index.requests if path.endswith("fast-1.0-py3-none-any.whl")]


def _stop(process: "subprocess.Popen[str]", number: signal.Signals, under_way: Callable[[], bool]) -> None:
    """Send the signal in the middle of the work, and check that the process leaves at once."""
    deadline = time.monotonic() + 30
    while not under_way():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=_HANGS)
    assert (process.returncode, out) == (128 + number, "")
    assert "Traceback" not in err
