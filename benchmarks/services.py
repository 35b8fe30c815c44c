"""Build and push a service of like size with comp, ko and Jib, in turn, and print a table.

    python -m benchmarks.services [--tools comp,ko,jib] [--cold 2] [--runs 7]

Needs docker-registry and the package index; ko and Go, Maven and a JDK for the peers (benchmarks/peers.py).
Every tool starts from the same base, which is on the distribution server before the clock starts. In the cold build
comp fetches its wheels, while ko and Jib have their modules and jars. A second table counts the requests to the server.
"""

import argparse
import os
import platform
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field

from benchmarks.measuring import Cost, adopt_orphans, measure
from benchmarks.peers import Comp, Jib, Ko, Peer
from tests.bases import make_debian_base
from tests.daemons import require
from tests.registries import requests_to, serving_registry
from toolkit.cache.store import Cache
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

PLATFORM = Platform("linux", "amd64")
STEPS = ("cold", "one line changed", "nothing changed")
_MAKERS: Mapping[str, Callable[..., Peer]] = {"comp": Comp, "ko": Ko, "jib": Jib}
_MIB = 1 << 20


class Measured(Struct, kw_only=True):
    """By step, what the runs of one tool cost, and the requests of the last one; the size of its image without base."""

    costs: dict[str, list[Cost]] = field(default_factory=lambda: {step: [] for step in STEPS})
    requests: dict[str, Counter[str]] = field(default_factory=dict)
    size: int = 0


def main() -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description="Compare comp with ko and Jib.")
    parser.add_argument("--tools", default=",".join(_MAKERS))
    parser.add_argument("--cold", type=int, default=2, help="cold runs of each tool, in turn; the medians are printed")
    parser.add_argument("--runs", type=int, default=7, help="runs of each other step")
    options = parser.parse_args()
    require("docker-registry")
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-services-") as temporary:
        folder = Path(temporary)
        make_debian_base(folder / "base")
        with serving_registry(folder / "server", log_requests=True) as host:
            base = read_layout(folder / "base", platform=PLATFORM)
            reference = parse_reference(f"{host}/bench/base:1")
            Remote(environ=os.environ).push(base, reference, tags=["1"], report=lambda _: None)
            tools = [_MAKERS[name](folder=folder / name, host=host) for name in options.tools.split(",")]
            runs = {step: options.cold if step == "cold" else options.runs for step in STEPS}
            measured = _measured(tools, folder / "server", runs)
            for tool in tools:
                measured[tool.name].size = _size(f"{host}/{tool.image}", base, Cache(folder / "pulled"))
    print(_table(measured))
    return 0


def _measured(tools: Sequence[Peer], server: Path, runs: Mapping[str, int]) -> dict[str, Measured]:
    """Run every step of every tool in turn, so that a change of the machine's speed affects all alike."""
    # The server is a child too, and does the same for all.
    apart = frozenset(int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
    measured = {tool.name: Measured() for tool in tools}
    for tool in tools:
        for command in tool.prepare():
            measure(command, apart=apart)
    number = 0
    for step in STEPS:
        for _ in range(runs[step]):
            number += 1
            for tool in tools:
                if step == "cold":
                    tool.forget()
                # Also in a cold build: a server that has it all would be asked less.
                if step != "nothing changed":
                    tool.change(number)
                before = len(requests_to(server))
                measured[tool.name].costs[step].append(measure(tool.build(), apart=apart))
                asked = [line.partition(" ")[0] for line in requests_to(server)[before:]]
                measured[tool.name].requests[step] = Counter(asked)
    return measured


def _size(image: str, base: Image, cache: Cache) -> int:
    """Return the compressed bytes of an image's own layers."""
    made = Remote(environ=os.environ).pull(parse_reference(image), PLATFORM, cache)
    return sum(layer.descriptor.size for layer in made.layers[len(base.layers) :])


def _table(measured: Mapping[str, Measured]) -> str:
    """Return the results as Markdown: medians with wall time against comp's, and the requests of the last run."""
    machine = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} cores"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, load average {os.getloadavg()[1]:.1f}.",
        "Medians of wall s / CPU s / peak MiB; `x` is the median of wall time relative to comp's in the same run.",
        "",
        f"| tool | {' | '.join(STEPS)} | image without base |",
        f"|---|{'---|' * len(STEPS)}---|",
    ]
    ours = next((one.costs for name, one in measured.items() if name.startswith("comp")), None)
    for name, one in measured.items():
        cells = [_cell(one.costs[step], ours[step] if ours else None) for step in STEPS]
        lines.append(f"| {name} | {' | '.join(cells)} | {one.size / _MIB:.1f} MiB |")
    lines += ["", f"| requests of | {' | '.join(STEPS)} |", f"|---|{'---|' * len(STEPS)}"]
    for name, one in measured.items():
        counts = [f"{sum(count.values())} ({_counted(count)})" for count in (one.requests[step] for step in STEPS)]
        lines.append(f"| {name} | {' | '.join(counts)} |")
    return "\n".join(lines)


def _counted(count: Counter[str]) -> str:
    return ", ".join(f"{number} {method}" for method, number in sorted(count.items()))


def _cell(costs: Sequence[Cost], ours: Sequence[Cost] | None) -> str:
    wall, cpu = (statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu"))
    ratio = ""
    if ours and ours is not costs:
        ratios = [cost.wall / own.wall for cost, own in zip(costs, ours, strict=True)]
        ratio = f" (x {statistics.median(ratios):.2f})"
    return f"{wall:.2f} / {cpu:.2f} / {max(cost.peak for cost in costs) / _MIB:.0f}{ratio}"


if __name__ == "__main__":
    raise SystemExit(main())
