"""Measure how long a container takes to import pandas and scikit-learn, with and without bytecode in its image.

    python -m benchmarks.bytecode [--runs 7]

Needs root, docker.io and the package index. Each container is new, runs as an unprivileged user and has
a read-only root file system, as is common in pipeline engines. Prints a table of medians.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Command, measure
from benchmarks.tools import ROOT, docker
from tests.bases import make_debian_base
from tests.servers import docker_daemon

_PROJECT = """[project]
name = "starts"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["numpy==1.26.4", "pandas==2.2.2", "scikit-learn==1.5.0"]

[tool.comp]
entrypoint = "starts:nothing"
"""
_IMPORTS = {
    "nothing": "pass",
    "pandas": "import pandas",
    "pandas and scikit-learn": "import pandas, sklearn.linear_model, sklearn.ensemble",
}


def main() -> int:
    """Build both images, start containers of them in turn, and print the table."""
    parser = argparse.ArgumentParser(description="Measure imports with and without bytecode.")
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="comp-starts-") as temporary, docker_daemon() as address:
        os.environ["DOCKER_HOST"] = address
        folder = Path(temporary)
        built = _build(folder)
        seconds: dict[tuple[str, str], list[float]] = {}
        for _ in range(runs + 1):
            for what, code in _IMPORTS.items():
                for name in built:
                    seconds.setdefault((what, name), []).append(_run(name, code, folder))
    print("| imports | without bytecode, s | with, s | ratio |\n|---|---|---|---|")
    for what in _IMPORTS:
        # The first run of each only warms the page cache.
        without, with_it = (statistics.median(seconds[what, name][1:]) for name in ("false", "true"))
        print(f"| {what} | {without:.2f} | {with_it:.2f} | {without / with_it:.1f} |")
    print("\nA build with cached wheels: " + ", ".join(f"bytecode = {k} {v:.1f} s" for k, v in built.items()))
    return 0


def _build(folder: Path) -> dict[str, float]:
    """Build with bytecode and without, tagged `starts:true` and `starts:false`; return the seconds of each build."""
    make_debian_base(folder / "base")
    (folder / "src").mkdir()
    (folder / "src" / "starts.py").write_text("def nothing() -> None:\n    pass\n")
    (folder / "pyproject.toml").write_text(_PROJECT)
    comp = str(ROOT / ".venv" / "bin" / "comp")
    environment = {"COMP_CACHE_DIR": str(folder / "cache"), "COMP_BASE": f"layout:{folder / 'base'}"}
    measure(Command(words=(comp, "generate", "."), folder=folder, environment=environment), apart=frozenset())
    measure(Command(words=(comp, "lock", "."), folder=folder, environment=environment), apart=frozenset())
    took: dict[str, float] = {}
    for bytecode in ("false", "true"):
        variables = {**environment, "COMP_BYTECODE": bytecode}
        for command in ((comp, "build", "."), (comp, "build", ".", "--output", "docker")):
            cost = measure(Command(words=command, folder=folder, environment=variables), apart=frozenset())
            took.setdefault(bytecode, cost.wall)
        tag = (docker(), "tag", "starts:1.0.0", f"starts:{bytecode}")
        measure(Command(words=tag, folder=folder), apart=frozenset())
    return took


def _run(name: str, code: str, folder: Path) -> float:
    words = (docker(), "run", "--rm", "--read-only", "--user", "12345", f"starts:{name}", "python", "-c", code)
    started = time.monotonic()
    measure(Command(words=words, folder=folder), apart=frozenset())
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
