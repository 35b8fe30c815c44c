"""Our images run as process 1, as any user, and on a read-only root file system."""

import subprocess
from pathlib import Path

import pytest

from tests.commands import ok
from tests.conftest import Sample
from tests.daemons import require

CODE = '''
import os, subprocess, sys, tempfile

from toolkit.types import OutputPath


def stay(count: OutputPath(int), wait: bool = True, how: str = "") -> str:
    """Leave an orphan behind, then wait, or end in some way."""
    # The orphan ends at once; whoever is process 1 has to collect it.
    subprocess.run([sys.executable, "-c", "import os; os.fork() or os._exit(0)"], check=True)
    with open(count, "w") as stream:
        stream.write("1")
    print("ready", os.getpid(), flush=True)
    if wait:
        import threading

        threading.Event().wait()
    if how == "home":
        return f"{os.environ['HOME']} works in {os.getcwd()}"
    if how == "kill":
        os.kill(os.getpid(), 9)
    if how:
        sys.exit(int(how))
    with tempfile.TemporaryDirectory() as scratch:
        return f"{os.getuid()} {os.path.exists(scratch)}"
'''
PROJECT = """[project]
name = "stay"
version = "1.0.0"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "stay:stay"
"""
_SECONDS = 60


@pytest.fixture(scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stay")
    (folder / "src").mkdir()
    (folder / "src" / "stay.py").write_text(CODE)
    (folder / "pyproject.toml").write_text(PROJECT)
    return folder


@pytest.fixture
def docker(sample: Sample, docker_host: str, _folder: Path) -> list[str]:
    """Give the beginning of a docker command that runs the component's image."""
    assert sample
    assert docker_host
    ok("generate", _folder)
    image = ok("build", _folder, "--output", "docker", "--image", "comp-stay:1")
    assert image
    return [require("docker"), "run", "--rm", "--name", "comp-stay", "comp-stay:1"]


def _words(*given: str) -> list[str]:
    launcher = ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py", "stay"]
    outputs = ["--outputs", "--count", "/tmp/outputs/count", "--Output", "/tmp/outputs/Output"]  # noqa: S108 (in the container)
    return [*launcher, *given, *outputs, "--executor-input", "{{$}}"]


@pytest.mark.parametrize(("number", "expected"), [("TERM", 143), ("INT", 130), ("HUP", 129)])
def test_a_signal_to_process_1_ends_the_function(docker: list[str], number: str, expected: int) -> None:
    with subprocess.Popen([*docker, *_words()], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = running.stdout.readline()
        assert said.startswith("ready ")
        assert said != "ready 1\n"
        subprocess.run([docker[0], "kill", "--signal", number, "comp-stay"], check=True, timeout=_SECONDS)
        assert running.wait(_SECONDS) == expected


@pytest.mark.parametrize(("how", "expected"), [("7", 7), ("kill", 137)])
def test_how_the_function_ended_is_kept(docker: list[str], how: str, expected: int) -> None:
    done = subprocess.run([*docker, *_words("--wait", "no", "--how", how)], check=False, timeout=_SECONDS)
    assert done.returncode == expected


def test_any_user_and_a_root_that_cannot_be_written(docker: list[str], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    mount = ["--mount", f"type=bind,src={tmp_path},dst=/tmp/outputs", "--tmpfs", "/tmp"]  # noqa: S108 (in the container)
    command = [*docker[:-1], "--read-only", "--user", "12345:54321", *mount, docker[-1], *_words("--wait", "no")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "Output").read_text() == "12345 True"


def test_another_users_home_is_not_taken(docker: list[str], tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    mount = ["--mount", f"type=bind,src={tmp_path},dst=/tmp/outputs"]
    command = [*docker[:-1], "--env", "HOME=/root", *mount, docker[-1], *_words("--wait", "no", "--how", "home")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "Output").read_text() == "/tmp works in /tmp"  # noqa: S108 (in the container)


@pytest.mark.parametrize(
    ("read_only", "reason"),
    [
        (True, "Read-only file system: the engine must mount a volume there that can be written, such as an emptyDir"),
        (False, "Permission denied: run the container as the owner of that folder, or let user 65532 write there"),
    ],
)
def test_a_place_that_cannot_be_written_is_named_with_a_way_out(
    docker: list[str], tmp_path: Path, reason: str, *, read_only: bool
) -> None:
    tmp_path.chmod(0o755)
    place = ["--read-only"] if read_only else ["--mount", f"type=bind,src={tmp_path},dst=/tmp"]
    command = [*docker[:-1], *place, docker[-1], *_words("--wait", "no")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    assert done.returncode == 3
    assert done.stderr.startswith(f"comp: stay: cannot make the folder /tmp/outputs: {reason}")
