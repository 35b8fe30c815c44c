"""Measure `comp changed` in a repository of 1,000 components, beside `git diff --name-only` in the same run.

Two layouts: components that stand for themselves, and members of a workspace of uv that require ten shared projects.
`python -m benchmarks.changed [REPEATS]` prints the medians of the wall and the processor time.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.measuring import Command, Cost, adopt_orphans, measure

COMPONENTS, SHARED = 1_000, 10
_COMP = Path(sys.executable).with_name("comp")
_ENVIRON = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "A"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "a@example.com"),
}
_ROOT = '[tool.comp.workspace]\nmembers = ["steps/*"]\n[tool.comp.defaults]\nbase = "python:3.11-slim"\n'
_SETTINGS = """[project]
name = "{name}"
version = "1.0.0"
description = "A step"
requires-python = ">=3.11"
dependencies = [{requires}]

[tool.comp]
entrypoint = "step:run"
"""
_CONTRACT = "name: step\nimplementation:\n  container:\n    image: none\n    command: [python]\n"


def main(repeats: int) -> None:
    """Print a table of both layouts."""
    adopt_orphans()
    print("| | files | `git diff` | `comp changed`: clock | processor | of it listed |")
    print("|---|---|---|---|---|---|")
    for title, shared in (("each for itself", False), ("ten shared projects", True)):
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            _write(folder, shared=shared)
            _commit(folder)
            _change(folder, shared=shared)
            _commit(folder)
            diff = _medians(["git", "diff", "--name-only", "HEAD~1"], folder, repeats)
            changed = _medians([str(_COMP), "-q", "changed", "--since", "HEAD~1"], folder, repeats)
            listed = len(_output([str(_COMP), "-q", "changed", "--since", "HEAD~1"], folder).splitlines())
            files = len(_output(["git", "ls-files"], folder).splitlines())
        row = (f"{files:,}", f"{diff.wall:.3f} s", f"{changed.wall:.2f} s", f"{changed.cpu:.2f} s", str(listed))
        print(f"| {COMPONENTS:,} components, {title} | {' | '.join(row)} |")


def _write(folder: Path, *, shared: bool) -> None:
    """Write the components."""
    root = _ROOT
    if shared:
        sources = "".join(f"lib{number} = {{ workspace = true }}\n" for number in range(SHARED))
        root += f'[tool.uv.workspace]\nmembers = ["libs/*", "steps/*"]\n[tool.uv.sources]\n{sources}'
    files = {"pyproject.toml": root}
    for number in range(SHARED):
        files[f"libs/lib{number}/pyproject.toml"] = f'[project]\nname = "lib{number}"\nversion = "1"\n'
        files[f"libs/lib{number}/lib{number}/__init__.py"] = "x = 1\n"
    for number in range(COMPONENTS):
        name = f"step-{number:04}"
        requires = ["pandas>=2.2", "numpy>=1.26", *([f"lib{number % SHARED}"] if shared else [])]
        files |= {
            f"steps/{name}/pyproject.toml": _SETTINGS.format(
                name=name, requires=", ".join(f'"{each}"' for each in requires)
            ),
            f"steps/{name}/src/step.py": "def run(x: int) -> int:\n    return x\n",
            f"steps/{name}/component.yaml": _CONTRACT,
            f"steps/{name}/README.md": f"# {name}\n",
            f"steps/{name}/tests/cases/one/case.yaml": "inputs: {x: 1}\n",
        }
    _put(folder, files)


def _change(folder: Path, *, shared: bool) -> None:
    """Change ten components, and one of the shared projects."""
    files = {f"steps/step-{number:04}/src/step.py": "x = 2\n" for number in range(0, COMPONENTS, COMPONENTS // 10)}
    if shared:
        files["libs/lib3/lib3/__init__.py"] = "x = 2\n"
    _put(folder, files)


def _put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _commit(folder: Path) -> None:
    """Commit everything."""
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message=x")):
        _output(["git", *words], folder)


def _output(words: Sequence[str], folder: Path) -> str:
    done = subprocess.run(words, cwd=folder, env=os.environ | _ENVIRON, check=True, capture_output=True, text=True)
    return done.stdout


def _medians(words: Sequence[str], folder: Path, repeats: int) -> Cost:
    """Return the median wall and processor time of a command, after one run that warms the caches."""
    command = Command(words=words, folder=folder, environment=_ENVIRON)
    costs = [measure(command, apart=frozenset()) for _ in range(repeats + 1)][1:]
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
