"""Every shape of interface, with every builder and runner: ports of each kind, or no ports."""

from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.servers import Server

RUNNERS = ("process", "docker", "buildah")
BUILDERS = ("oci", "docker", "buildah")

_STEP = {
    "nothing": "def step() -> None:\n    print('done')\n",
    "inputs alone": "def step(word: str, table: InputPath('CSV')) -> None:\n    print('done', word, open(table))\n",
    "outputs alone": (
        "def step(table: OutputPath('CSV')) -> int:\n    open(table, 'w').close()\n    print('done')\n    return 3\n"
    ),
    "values alone": "def step(word: str) -> str:\n    print('done')\n    return word * 2\n",
    "files alone": (
        "def step(table: InputPath('CSV'), copy: OutputPath('CSV')) -> None:\n"
        "    open(copy, 'w').write(open(table).read())\n    print('done')\n"
    ),
    # Long values travel in a file beside the outputs, so they need the place even where no output does.
    "a long value alone": "def step(long: str) -> None:\n    print('done', len(long))\n",
}
_GIVEN = {"word": "word=ab", "table": "table=table.csv", "long": "long=long.txt"}
_PRINTED = {"outputs alone": "Output=3\n", "values alone": "Output=abab\n"}


def _component(folder: Path, shape: str) -> list[str]:
    """Make the component `step` in `folder`, and give the options that its inputs need."""
    (folder / "steps.py").write_text(f"from toolkit.types import InputPath, OutputPath\n\n\n{_STEP[shape]}")
    (folder / "table.csv").write_text("a,b\n")
    (folder / "long.txt").write_text("x" * 200_000)
    ok("new", "step", "--from-function", "steps.py:step", folder=folder)
    signature = _STEP[shape].partition(" ->")[0]
    named = [text for name, text in _GIVEN.items() if f"{name}: str" in signature or f"{name}: InputPath" in signature]
    return [word for text in named for word in ("--input-file" if text.startswith("long") else "-i", text)]


@pytest.mark.parametrize("shape", _STEP)
@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.usefixtures("sample", "docker_host")
def test_it_runs(tmp_path: Path, runner: str, shape: str) -> None:
    given = _component(tmp_path, shape)
    result = comp("run", "step", "--runner", runner, *given, folder=tmp_path)
    assert (result.code, result.out) == (0, _PRINTED.get(shape, "")), result.err
    assert "done" in result.err
    written = {path.name for path in (tmp_path / "out").iterdir()} if (tmp_path / "out").exists() else set()
    assert written == {"outputs alone": {"table"}, "files alone": {"copy"}}.get(shape, set())


@pytest.mark.parametrize("shape", _STEP)
@pytest.mark.parametrize("builder", BUILDERS[1:])
@pytest.mark.usefixtures("sample", "docker_host")
def test_it_is_built(tmp_path: Path, remote: Server, builder: str, shape: str) -> None:
    given = _component(tmp_path, shape)
    image = f"{remote.host}/shapes/{builder}/{shape.replace(' ', '-')}"
    reference = ok("build", "step", "--builder", builder, "--push", "--image", image, folder=tmp_path)
    assert reference.startswith(f"{image}@sha256:")
    result = comp("run", "step/component.yaml", "--runner", "docker", *given, folder=tmp_path)
    assert (result.code, result.out) == (0, _PRINTED.get(shape, "")), result.err


_KILLED = "import os\n\n\ndef step() -> None:\n    print('reading the table')\n    os.kill(os.getpid(), 9)\n"
_KILLED_PROGRAM = "import os\nprint('reading the table')\nos.kill(os.getpid(), 9)\n"


@pytest.mark.parametrize("source", ["function", "program"])
@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.usefixtures("sample", "docker_host")
def test_a_killed_step_leaves_its_last_line_and_the_signal(tmp_path: Path, runner: str, source: str) -> None:
    # Buffered output would be lost with the process.
    (tmp_path / "steps.py").write_text(_KILLED if source == "function" else _KILLED_PROGRAM)
    made_of = {"function": ("--from-function", "steps.py:step"), "program": ("--from-program", "steps.py")}
    ok("new", "step", *made_of[source], folder=tmp_path)
    result = comp("run", "step", "--runner", runner, folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert "reading the table\n" in result.err
    assert result.err.endswith(
        "step failed with exit code 137 (SIGKILL: killed, perhaps because it needed more memory than it may use)\n"
    )
