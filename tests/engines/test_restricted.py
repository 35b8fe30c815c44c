"""Containers with the rights of a restricted pod, by docker and by buildah, and whom their outputs belong to."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import COMP, comp, ok
from tests.conftest import Sample
from toolkit.runners.surroundings import RESTRICTED_HINT

ENGINES = ("docker", "buildah")
SAMPLES = ("evaluate_model", "load_table", "summarise_text", "train_model")
_PROBE = '''
import os, socket, subprocess, tempfile
from pathlib import Path

from toolkit.types import InputPath, OutputPath


def written(path: str) -> str:
    try:
        Path(path, "made").write_text("x")
    except OSError as error:
        return error.strerror
    return "written"


def connected(address: tuple) -> str:
    try:
        socket.create_connection(address, 5).close()
    except OSError as error:
        return error.strerror
    return "connected"


def probe(given: InputPath("Directory"), model: OutputPath("Directory"), key: OutputPath("Text"), at: str = "") -> dict:
    """Look at the surroundings, and write what only its owner can read."""
    if at:
        Path(at).write_text("x")
    os.mkdir(model, 0o700)
    Path(model, "inner").mkdir(0o700)
    Path(model, "inner", "weights").write_text((Path(given) / "in" / "secret").read_text())
    os.chmod(Path(model, "inner", "weights"), 0o600)
    Path(key).write_text("k")
    os.chmod(key, 0o600)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    program = Path(tempfile.gettempdir(), "program")
    program.write_text("#!/bin/sh\\necho ran\\n")
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as server:
        own = connected(server.getsockname())
    return {
        "user": os.getuid(),
        "group": os.getgid(),
        "groups": os.getgroups(),
        "rights": status["CapEff"].strip(),
        "filtered": status["Seccomp"].strip(),
        "no_new": status["NoNewPrivs"].strip(),
        "places": {path: written(path) for path in ("/", "/root", "/usr", "/var/tmp", "/opt/comp/app", "/tmp")},
        "home": os.environ["HOME"],
        "works in": os.getcwd(),
        "ran": subprocess.run([program], capture_output=True, text=True).stdout,
        "loopback": own,
        "elsewhere": connected(("192.0.2.1", 80)),
    }
'''
_PROJECT = """[project]
name = "probe"
version = "1.0.0"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "probe:probe"
"""


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    """Make a component that reports its surroundings, and the folder `given` that only its owner can read."""
    folder = tmp_path / "probe"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "probe.py").write_text(_PROBE)
    (folder / "pyproject.toml").write_text(_PROJECT)
    ok("generate", folder)
    secret = tmp_path / "given" / "in" / "secret"
    secret.parent.mkdir(parents=True)
    secret.write_text("s3cret")
    secret.chmod(0o600)
    secret.parent.chmod(0o700)
    return folder


def _check_outputs(folder: Path, owner: int) -> None:
    """Check that all outputs belong to their owner, who can read them, and that nothing else is left."""
    outputs = [folder / "model", *(folder / "model").rglob("*"), folder / "key"]
    assert {path.stat().st_uid for path in outputs} == {owner}
    assert ((folder / "model" / "inner" / "weights").read_text(), (folder / "key").read_text()) == ("s3cret", "k")


_GIVEN = ("-i", "given=given", "-o", "model=model", "-o", "key=key", "--format", "json")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_restricted_run_has_the_rights_of_a_restricted_pod(tmp_path: Path, probe: Path, engine: str) -> None:
    seen = json.loads(ok("run", probe, "--restricted", "--runner", engine, *_GIVEN, folder=tmp_path))["Output"]
    assert (seen["user"], seen["group"], seen["rights"]) == (12345, 12345, "0000000000000000")
    assert set(seen["groups"]) <= {12345}
    assert (seen["filtered"], seen["no_new"], seen["ran"]) == ("2", "1", "ran\n")
    assert (seen["home"], seen["works in"]) == ("/tmp", "/tmp")  # noqa: S108 (in the container)
    assert (seen["loopback"], seen["elsewhere"]) == ("connected", "Network is unreachable")
    assert seen["places"].pop("/tmp") == "written"  # noqa: S108 (in the container)
    assert set(seen["places"].values()) <= {"Read-only file system", "Permission denied"}
    assert {seen["places"][path] for path in ("/usr", "/opt/comp/app")} == {"Read-only file system"}
    _check_outputs(tmp_path, os.geteuid())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_run_has_the_images_user_and_its_outputs_are_the_callers(tmp_path: Path, probe: Path, engine: str) -> None:
    seen = json.loads(ok("run", probe, "--runner", engine, *_GIVEN, folder=tmp_path))["Output"]
    assert (seen["user"], seen["group"], seen["rights"]) == (65532, 65532, "0000000000000000")
    assert seen["places"]["/opt/comp/app"] == "Permission denied"
    assert (seen["home"], seen["works in"]) == ("/tmp", "/tmp")  # noqa: S108 (in the container)
    _check_outputs(tmp_path, os.geteuid())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("sample", "docker_host")
def test_root_is_a_setting(tmp_path: Path, probe: Path, engine: str) -> None:
    (probe / "pyproject.toml").write_text(f'{_PROJECT}user = "root"\n')
    seen = json.loads(ok("run", probe, "--runner", engine, *_GIVEN, folder=tmp_path))["Output"]
    assert (seen["user"], seen["places"]["/opt/comp/app"], seen["works in"]) == (0, "written", "/")
    _check_outputs(tmp_path, os.geteuid())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("place", ["/opt/comp/app/log", "/root/.cache", "/usr/x"])
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_component_that_writes_elsewhere_fails_with_the_reason(
    tmp_path: Path, probe: Path, engine: str, place: str
) -> None:
    result = comp("run", probe, "--restricted", "--runner", engine, "-i", f"at={place}", *_GIVEN, folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    reason = "Permission denied" if place.startswith("/root") else "Read-only file system"
    assert f"{reason}: '{place}'\n" in result.err
    assert result.err.endswith(f"probe failed with exit code 1\nhint: {RESTRICTED_HINT}\n")


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_samples_cases_pass_restricted(sample: Sample, docker_host: str, name: str, engine: str) -> None:
    assert docker_host
    result = comp("test", sample(name), "--restricted", "--runner", engine)
    assert result.code == 0, result.out + result.err
    assert result.out.count(f"({engine})\n") == len(result.out.splitlines())


_PROGRAM = """
import argparse, os

parser = argparse.ArgumentParser()
parser.add_argument("--lines", type=int, default=2)
parser.add_argument("--report", required=True, help="Path of the report to write.")
given = parser.parse_args()
if not given.lines:
    open("log.txt", "w")
with open(given.report, "w") as stream:
    stream.write("line\\n" * given.lines + str(os.getuid()))
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_program_runs_restricted_and_cannot_write_beside_itself(tmp_path: Path, engine: str) -> None:
    (tmp_path / "report.py").write_text(_PROGRAM)
    ok("new", "report", "--from-program", "report.py", folder=tmp_path)
    by = ("run", "report", "--restricted", "--runner", engine, "-o", "report=made", "--force")
    ok(*by, folder=tmp_path)
    assert ((tmp_path / "made").read_text(), (tmp_path / "made").stat().st_uid) == ("line\nline\n12345", os.geteuid())
    result = comp(*by, "-i", "lines=0", folder=tmp_path)
    assert result.code == 1
    assert "OSError: [Errno 30] Read-only file system: 'log.txt'\n" in result.err
    assert result.err.endswith(f"hint: {RESTRICTED_HINT}\n")


@pytest.fixture
def stranger(docker_host: str, tmp_path: Path, cache_folder: Path) -> list[str]:
    """Give the beginning of a command that runs `comp` as a user without rights, who may use the docker daemon."""
    Path(docker_host.removeprefix("unix://")).chmod(0o666)
    Path(docker_host.removeprefix("unix://")).parent.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o711)
    assert cache_folder
    return ["setpriv", "--reuid", "4711", "--regid", "4711", "--groups", "4712", str(COMP)]


@pytest.mark.parametrize("restricted", [True, False])
def test_a_caller_without_rights_gets_outputs_of_its_own(
    sample: Sample, probe: Path, tmp_path: Path, stranger: list[str], *, restricted: bool
) -> None:
    assert sample
    # Root builds the image, since the cache is root's; the contract then needs no cache.
    image = ok("build", probe, "--output", "docker", "--image", "comp-probe:1")
    assert image
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    contract = home / "component.yaml"
    text = (probe / "component.yaml").read_text().splitlines()
    contract.write_text("\n".join("    image: comp-probe:1" if "image:" in line else line for line in text))
    (tmp_path / "given").rename(home / "given")
    for path in (home, scratch, *home.rglob("*")):
        os.chown(path, 4711, 4711)
    if not restricted:
        # Only its group opens the file to this user.
        os.chown(home / "given" / "in" / "secret", 0, 4712)
        (home / "given" / "in" / "secret").chmod(0o640)
    env = {**os.environ, "HOME": str(home), "TMPDIR": str(scratch), "COMP_STATE_DIR": str(home / "state")}
    env |= {"COMP_CACHE_DIR": str(home / "cache")}
    command = [
        *stranger,
        "run",
        str(contract),
        *(["--restricted"] if restricted else []),
        "--runner",
        "docker",
        *_GIVEN,
    ]
    done = subprocess.run(command, cwd=home, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Output"]["user"] == (12345 if restricted else 4711)
    _check_outputs(home, 4711)
    assert list(scratch.iterdir()) == []
