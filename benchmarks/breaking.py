"""Measure `comp breaking` over many components, against git's own comparison in the same run.

    python -m benchmarks.breaking [--components 1000] [--runs 5]

Every contract changes between two commits. Prints a table: medians, and ratios to `git diff`. The last row also reads
a hundred pipelines of ten steps.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tools import ROOT

_SETTINGS = '[project]\nname = "c{number}"\nversion = "1.0.0"\n\n[tool.comp]\ncommand = ["python", "x.py"]\n'
_CONTRACT = """name: C{number}
metadata:
  annotations:
    version: '1.0.0'
inputs:
- {{name: rate, type: {type}}}
- {{name: table, type: Dataset}}
outputs:
- {{name: model, type: Model}}
implementation:
  container:
    image: example.invalid/c{number}:1.0.0
    command: [python, x.py]
    args: [{{inputValue: rate}}, {{inputPath: table}}, {{outputPath: model}}]
"""


def main() -> int:
    """Make the repository, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--components", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _git(folder, "init", "-q")
        (folder / "pipelines").mkdir()
        for number in range(100):
            (folder / "pipelines" / f"p{number:03}.py").write_text(_pipeline(number))
        for type_ in ("String", "Float"):
            for number in range(options.components):
                component = folder / f"c{number:05}"
                component.mkdir(exist_ok=True)
                (component / "pyproject.toml").write_text(_SETTINGS.format(number=number))
                (component / "component.yaml").write_text(_CONTRACT.format(number=number, type=type_))
            _git(folder, "add", ".")
            _git(folder, "commit", "-qm", type_)
        comp = str(ROOT / ".venv" / "bin" / "comp")
        commands = {
            "git diff --stat HEAD~": ("git", "diff", "--stat", "HEAD~"),
            "comp breaking, all changed": (comp, "breaking", "--all", "--against", "HEAD~", "--format", "json"),
            "comp breaking, nothing changed": (comp, "breaking", "--all", "--against", "HEAD"),
            "comp breaking --consumers, 100 pipelines": (
                *(comp, "breaking", "--all", "--against", "HEAD~", "--consumers", "pipelines"),
            ),
        }
        # In turns, so that the load of the machine is the same for all.
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(options.runs):
            for name, words in commands.items():
                seconds[name].append(_seconds(folder, words))
    medians = {
        name: [statistics.median(column) for column in zip(*each, strict=True)] for name, each in seconds.items()
    }
    first = medians["git diff --stat HEAD~"][0]
    print(f"| {options.components} components | clock | processor | x git diff |\n|---|---|---|---|")
    for name, (clock, processor) in medians.items():
        print(f"| {name} | {clock:.2f} s | {processor:.2f} s | {clock / first:.1f} |")
    return 0


def _pipeline(number: int) -> str:
    """Return a pipeline of ten steps, each of another component."""
    loads = "".join(
        f'c{step} = components.load_component_from_file("../c{number * 10 + step:05}/component.yaml")\n'
        for step in range(10)
    )
    steps = "".join(f"    t{step} = c{step}(rate=0.1, table=table)\n" for step in range(10))
    return f"from kfp import components, dsl\n{loads}@dsl.pipeline\ndef p{number}(table):\n{steps}"


def _git(folder: Path, *words: str) -> None:
    """Run git with a user of its own."""
    named = ("-c", "user.name=a", "-c", "user.email=a@example.invalid")
    subprocess.run(["git", *named, *words], cwd=folder, check=True, timeout=600)


def _seconds(folder: Path, words: Sequence[str]) -> tuple[float, float]:
    """Return how long a command takes by the clock and by the processor, whatever it finds."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=folder, check=False, timeout=600, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return time.monotonic() - started, used


if __name__ == "__main__":
    sys.exit(main())
