"""How many of the programs in a checkout give their complete interface, and why the others do not.

    python -m benchmarks.programs CHECKOUT [FOLDER...]

Reads every Python file under the folders (default: components and samples) that uses argparse, click, typer, fire or
absl's flags. A program is complete when every option was understood: its name, type, whether it is required, and its
default or that the program works it out itself.
"""

import argparse
import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import InputError, UsageError
from toolkit.findings import FindingsError, Severity
from toolkit.interface.programs.reading import read_program

_KINDS = ("argparse", "click", "typer", "fire", "absl")


def main() -> int:
    """Print a line for each program that is not complete, then the counts."""
    parser = argparse.ArgumentParser(description="Read the programs of a checkout.")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("folders", nargs="*", default=["components", "samples"])
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    options = 0
    for path in _programs([arguments.checkout / folder for folder in arguments.folders]):
        for kind in _uses(path):
            outcome, count, reasons = _read(path)
            options += count
            counts[kind, outcome] += 1
            for reason in reasons:
                print(f"{path.relative_to(arguments.checkout)}: {reason}")
            break
    print()
    for kind in _KINDS:
        complete, other = counts[kind, "complete"], counts[kind, "incomplete"]
        if complete or other:
            print(f"{kind}: {complete} of {complete + other} files complete")
    print(f"{options} options")
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
            words += [f"{word} {one}" if word else one for one in listed if one and one != "none"]
            continue
        except (FindingsError, InputError) as error:
            reasons.append(f"{error.where.line if error.where else 0}: {error.message}")
            continue
        count += len(program.options)
        reasons += [f"{one.where.line}: {one.message}" for one in program.remarks if one.severity is Severity.WARNING]
    return ("incomplete" if reasons else "complete"), count, sorted(set(reasons))


if __name__ == "__main__":
    sys.exit(main())
