"""Count the programs of a checkout whose interface is read completely, and list why the others are not.

    python -m benchmarks.programs [--compare] CHECKOUT [FOLDER...]

Reads every Python file under the folders (default: components and samples) that uses argparse, click, typer, fire or
absl's flags. A program is complete if every option was understood: its name, type, whether it is required, and its
default, or that the program computes the default. With --compare, complete programs that use argparse also run up to
their parser, in a process with stand-ins for missing packages, and the parser's options are compared.
"""

import argparse
import ast
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import FindingsError, InputError, Severity, UsageError
from toolkit.interface.programs.reader import read_program
from toolkit.program_probe.probe import DRIVER, option_of, read_answer

_SECONDS = 60
_KINDS = ("argparse", "click", "typer", "fire", "absl")


def main() -> int:
    """Print the reasons for each incomplete program, then the counts."""
    parser = argparse.ArgumentParser(description="Read the programs of a checkout.")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("folders", nargs="*", default=["components", "samples"])
    parser.add_argument("--compare", action="store_true", help="Run argparse programs up to their parser.")
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    options = 0
    for path in _programs([arguments.checkout / folder for folder in arguments.folders]):
        for kind in _uses(path):
            outcome, count, reasons = _read(path)
            options += count
            counts[kind, outcome] += 1
            if arguments.compare and kind == "argparse" and outcome == "complete":
                compared, differences = _compare(path)
                counts["compared", compared] += 1
                reasons = [*reasons, *differences]
            for reason in reasons:
                print(f"{path.relative_to(arguments.checkout)}: {reason}")
            break
    print()
    for kind in _KINDS:
        complete, other = counts[kind, "complete"], counts[kind, "incomplete"]
        if complete or other:
            print(f"{kind}: {complete} of {complete + other} files complete")
    print(f"{options} options")
    if arguments.compare:
        same, other, cannot = (counts["compared", word] for word in ("same", "different", "not run"))
        print(f"compared with the parser itself: {same} equal, {other} different, {cannot} stopped before parsing")
    return 0


def _programs(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


def _uses(path: Path) -> list[str]:
    """List the parsers of command lines that a file imports."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return []
    imported = {
        alias.name.partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    imported |= {(node.module or "").partition(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    return [kind for kind in _KINDS if kind in imported]


def _read(path: Path) -> tuple[str, int, list[str]]:
    """Read one program, with all of its sub-commands."""
    words: list[str | None] = [None]
    count, reasons = 0, []
    while words:
        word = words.pop()
        try:
            program = read_program(path, os.environ, subcommand=word)
        except UsageError as error:
            listed = (error.hint or "").partition(": ")[2].split(", ")
            words += [f"{word} {one}" if word else one for one in listed if one]
            continue
        except (FindingsError, InputError) as error:
            reasons.append(f"{error.where.line if error.where else 0}: {error.message}")
            continue
        if not program.options and program.kind == "environment":
            # It imports a parser only for a type hint or a table, and parses nothing.
            continue
        count += len(program.options)
        reasons += [f"{one.where.line}: {one.message}" for one in program.remarks if one.severity is Severity.WARNING]
    return ("incomplete" if reasons else "complete"), count, sorted(set(reasons))


_STAND_INS = """
import runpy
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from unittest.mock import MagicMock

import packaging.version  # programs use it without importing it

class StandIns:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while frame and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        # Installed packages look for optional ones, which must stay missing.
        asks = frame.f_code.co_filename if frame else ""
        return None if "site-packages" in asks or "/lib/python" in asks else ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        made = MagicMock(name=spec.name)
        made.__path__, made.__spec__, made.__name__, made.__version__ = [], spec, spec.name, "99.0.0"
        return made
    def exec_module(self, module):
        pass

def run_path(path, run_name):
    # A program with relative imports runs as a module of its packages.
    folder, parts = Path(path).parent, [Path(path).stem]
    while (folder / "__init__.py").is_file():
        folder, parts = folder.parent, [folder.name, *parts]
    sys.path.insert(0, str(Path(path).parent))
    if len(parts) == 1 or "from ." not in Path(path).read_text("utf-8"):
        return run(path, run_name=run_name)
    sys.path.insert(0, str(folder))
    return runpy.run_module(".".join(parts), run_name=run_name, alter_sys=True)

run, runpy.run_path = runpy.run_path, run_path
sys.meta_path.append(StandIns())
del sys.argv[0]
run(sys.argv[0], run_name="__main__")
"""


def _compare(path: Path) -> tuple[str, list[str]]:
    """Run a program up to its parser and compare the properties that decide the words of its command line.

    A default that the program computes is not read, and nothing is passed for it.
    """
    command = [sys.executable, "-c", _STAND_INS, str(DRIVER), str(path.resolve()), ""]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return "not run", []
    answer = read_answer(done.stdout) or {}
    if "options" not in answer:
        return "not run", []
    known = {option.name: option for option in (option_of(one, path) for one in answer["options"])}
    read = {option.name: option for option in read_program(path, os.environ).options}
    differences = [f"read, but not in the parser: {name}" for name in read if name not in known]
    differences += [f"in the parser, but not read: {name}" for name in known if name not in read]
    for name in read.keys() & known.keys():
        for what in ("flag", "type", "form", "required", "choices", "off", "default", "adds", "const", "nested"):
            ours, theirs = getattr(read[name], what), getattr(known[name], what)
            if ours != theirs and (what != "default" or ours is not None):
                differences.append(f"{name}: {what} is {theirs!r}, read as {ours!r}")
    return ("different" if differences else "same"), differences


if __name__ == "__main__":
    sys.exit(main())
