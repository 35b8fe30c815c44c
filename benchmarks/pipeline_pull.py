"""Measure what an empty node pulls for a pipeline of forty components with overlapping requirements: comp and docker.

    python -m benchmarks.pipeline_pull [--components 40] [--docker 8]

Needs root, docker.io, containerd, docker-registry and the package index. The node is a containerd with an
empty store, as a kubelet uses it. The bytes are those that the distribution server sent. docker builds the first few
images; each of the others is assumed to cost what these cost after the first, which brings the base.
"""

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from benchmarks.forty import Bench, component, kinds, trusting_base
from benchmarks.measuring import Command, adopt_orphans, measure
from tests.bases import make_debian_base
from tests.daemons import daemon, require, scratch
from tests.registries import blob_bytes_sent, serving_registry
from tests.servers import docker_daemon
from toolkit.engines.docker import connect, load_image

_MB = 1_000_000
_READY = re.compile("containerd successfully booted")


class Pulled(Struct, frozen=True, kw_only=True):
    """How many images a node pulled, in how many bytes, and in how many seconds."""

    images: int
    size: int
    seconds: float

    def extrapolated(self, first: "Pulled", images: int) -> "Pulled":
        """Return the cost of so many images, each after the `first` one costing as much as these do on average."""
        share = (images - 1) / (self.images - 1)
        return Pulled(
            images=images,
            size=first.size + round((self.size - first.size) * share),
            seconds=first.seconds + (self.seconds - first.seconds) * share,
        )


def main() -> int:
    """Build all images, pull them, and print the table."""
    parser = argparse.ArgumentParser(description="Measure what a pipeline pulls.")
    parser.add_argument("--components", type=int, default=40)
    parser.add_argument("--docker", type=int, default=8, help="how many of them docker builds, at least 2")
    options = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-pipeline-") as temporary:
        folder = Path(temporary)
        with serving_registry(folder / "server", log_requests=True) as host:
            wanted = kinds(options.components)["overlapping"]
            bench = Bench(folder=folder, base=folder / "base", ours=host, theirs=host)
            images = _built(bench, wanted, options.docker)
            ours = _pulled(images["comp"], folder)
            first = _pulled(images["docker"][:1], folder)
            few = _pulled(images["docker"], folder)
    theirs = few.extrapolated(first, options.components)
    print(f"| images of | MB pulled for {options.components} | s to pull and unpack |\n|---|---|---|")
    print(f"| comp | {ours.size / _MB:.0f} | {ours.seconds:.0f} |")
    print(f"| docker ({options.docker} measured) | {theirs.size / _MB:.0f} | {theirs.seconds:.0f} |")
    print(
        f"\ndocker / comp: {theirs.size / ours.size:.1f} times the bytes, {theirs.seconds / ours.seconds:.1f} the time"
    )
    return 0


def _built(bench: Bench, wanted: Sequence[Sequence[str]], few: int) -> dict[str, list[str]]:
    """Build and push every component by comp, and the first few by docker; return their references."""
    made = make_debian_base(bench.base, packages=("python3-pip",))
    folders = [component(bench.folder / f"c{number:02}", needs) for number, needs in enumerate(wanted)]
    for folder in folders:
        bench.comp(folder, cache="cache")
        print(f"comp built {folder.name}", file=sys.stderr, flush=True)
    with docker_daemon() as address:
        os.environ["DOCKER_HOST"] = address
        load_image(connect(os.environ), made.images[0], names=["forty-debian:1"])
        trusting_base(bench.folder)
        for folder in folders[:few]:
            cost = bench.docker(folder, folder.name)
            print(f"docker built {folder.name} in {cost.wall:.0f} s", file=sys.stderr, flush=True)
    return {
        "comp": [_pinned(folder) for folder in folders],
        "docker": [f"{bench.theirs}/docker/{folder.name}:1" for folder in folders[:few]],
    }


def _pinned(folder: Path) -> str:
    """Return the image that a contract names."""
    lines = (folder / "component.yaml").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("    image: "))


@contextmanager
def _empty_node(folder: Path) -> Iterator[str]:
    """Run containerd with an empty store, and yield the address of its socket."""
    with scratch("containerd") as short:
        config = {"version": 2, "root": str(short / "root"), "state": str(short / "state")}
        lines = [f"{key} = {json.dumps(value)}" for key, value in config.items()]
        (short / "config.toml").write_text("\n".join([*lines, f'[grpc]\naddress = "{short}/socket"', ""]))
        command = [require("containerd"), f"--config={short}/config.toml"]
        with daemon(command, log=folder / "containerd.log", ready=_READY):
            yield f"{short}/socket"


def _pulled(images: Sequence[str], folder: Path) -> Pulled:
    """Pull and unpack images into an empty node, and return what the server sent meanwhile."""
    before = sum(blob_bytes_sent(folder / "server").values())
    with _empty_node(folder) as address:
        began = time.monotonic()
        for image in images:
            pull = (require("ctr"), f"--address={address}", "images", "pull", "--plain-http", image)
            measure(Command(words=pull, folder=folder), apart=frozenset())
        seconds = time.monotonic() - began
    return Pulled(images=len(images), size=sum(blob_bytes_sent(folder / "server").values()) - before, seconds=seconds)


if __name__ == "__main__":
    sys.exit(main())
