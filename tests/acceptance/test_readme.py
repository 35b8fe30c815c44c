"""The README's sessions, run unchanged: every command, and every line it prints."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.commands import COMP, comp, ok
from tests.conftest import ROOT, Sample
from tests.repositories import ENVIRON, make_repository
from tests.servers import Server

HOST = "127.0.0.1:5000"


COUNT = """\
name: Count words
description: Count the words of a text.
metadata:
  annotations: {version: 1.2.0}
inputs:
- {name: text, description: The text.}
- {name: least, type: Integer, default: 3, description: The letters that a word must have.}
implementation:
  container:
    image: example.com/count@sha256:75e0b93eb1a8b5e5a2b0ac03ef6d5a9b6c0ecb4d1a0fd5b7f8c0e6e2f0f4a9c1
    command: [python, count.py, --text, {inputValue: text}, --least, {inputValue: least}]
"""
PIPELINE = """\
from kfp import components, dsl

count_op = components.load_component_from_file("count.yaml")


@dsl.pipeline(name="weekly")
def weekly(text: str):
    task = count_op(text=text, least=4)
"""


def _session(heading: str) -> Iterator[tuple[list[str], list[str]]]:
    """Give each command under a heading with the lines that it prints, in no order: two streams have none."""
    text = (ROOT / "README.md").read_text().split(f"\n## {heading}\n")[1]
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
    commands = list(_session("A session"))
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


def test_the_commands_on_contracts_print_what_the_readme_says(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo", {"count.yaml": COUNT, "pipelines/weekly.py": PIPELINE})
    commands = list(_session("Contracts"))
    assert [command[1] for command, _ in commands] == ["migrate", "lint", "breaking"]
    contract = repo.folder / "count.yaml"
    for command, expected in commands:
        if command[1] == "breaking":
            repo.commit()
            contract.write_text(contract.read_text().replace(": least", ": shortest"))
        done = comp(*command[1:], folder=repo.folder, env={**os.environ, **ENVIRON})
        assert done.code == int(command[1] == "breaking")
        assert sorted((done.out + done.err).splitlines()) == expected
