"""What a component declares holds in real containers: limits, constants, and secrets that no command line shows."""

import json
from pathlib import Path

import pytest

from tests.commands import comp, ok

_CODE = '''
import os
from pathlib import Path


def probe(megabytes: int = 1) -> dict:
    """Look at the limits and variables, and use memory."""
    used = bytearray(megabytes << 20)
    for place in range(0, len(used), 4096):
        used[place] = 1
    files = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
    memory = [Path(file).read_text().strip() for file in files if Path(file).exists()]
    files = ("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us")
    cpu = [Path(file).read_text().strip() for file in files if Path(file).exists()]
    names = ("LEVEL", "API_TOKEN")
    words = Path("/proc/1/cmdline").read_bytes() + Path("/proc/self/cmdline").read_bytes()
    return {
        "memory": memory[0] if memory else "",
        "cpu": cpu[0] if cpu else "",
        "variables": {name: len(os.environ.get(name, "")) for name in names},
        "shown": os.environ.get("API_TOKEN", "absent").encode() in words,
    }
'''
_DECLARED = """
[tool.comp.resources]
cpu = "500m"
memory = "128Mi"

[tool.comp.env]
LEVEL = "info"

[tool.comp.secrets]
API_TOKEN = { secret = "api", key = "token" }
"""
_TOKEN = "a-token-of-the-caller"


@pytest.fixture
def probe(tmp_path: Path, sample: object, docker_host: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component that tells what it got."""
    assert sample
    assert docker_host
    (tmp_path / "probe.py").write_text(_CODE)
    ok("new", "probe", "--from-function", "probe.py:probe", folder=tmp_path)
    settings = tmp_path / "probe" / "pyproject.toml"
    settings.write_text(settings.read_text() + _DECLARED)
    ok("generate", "probe", folder=tmp_path)
    monkeypatch.setenv("API_TOKEN", _TOKEN)
    return tmp_path


@pytest.mark.parametrize("runner", ["docker", "buildah", "process"])
def test_constants_and_secrets_reach_every_runner(probe: Path, runner: str) -> None:
    result = comp("run", "probe", "--runner", runner, "--format", "json", folder=probe)
    assert result.code == 0, result.err
    seen = json.loads(result.out)["Output"]
    assert seen["variables"] == {"LEVEL": 4, "API_TOKEN": len(_TOKEN)}
    assert not seen["shown"]
    assert _TOKEN not in result.out + result.err
    assert (f"{runner} keeps no limits: probe may use what this machine has\n" in result.err) == (runner != "docker")
    if runner == "docker":
        assert seen["memory"] == str(128 << 20)
        assert seen["cpu"] == "50000 100000" or seen["cpu"] == "50000"


def test_a_component_that_needs_more_memory_names_its_limit(probe: Path) -> None:
    result = comp("run", "probe", "--runner", "docker", "-i", "megabytes=400", folder=probe)
    assert result.code == 1
    assert "probe failed with exit code 137 (SIGKILL: killed, " in result.err
    assert result.err.endswith(" it needed more memory than its limit of 128Mi)\n")


def test_cases_run_on_several_runners_at_a_time(probe: Path) -> None:
    cases = probe / "probe" / "tests" / "cases"
    for number in range(3):
        (cases / f"small{number}").mkdir(parents=True)
        (cases / f"small{number}" / "case.yaml").write_text(
            "outputs: {Output: {json: {variables: {LEVEL: 4}, shown: false}, schema: {type: object}}}\n"
        )
    (cases / "large").mkdir()
    (cases / "large" / "case.yaml").write_text("inputs: {megabytes: 400}\nfails: {exit: 137}\n")
    by = ("--runner", "docker,process", "--jobs", "4", "--repeat", "2")
    result = comp("test", "probe", *by, "-k", "small", folder=probe)
    assert result.out == "".join(
        f"ok   small{number} ({runner})\n" for runner in ("docker", "process") for number in range(3)
    ), result.err
    assert result.code == 0
    assert comp("test", "probe", "--runner", "docker", "-k", "large", folder=probe).out == "ok   large (docker)\n"
