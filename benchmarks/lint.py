"""Measure `comp lint` over thousands of contracts, against kfp that only loads them, in the same run.

    python -m benchmarks.lint [FOLDER…] [--files 10000] [--runs 3]

The files are copies of the contracts below the FOLDERs, checkouts of public components, each with a line of its own;
without a FOLDER they are generated. kfp takes minutes for as many, so it loads a sample (`--loaded`, `--each`), and its
time for all is extrapolated: the table says for how many. Prints medians, and ratios of processor time: that counts all
processes, and changes less than wall time when others use the machine.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from tests.kfp_environments import kfp_environment

_COMP = str(Path(sys.executable).with_name("comp"))
_KFP = "kfp in one process"
_EACH = "kfp, a process each"
_ALL, _ONE, _NOTHING = "comp lint", "comp lint, one file", "kfp, no file"
# Findings are no failure, and nothing is left to a terminal's speed.
_LINT = 'PYTHONDONTWRITEBYTECODE= "$0" "$@" >/dev/null 2>&1; test $? -le 1'
_LOAD = """
import sys, warnings
warnings.simplefilter("ignore")
from kfp import components
for line in sys.stdin:
    try:
        components.load_component_from_file(line.rstrip("\\n"))
    except Exception:
        pass
"""
_MB = 1024 * 1024


def main() -> int:
    """Write the files, measure all commands in turn, and print the table."""
    parser = argparse.ArgumentParser(description="Measure comp lint.")
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--loaded", type=int, default=500, help="files that kfp loads in one process")
    parser.add_argument("--each", type=int, default=5, help="files that kfp loads in a process each")
    options = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-lint-") as temporary:
        folder = Path(temporary)
        paths = _write(folder / "tree", options.files, list(_public(options.folders)) or list(_generated()))
        commands = _commands(folder, paths, options.loaded, options.each)
        # These fill the page cache, and write bytecode.
        for name in (_ONE, _NOTHING):
            measure(commands[name], apart=frozenset())
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(options.runs):
            for name, command in commands.items():
                costs[name].append(measure(command, apart=frozenset()))
    medians = {name: _median(each) for name, each in costs.items()}
    _print(medians, options.files, options.loaded, options.each)
    print(f"\nload average: {' '.join(f'{number:.1f}' for number in os.getloadavg())}, {os.cpu_count()} cores")
    return 0


def _commands(folder: Path, paths: Sequence[Path], loaded: int, each: int) -> dict[str, Command]:
    """Return the command lines, by what the table calls them."""
    python = str(kfp_environment("2"))
    # Taken from everywhere in the list, whose files differ.
    sample, few = paths[:: max(1, len(paths) // loaded)][:loaded], paths[:: max(1, len(paths) // each)][:each]
    for name, chosen in (("none", ()), ("sample", sample), ("few", few)):
        (folder / name).write_text("".join(f"{path}\n" for path in chosen))
    (folder / "load.py").write_text(_LOAD)
    one_by_one = f'while read -r file; do echo "$file" | "{python}" load.py; done <few'
    lines = {
        _ALL: ("sh", "-c", _LINT, _COMP, "lint", "tree"),
        _ONE: ("sh", "-c", _LINT, _COMP, "lint", str(paths[0])),
        _NOTHING: ("sh", "-c", f'"{python}" load.py <none'),
        _KFP: ("sh", "-c", f'"{python}" load.py <sample'),
        _EACH: ("sh", "-c", one_by_one),
    }
    return {name: Command(words=words, folder=folder) for name, words in lines.items()}


def _print(costs: dict[str, Cost], files: int, loaded: int, each: int) -> None:
    """Print the table; what kfp needs for all files is extrapolated from its samples."""
    start = costs.pop(_NOTHING)
    few, sample = costs[_EACH], costs[_KFP]
    costs[_KFP] = Cost(
        start.wall + (sample.wall - start.wall) * files / loaded,
        start.cpu + (sample.cpu - start.cpu) * files / loaded,
        sample.peak,
    )
    costs[_EACH] = Cost(few.wall * files / each, few.cpu * files / each, few.peak)
    ours = costs[_ALL].cpu
    print(f"| {files} files | s wall | s CPU | peak MiB, all processes | x CPU of comp lint |\n|---|---|---|---|---|")
    for name, cost in costs.items():
        numbers = f"{cost.wall:.2f} | {cost.cpu:.2f} | {cost.peak / _MB:.0f} | {cost.cpu / ours:.1f}"
        sampled = {_KFP: f" (from {loaded})", _EACH: f" (from {each})"}.get(name, "")
        print(f"| {name}{sampled} | {numbers} |")


def _median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each number."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak for cost in costs),
    )


def _write(folder: Path, count: int, texts: Sequence[str]) -> list[Path]:
    """Write so many contracts, a hundred folders in each folder, and return their paths."""
    paths = []
    for number, text in enumerate(islice(cycle(texts), count)):
        path = folder / f"{number // 100:04}" / f"{number % 100:02}" / "component.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(f"# {number}\n{text}")
        paths.append(path)
    return paths


def _public(folders: Sequence[Path]) -> Iterator[str]:
    """Yield the contracts below folders, as `comp lint` finds them."""
    from toolkit.collection.targets import Targets, looks_like_a_contract

    for target in Targets(folders, {}):
        if not target.is_folder and looks_like_a_contract(target.path):
            yield target.path.read_text()


def _generated() -> Iterator[str]:
    """Yield contracts of several sizes, with embedded code in some."""
    for size in (2, 5, 10, 20, 40):
        inputs = "".join(f"- {{name: input {at}, type: String, default: '{at}'}}\n" for at in range(size))
        args = "".join(f"    - --input-{at}\n    - {{inputValue: input {at}}}\n" for at in range(size))
        code = "".join(f"        print({at}, {{'a': [{at}]}})\n" for at in range(10 * size))
        command = f"    command:\n    - python3\n    - -c\n    - |\n{code}" if size % 10 else "    command: [run]\n"
        yield (
            f"name: Component {size}\ninputs:\n{inputs}outputs:\n- {{name: model, type: Model}}\n"
            f"implementation:\n  container:\n    image: example.invalid/component:{size}\n{command}"
            f"    args:\n{args}    - {{outputPath: model}}\n"
        )


if __name__ == "__main__":
    raise SystemExit(main())
