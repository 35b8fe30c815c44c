"""The time that a local run of a pipeline adds to each step, by the process runner, and print a table.

    python -m benchmarks.pipeline_steps [--steps 20] [--rounds 7]

A chain of steps runs one after the other. The work itself is the same launcher with the same arguments, started by
hand. What starts once, comp itself and the reading of the pipeline, is taken off by the run of a chain of one step.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.commands import comp, ok
from tests.pipeline_steps import CODE, compiled
from tests.pipelines import Json, constant, dag, result, task
from toolkit.job.context import BuildContext
from toolkit.runners.process import ProcessRunner
from toolkit.runners.runnable import find_component, open_runnable


def main() -> None:
    """Measure, and print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--steps", type=int, default=20)
    options.add_argument("--rounds", type=int, default=7)
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "code.py").write_text(CODE)
        ok("new", "steps", "--from-function", "code.py:add,write,join,fail,last,wait", folder=folder)
        chains = {count: _chain(folder, count) for count in (1, arguments.steps)}
        work = _work(folder)
        times: dict[str, list[float]] = {"work": [], "one": [], "all": []}
        # Interleaved, since the machine's speed drifts.
        for _ in range(arguments.rounds + 1):
            times["work"].append(_timed(work))
            times["one"].append(_timed(lambda: _run(folder, chains[1])))
            times["all"].append(_timed(lambda: _run(folder, chains[arguments.steps])))
    # The first round fills caches.
    alone, one, every = (statistics.median(each[1:]) for each in times.values())
    step = (every - one) / (arguments.steps - 1)
    print("| steps | the work itself, ms a step | in a pipeline, ms a step | added, ms a step |")
    print("|---|---|---|---|")
    added = f"{(step - alone) * 1000:.0f} (x {step / alone:.2f})"
    print(f"| {arguments.steps} | {alone * 1000:.0f} | {step * 1000:.0f} | {added} |")


def _chain(folder: Path, count: int) -> str:
    """Write a pipeline of steps that each need the one before."""
    tasks: Json = {}
    for number in range(count):
        source = result(f"s{number - 1}", "output") if number else constant(1)
        tasks[f"s{number}"] = task("add", inputs={"a": source})
    path = compiled(folder, dag(tasks))
    return str(path.rename(folder / f"chain-{count}.yaml").name)


def _run(folder: Path, pipeline: str) -> None:
    """Run a pipeline."""
    done = comp("pipeline", "run", pipeline, "--runner", "process", "--component", "steps=steps", folder=folder)
    if done.code:
        sys.exit(done.err)


def _work(folder: Path) -> Callable[[], object]:
    """Return a function that runs the launcher as a step does, and nothing else."""
    context = BuildContext()
    runner = open_runnable(find_component(folder / "steps", context), context, runner="process").runner
    if not isinstance(runner, ProcessRunner):
        raise TypeError(runner)
    root = folder / "laid-out"
    runner._lay_out(root)  # noqa: SLF001 (what a step is made of)
    python = runner._python()  # noqa: SLF001 (likewise)
    output = str(folder / "output")
    command = [str(python), "-P", str(root / "launch.py"), "steps", "--a", "1", "--b", "1"]
    command += ["--outputs", "--Output", output]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60)


def _timed(work: Callable[[], object]) -> float:
    """Return the seconds that a function takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
