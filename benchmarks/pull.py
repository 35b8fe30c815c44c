"""Measure how long docker takes to pull a component into an empty daemon: comp's image, and docker's own.

    python -m benchmarks.pull [--stack torch] [--runs 5]

Needs root, docker.io, docker-registry and the package index. Both images have the same base and lie
on one distribution server on loopback; a new daemon with an empty store does each pull. Prints a table of medians.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.build import PLATFORM, folder_in, make_base, server, timed
from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from benchmarks.tools import STACKS, Comp, Docker, docker, pushed_image
from tests.servers import docker_daemon
from toolkit.cache.store import Cache
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

_MIB = 1 << 20


def main() -> int:
    """Build both images, pull them in turn, and print the table."""
    parser = argparse.ArgumentParser(description="Measure pulls into an empty daemon.")
    parser.add_argument("--stack", choices=STACKS, default="scikit-learn", help="what the component requires")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    stack = STACKS[options.stack]
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-pull-") as temporary:
        folder = Path(temporary)
        with _daemon():
            base = make_base(folder)
        with server(base, folder, lambda _: None) as (host, _):
            tools = Comp(folder_in(folder, "comp"), stack), Docker.modern(folder_in(folder, "docker"), stack)
            with _daemon():
                for tool in tools:
                    tool.prepare(host)
                    timed(tool, frozenset())
            images = {tool.name: pushed_image(tool) for tool in tools}
            costs: dict[str, list[Cost]] = {name: [] for name in images}
            for _ in range(options.runs):
                for name, image in images.items():
                    with _daemon():
                        pull = Command(words=(docker(), "pull", "--quiet", image), folder=folder)
                        costs[name].append(measure(pull, apart=frozenset()))
            layers = {name: _layers(image, folder) for name, image in images.items()}
    print("| image of | wall s | CPU s of client and daemon | layers | MiB compressed |\n|---|---|---|---|---|")
    for name, found in costs.items():
        wall, cpu = (statistics.median(values) for values in ([c.wall for c in found], [c.cpu for c in found]))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {len(layers[name])} | {sum(layers[name]) / _MIB:.0f} |")
    return 0


@contextmanager
def _daemon() -> Iterator[None]:
    """Run an empty daemon and direct all commands to it."""
    with docker_daemon() as address:
        os.environ["DOCKER_HOST"] = address
        yield


def _layers(reference: str, folder: Path) -> list[int]:
    """Return the sizes of an image's layers, in compressed bytes."""
    image = Remote(environ=os.environ).pull(parse_reference(reference), PLATFORM, Cache(folder / "pulled"))
    return [layer.descriptor.size for layer in image.layers]


if __name__ == "__main__":
    sys.exit(main())
