"""Measure how long quick commands and the launcher take to start, against a bare interpreter in the same run.

    python -m benchmarks.startup [--runs 15] [--against CHECKOUT]

Prints a table of medians, with the modules that each command imports and the time that takes, which measuring doubles.
With `--against` the commands of another checkout take their turns in between, with this environment's packages. The
first run makes the environment with KFP 2, whose executor is measured too. Needs docker-registry.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring import Command, Cost, measure
from tests.components import small_base, write_component
from tests.kfp_environments import kfp_environment
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.registries import serving_registry
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_components" / "summarise_text"
_COMP = str(Path(sys.executable).with_name("comp"))
_NAME = "nothing"
_FUNCTION = "def nothing() -> None:\n    pass\n"
_MS = 1000
_IMPORT_RUNS = 5
# The number of the shell's process makes each line another one.
_CHANGED = 'echo "# $$" >> component/src/count_words.py && exec "$0" "$@"'
_IMPORTED = re.compile(r"^import time: +([0-9]+) \|", re.MULTILINE)
# The lines that KFP 2 adds to a lightweight component (kfp 2.17, `dsl/component_factory.py`).
_EPHEMERAL = "import kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\n"
_DECORATED = "from kfp import dsl\n\n\n@dsl.component\n"


def main() -> int:
    """Measure all commands in turn, so that a change of the machine's speed affects all of them alike."""
    parser = argparse.ArgumentParser(description="Measure start-up.")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout, measured in the same run")
    options = parser.parse_args()
    checkouts: dict[str, dict[str, str]] = {"": {}}
    if options.against:
        checkouts = {"after": {}, "before": {"PYTHONPATH": str(options.against.resolve())}}
    with tempfile.TemporaryDirectory(prefix="comp-startup-") as temporary, _servers(Path(temporary)) as servers:
        commands = _apart(Path(temporary))
        for name, environment in checkouts.items():
            folder = Path(temporary) / f"builds {name}"
            folder.mkdir()
            ours = _commands() | _builds(folder, *servers)
            commands |= {
                f"{label} {name}".strip(): Command(
                    words=command.words, folder=folder, environment={**command.environment, **environment}
                )
                for label, command in ours.items()
            }
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(options.runs + 1):
            for name, command in commands.items():
                costs[name].append(measure(command, apart=frozenset()))
        imports = {name: _imports(command) for name, command in commands.items()}
    _print(costs, imports)
    return 0


def _print(costs: dict[str, list[Cost]], imports: dict[str, list[int]]) -> None:
    print("| command | wall ms | CPU ms | CPU above the bare interpreter, ms | modules | imports ms |")
    print("|---|---|---|---|---|---|")
    bare = statistics.median(cost.cpu for cost in costs["python -I -c pass"][1:])
    for name, measured in sorted(costs.items()):
        # The first run of each only warms the page cache, or builds for the first time.
        wall = statistics.median(cost.wall for cost in measured[1:])
        cpu = statistics.median(cost.cpu for cost in measured[1:])
        cells = f"{wall * _MS:.0f} | {cpu * _MS:.0f} | {(cpu - bare) * _MS:.0f}"
        print(f"| `{name}` | {cells} | {len(imports[name])} | {sum(imports[name]) / _MS:.0f} |")


def _imports(command: Command) -> list[int]:
    """Return the microseconds that each imported module took by itself; empty for Pythons that ignore variables.

    Of several runs, the quickest counts: others may use the machine meanwhile.
    """
    timed = {**os.environ, **command.environment, "PYTHONPROFILEIMPORTTIME": "1"}
    runs = []
    for _ in range(_IMPORT_RUNS):
        done = subprocess.run(
            command.words, cwd=command.folder, env=timed, capture_output=True, check=True, timeout=300
        )
        runs.append([int(found) for found in _IMPORTED.findall(done.stderr.decode())])
    return min(runs, key=sum)


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a distribution server with a base of a few bytes and an index with one package; yield their addresses."""
    wheel = {"alpha-1.0-py3-none-any.whl": small_wheel("alpha", "1.0")}
    base = read_layout(small_base(folder / "base"), platform=Platform("linux", "amd64"))
    with serving_registry(folder / "registry") as host, serving_index(PackageIndex(files=wheel)) as index:
        Remote(environ={}).push(base, parse_reference(f"{host}/bench/python:3.11"), tags=["3.11", "3.11-slim"])
        yield host, index.url


def _builds(folder: Path, host: str, index: str) -> dict[str, Command]:
    """Return builds of a small component after the first one, whose bytecode nothing here could compile."""
    for name in ("component", "tagged"):
        component = write_component(folder / name, f"{host}/bench/python:3.11", settings="bytecode = false")
        project = component / "pyproject.toml"
        project.write_text(project.read_text().replace("[tool.comp]", 'dependencies = ["alpha"]\n\n[tool.comp]'))
    environment = {
        "COMP_CACHE_DIR": str(folder / "cache"),
        "COMP_IMAGE_PREFIX": f"{host}/{folder.name.replace(' ', '-').strip('-')}",
        "UV_INDEX_URL": index,
    }
    build = (_COMP, "build", "--push")
    # The lock pins the name in the settings, and no other.
    tagged = {**environment, "COMP_BASE": f"{host}/bench/python:3.11-slim", "COMP_IMAGE_PREFIX": f"{host}/tagged"}
    return {
        "comp build --push, one line changed": Command(
            words=("sh", "-c", _CHANGED, *build, "component"), folder=folder, environment=environment
        ),
        "comp build --push, nothing changed": Command(
            words=(*build, "component"), folder=folder, environment=environment
        ),
        "comp build --push, nothing changed, COMP_BASE": Command(
            words=(*build, "tagged"), folder=folder, environment=tagged
        ),
    }


def _commands() -> dict[str, Command]:
    """Return quick commands of comp that build nothing."""
    function = ROOT / "sample_components" / "from_function" / "train.py"
    lines = {
        "comp --help": (_COMP, "--help"),
        "comp lint": (_COMP, "lint", str(SAMPLE)),
        "comp inspect-function": (_COMP, "inspect-function", f"{function}:train"),
        "comp generate --check": (_COMP, "generate", "--check", str(SAMPLE)),
    }
    return {name: Command(words=words, folder=ROOT) for name, words in lines.items()}


def _apart(folder: Path) -> dict[str, Command]:
    """Return the commands to compare with."""
    image = _lay_out(folder / "image")
    lines = {
        "python -I -c pass": (sys.executable, "-I", "-c", "pass"),
        "python -c 'import click, yaml, urllib3'": (sys.executable, "-c", "import click, yaml, urllib3"),
        "launch.py": (sys.executable, "-I", str(image / "launch.py"), _NAME, "--executor-input", "{{$}}"),
    }
    return {name: Command(words=words, folder=folder) for name, words in lines.items()} | _kfp(folder)


def _kfp(folder: Path) -> dict[str, Command]:
    """Return commands that run an empty function by KFP 2's executor: in an image of its own, and lightweight."""
    python = str(kfp_environment("2"))
    call = json.dumps({"inputs": {}, "outputs": {"outputFile": str(folder / "executor_output.json")}})
    commands = {}
    for name, head, environment in (
        ("kfp executor, in an image of its own", _DECORATED, {}),
        ("kfp executor, lightweight", _EPHEMERAL, {"_KFP_RUNTIME": "true"}),
    ):
        module = folder / f"{name.replace(' ', '_').replace(',', '')}.py"
        module.write_text(head + _FUNCTION)
        words = [python, "-m", "kfp.dsl.executor_main", "--component_module_path", str(module)]
        words += ["--function_to_execute", _NAME, "--executor_input", call]
        commands[name] = Command(words=words, folder=folder, environment=environment)
    return commands


def _lay_out(image: Path) -> Path:
    """Write the launcher and the files that an image has beside it, for an empty function."""
    (image / "app").mkdir(parents=True)
    shutil.copy(ROOT / "toolkit" / "launcher" / "launch.py", image)
    (image / "app" / f"{_NAME}.py").write_text(_FUNCTION)
    component = {"function": f"{_NAME}:{_NAME}", "inputs": [], "outputs": [], "returns_tuple": False}
    (image / "interface.json").write_text(json.dumps({"protocol": 1, "components": {_NAME: component}}))
    return image


if __name__ == "__main__":
    raise SystemExit(main())
