"""How long quick commands and the launcher take to start, against a bare interpreter in the same run.

    python -m benchmarks.startup [--runs 15]

Prints a table of medians. The environment with KFP 2, whose executor is measured too, is made the first time.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.measuring import Command, Cost, measure
from tests.kfp_environments import kfp_environment

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_components" / "summarise_text"
_NAME = "nothing"
_FUNCTION = "def nothing() -> None:\n    pass\n"
_MS = 1000
# What KFP 2 puts into a container for a lightweight component (kfp 2.17, `dsl/component_factory.py`).
_EPHEMERAL = "import kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\n"
_DECORATED = "from kfp import dsl\n\n\n@dsl.component\n"


def main() -> int:
    """Measure everything in turn, again and again, so that a change of the machine's speed meets all alike."""
    parser = argparse.ArgumentParser(description="Measure start-up.")
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="comp-startup-") as temporary:
        commands = _commands(Path(temporary))
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(runs + 1):
            for name, command in commands.items():
                costs[name].append(measure(command, apart=frozenset()))
    print("| command | wall ms | CPU ms | CPU above the bare interpreter, ms |\n|---|---|---|---|")
    bare = statistics.median(cost.cpu for cost in costs["python -I -c pass"][1:])
    for name, measured in costs.items():
        # The first of each only warms the page cache.
        wall = statistics.median(cost.wall for cost in measured[1:])
        cpu = statistics.median(cost.cpu for cost in measured[1:])
        print(f"| `{name}` | {wall * _MS:.0f} | {cpu * _MS:.0f} | {(cpu - bare) * _MS:.0f} |")
    return 0


def _commands(folder: Path) -> dict[str, Command]:
    comp = str(Path(sys.executable).with_name("comp"))
    image = _lay_out(folder / "image")
    function = ROOT / "sample_components" / "from_function" / "train.py"
    lines = {
        "python -I -c pass": (sys.executable, "-I", "-c", "pass"),
        "python -c 'import click, yaml, urllib3'": (sys.executable, "-c", "import click, yaml, urllib3"),
        "comp --help": (comp, "--help"),
        "comp lint": (comp, "lint", str(SAMPLE)),
        "comp inspect-function": (comp, "inspect-function", f"{function}:train"),
        "comp generate --check": (comp, "generate", "--check", str(SAMPLE)),
        "launch.py": (sys.executable, "-I", str(image / "launch.py"), _NAME, "--executor-input", "{{$}}"),
    }
    commands = {name: Command(words=words, folder=folder) for name, words in lines.items()}
    return commands | _kfp(folder)


def _kfp(folder: Path) -> dict[str, Command]:
    """Run a function that does nothing by KFP 2's executor: as its images do, and as lightweight components do."""
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
    """Write what an image holds beside the launcher, for a function that does nothing."""
    (image / "app").mkdir(parents=True)
    shutil.copy(ROOT / "toolkit" / "launcher" / "launch.py", image)
    (image / "app" / f"{_NAME}.py").write_text(_FUNCTION)
    component = {"function": f"{_NAME}:{_NAME}", "inputs": [], "outputs": [], "returns_tuple": False}
    (image / "interface.json").write_text(json.dumps({"protocol": 1, "components": {_NAME: component}}))
    return image


if __name__ == "__main__":
    raise SystemExit(main())
