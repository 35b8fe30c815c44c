"""What an SBOM, a signature and provenance cost beside the build: seconds of processor, the best of some runs.

    python -m benchmarks.supply_chain BASE

Needs docker-registry, openssl and the package index. BASE is a Debian base as `layout:DIR`. A build "with wheels
cached" has a cache without any record: everything but the downloads is made again.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measuring import Command, adopt_orphans, measure
from tests.registries import serving_registry

_COMP = Path(sys.executable).with_name("comp")
_SAMPLES = Path(__file__).parent.parent / "sample_components"
_RUNS = 3
_ASKED = {"plain": (), "--sign": ("--sign", "key.pem"), "--provenance": ("--provenance",)}
_ALL = {**_ASKED, "both": (*_ASKED["--sign"], *_ASKED["--provenance"])}


class _Sample:
    """A sample in a repository and a cache of its own, which is pushed to a server."""

    def __init__(self, name: str, root: Path, environment: Mapping[str, str]) -> None:
        self.folder = root / name
        self.cache = root / f"cache-{name}"
        self._environment = {**environment, "COMP_CACHE_DIR": str(self.cache)}
        shutil.copytree(_SAMPLES / name, self.folder)
        for words in (
            ("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "ec.pem"),
            ("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", "ec.pem", "-out", "key.pem"),
            ("git", "init", "-q"),
            ("git", "add", "."),
            ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "a"),
        ):
            subprocess.run(words, cwd=self.folder, check=True, capture_output=True)

    def run(self, *words: str) -> float:
        """Run comp, and return its seconds of processor."""
        command = Command(words=[str(_COMP), *words], folder=self.folder, environment=self._environment)
        return measure(command, apart=frozenset()).cpu

    def changed(self) -> None:
        """Change a line of the code."""
        code = min(path for path in self.folder.glob("src/**/*.py") if path.stat().st_size)
        code.write_text(f"{code.read_text()}\n# One more line.\n")

    def cold(self) -> None:
        """Forget everything but downloads."""
        shutil.rmtree(self.cache / "records")


def _row(title: str, costs: Mapping[str, Sequence[float]]) -> None:
    """Print one row of the table of builds."""
    print(f"| {title} | {' | '.join(f'{min(costs[name]):.2f}' for name in _ALL)} |", flush=True)


def _measured(sample: _Sample, name: str) -> None:
    """Print the rows of one sample."""
    build = ("build", ".", "--push")
    sample.run(*build, "--sign", "key.pem", "--provenance")
    cold: list[float] = []
    after: list[float] = []
    again: list[float] = []
    first: list[float] = []
    changed: dict[str, list[float]] = {kind: [] for kind in _ALL}
    same: dict[str, list[float]] = {kind: [] for kind in _ALL}
    for _ in range(_RUNS):
        sample.cold()
        cold.append(sample.run(*build))
        first.append(sample.run("sbom", "-o", ".sbom.json"))
        for kind, words in _ALL.items():
            sample.changed()
            changed[kind].append(sample.run(*build, *words))
            same[kind].append(sample.run(*build, *words))
        after.append(sample.run("sbom", "-o", ".sbom.json"))
        shutil.rmtree(sample.cache / "records" / "layer-listing")
        again.append(sample.run("sbom", "-o", ".sbom.json"))
    _row(f"`{name}`, one line changed", changed)
    _row(f"`{name}`, nothing changed", same)
    print(f"{name}: wheels cached {min(cold):.2f}; sbom after it {min(first):.2f}, base known too {min(after):.2f}")
    print(f"{name}: sbom with no layer known {min(again):.2f}", flush=True)


def main() -> None:
    """Measure, and print tables."""
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with serving_registry(root / "server") as host:
            environment = {**os.environ, "COMP_BASE": sys.argv[1], "COMP_IMAGE_PREFIX": f"{host}/bench"}
            for name in ("load_table", "summarise_text"):
                _measured(_Sample(name, root, environment), name)


if __name__ == "__main__":
    main()
