"""Measure a registry of 10,000 components of 100 versions: search, publish, add, show, sizes; beside helm and nf-core.

`python -m benchmarks.registry FOLDER [--components N] [--versions N] [--helm PATH] [--nf-core PYTHON]` makes it in
FOLDER unless it is there (about 10 GB and 3 million names for the default), and leaves it there. helm searches an
index of as many charts, with fewer versions each; nf-core reads a modules.json of as many modules. Prints tables.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from msgspec import Struct

from benchmarks.generated_registry import generate, name_of, release_of
from benchmarks.measuring import Command, adopt_orphans, measure
from toolkit.registry.finding import find
from toolkit.registry.folder import layout
from toolkit.registry.folder.catalogue import catalogue_text
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import parse_request
from toolkit.registry.release import CONTRACT
from toolkit.words import in_bytes

_COMP = Path(sys.executable).with_name("comp")
_ROUNDS = 9
_HELM_VERSIONS = (1, 10)
_NF_CORE = """
import sys
from pathlib import Path
from nf_core.modules.modules_json import ModulesJson
print(len(ModulesJson(Path(sys.argv[1])).get_all_components("modules")))
"""


class Times(Struct, frozen=True):
    """Seconds of the clock, the median and the least of several rounds, and the median of the processor's."""

    wall: float
    least: float
    cpu: float

    def row(self, title: str) -> str:
        """Return a row of a table."""
        return f"| {title} | {self.wall * 1e3:,.0f} | {self.least * 1e3:,.0f} | {self.cpu * 1e3:,.0f} |"


def main(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    adopt_orphans()
    root = arguments.folder
    if not root.exists():
        generate(root, arguments.components, arguments.versions)
    print(_sizes(root))
    print("| what | ms, median | least | processor |\n|---|---|---|---|")
    for title, times in _in_process(Directory.open(root), arguments.versions):
        print(times.row(title))
    with TemporaryDirectory() as place:
        for title, times in _commands(root, Path(place)):
            print(times.row(title))
        if arguments.helm:
            for title, times in _helm(arguments.helm, Path(place), arguments.components):
                print(times.row(title))
        if arguments.nf_core:
            print(_nf_core(arguments.nf_core, Path(place), arguments.components).row("nf-core reads its modules.json"))


def _sizes(root: Path) -> str:
    """Return what a reader fetches, in words."""
    catalogue = (root / layout.CATALOGUE).read_bytes()
    index = (root / layout.index(name_of(0))).stat().st_size
    text = in_bytes(len(catalogue_text(catalogue)))
    return f"catalogue {in_bytes(len(catalogue))}, {text} of text; index of a component {in_bytes(index)}\n"


def _in_process(registry: Directory, versions: int) -> Iterator[tuple[str, Times]]:
    """Measure what a process does that has opened the registry."""
    yield "in a process: the first search", _timed(lambda _: list(Directory.open(registry.root).entries(["xgboost"])))
    for words in (["xgboost"], ["train", "model"], ["nothing-such"], ["Embeddings"]):
        found = len(list(registry.entries(words)))
        yield f"search {' '.join(words)}: {found} found", _timed(lambda _, words=words: list(registry.entries(words)))  # type: ignore[misc]
    yield "list all", _timed(lambda _: list(registry.entries()))
    request = parse_request(f"{name_of(5)}@^1")
    yield "find a release by a range", _timed(lambda _: registry.content(find(registry, request), CONTRACT))
    # Versions that no earlier run has published.
    first = versions + int(time.time()) % 1_000_000

    def publish(turn: int) -> None:
        release, contract = release_of(turn, first)
        registry.publish(release, {CONTRACT: contract})

    yield f"publish into a component of {versions} versions", _timed(publish, rounds=25)


def _commands(root: Path, place: Path) -> Iterator[tuple[str, Times]]:
    """Measure commands, each in a process of its own."""
    name = str(name_of(5))
    lines = {
        "`comp search xgboost model`": ["search", "xgboost", "model"],
        "`comp search --produces Model --accepts Dataset`": ["search", "--produces", "Model", "--accepts", "Dataset"],
        "`comp show NAME`": ["show", name],
        "`comp add NAME@^1`": ["add", f"{name}@^1"],
    }
    for title, words in lines.items():
        yield title, _command([str(_COMP), "-q", *words, "--registry", str(root)], place)
    yield "`python -c 'import click, msgspec'`", _command([sys.executable, "-c", "import click, msgspec"], place)


def _helm(helm: str, place: Path, charts: int) -> Iterator[tuple[str, Times]]:
    """Measure helm's search in an index of its own."""
    cache, config = place / "cache", place / "repositories.yaml"
    cache.mkdir()
    config.write_text("apiVersion: ''\nrepositories:\n- {name: big, url: https://charts.example.com}\n")
    environ = {"HELM_REPOSITORY_CACHE": str(cache), "HELM_REPOSITORY_CONFIG": str(config)}
    for versions in _HELM_VERSIONS:
        index = cache / "big-index.yaml"
        _write_helm_index(index, charts, versions)
        times = _command([helm, "search", "repo", "xgboost"], place, rounds=3, **environ)
        yield f"`helm search repo xgboost`, {charts:,} charts x {versions}, {in_bytes(index.stat().st_size)}", times


def _write_helm_index(path: Path, charts: int, versions: int) -> None:
    """Write an index of charts as `helm repo index` does, with what a chart says of itself."""
    with path.open("w") as stream:
        stream.write("apiVersion: v1\nentries:\n")
        for number in range(charts):
            release, _ = release_of(number, 0)
            name = release.name.name
            stream.write(f"  {name}:\n")
            for version in range(versions):
                stream.write(
                    f"  - apiVersion: v2\n    created: '2026-01-31T12:00:00Z'\n    description: {release.description}\n"
                    f"    digest: {release.digest.hex}\n    name: {name}\n    type: application\n    urls:\n"
                    f"    - https://charts.example.com/{name}-0.{version}.0.tgz\n    version: 0.{version}.0\n"
                )
        stream.write("generated: '2026-01-31T12:00:00Z'\n")


def _nf_core(python: str, place: Path, modules: int) -> Times:
    """Measure a process in which nf-core reads the modules of a pipeline."""
    entry = {"branch": "master", "git_sha": "0" * 40, "installed_by": ["modules"]}
    document = {
        "name": "x/y",
        "homePage": "",
        "repos": {"https://example.com/x.git": {"modules": {"x": {f"m{n}": entry for n in range(modules)}}}},
    }
    (place / "modules.json").write_text(json.dumps(document))
    (place / "modules").mkdir()
    return _command([python, "-c", _NF_CORE, str(place)], place, rounds=3)


def _timed(work: Callable[[int], object], rounds: int = _ROUNDS) -> Times:
    """Measure some work in this process."""
    walls, cpus = [], []
    for turn in range(rounds):
        started, used = time.perf_counter(), time.process_time()
        work(turn)
        walls.append(time.perf_counter() - started)
        cpus.append(time.process_time() - used)
    return Times(median(walls), min(walls), median(cpus))


def _command(words: list[str], folder: Path, rounds: int = _ROUNDS, **environ: str) -> Times:
    """Measure a command, after one run that warms the caches."""
    command = Command(words=words, folder=folder, environment={"COMP_REGISTRY": "", **environ})
    costs = [measure(command, apart=frozenset()) for _ in range(rounds + 1)][1:]
    return Times(
        median(cost.wall for cost in costs), min(cost.wall for cost in costs), median(cost.cpu for cost in costs)
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--components", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=100)
    parser.add_argument("--helm")
    parser.add_argument("--nf-core")
    main(parser.parse_args())
