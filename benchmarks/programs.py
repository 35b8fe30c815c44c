"""How many of the programs in a checkout give their complete interface, and why the others do not.

    python -m benchmarks.programs [--compare] CHECKOUT [FOLDER...]

Reads every Python file under the folders (default: components and samples) that uses argparse, click, typer, fire or
absl's flags. A program is complete when every option was understood: its name, type, whether it is required, and its
default or that the program works it out itself. With --compare those that use argparse are also run up to their
parser, in a process, with stand-ins for every package that is missing, and what it knows is compared.
"""

import argparse
import ast
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import InputError, UsageError
from toolkit.findings import FindingsError, Severity
from toolkit.interface.programs.reading import read_program
from toolkit.introspection.asking import DRIVER, answered, option_of

_SECONDS = 60
_KINDS = ("argparse", "click", "typer", "fire", "absl")


def main() -> int:
    """Print a line for each program that is not complete, then the counts."""
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
        print(f"compared with the parser itself: {same} the same, {other} different, {cannot} did not get to parsing")
    return 0


def _programs(folders: list[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(folder.rglob("*.py"))


def _uses(path: Path) -> list[str]:
    """Name what reads the command line, by the file's imports."""
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
    """Read one program, all of its sub-commands where it has some."""
    words: list[str | None] = [None]
    count, reasons = 0, []
    while words:
        word = words.pop()
        try:
            program = read_program(path, word=word)
        except UsageError as error:
            listed = (error.hint or "").partition(": ")[2].split(", ")
            words += [f"{word} {one}" if word else one for one in listed if one]
            continue
        except (FindingsError, InputError) as error:
            reasons.append(f"{error.where.line if error.where else 0}: {error.message}")
            continue
        if not program.options and program.kind == "environment":
            # It imports a parser, for a type hint or a table, and parses nothing.
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

import packaging.version  # programs use it, and others have imported it for them

class StandIns:
    def find_spec(self, name, path=None, target=None):
        frame = sys._getframe(1)
        while frame and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back
        # What is installed looks for packages that it can do without.
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
    """Run a program up to its parser and compare what decides the words of its command line.

    A default that the program works out is not read, and then nothing is passed for it.
    """
    command = [sys.executable, "-c", _STAND_INS, str(DRIVER), str(path.resolve()), ""]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return "not run", []
    answer = answered(done.stdout) or {}
    if "options" not in answer:
        return "not run", []
    known = {option.name: option for option in (option_of(one, path) for one in answer["options"])}
    read = {option.name: option for option in read_program(path).options}
    differences = [f"read, and not there: {name}" for name in read if name not in known]
    differences += [f"there, and not read: {name}" for name in known if name not in read]
    for name in read.keys() & known.keys():
        for what in ("flag", "type", "form", "required", "choices", "off", "default", "adds", "const", "nested"):
            ours, theirs = getattr(read[name], what), getattr(known[name], what)
            if ours != theirs and (what != "default" or ours is not None):
                differences.append(f"{name}: {what} is {theirs!r}, read {ours!r}")
    return ("different" if differences else "same"), differences


if __name__ == "__main__":
    sys.exit(main())
