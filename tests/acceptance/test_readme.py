"""The README's session, run unchanged: every command, and every line it prints."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.commands import COMP, ok
from tests.conftest import ROOT, Sample
from tests.servers import Server

HOST = "127.0.0.1:5000"


def _session() -> Iterator[tuple[list[str], list[str]]]:
    """Give each command of the session with the lines that it prints, in no order: two streams have none."""
    text = (ROOT / "README.md").read_text()
    block = re.search(r"```console\n(.*?)```", text, re.DOTALL)
    assert block
    for part in block[1].removeprefix("$ ").split("\n$ "):
        command, *lines = part.strip().splitlines()
        yield shlex.split(command), sorted(lines)


def _plain(text: str, host: str) -> str:
    """Take out what differs between machines: digests, and the server's port."""
    return re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", text.replace(host, HOST))


def test_the_session_prints_what_the_readme_says(
    sample: Sample, remote: Server, docker_host: str, tmp_path: Path
) -> None:
    assert docker_host
    table = sample("load_table")
    ok("run", table, "--runner", "process", "-o", f"data={tmp_path / 'data.csv'}", folder=tmp_path)
    (tmp_path / "train.py").write_bytes((ROOT / "sample_components" / "from_function" / "train.py").read_bytes())
    commands = list(_session())
    assert len(commands) == 7
    for command, expected in commands:
        assert command[0] == "comp"
        arguments = [word.replace(HOST, remote.host) for word in command[1:]]
        done = subprocess.run(
            [COMP, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, env=dict(os.environ)
        )
        assert done.returncode == 0, done.stderr
        printed = sorted(_plain(line, remote.host) for line in (done.stdout + done.stderr).splitlines())
        assert printed == [_plain(line, remote.host) for line in expected], command
