"""Build and push one sample by every builder of comp, on one machine in one run, and print a table.

    python -m benchmarks.builders [--forms comp,docker,buildah,own-docker,own-buildah] [--runs 3]

Needs root, docker.io with BuildKit inside or buildx, buildah, docker-registry and the package index. All share one
cache of wheels and bytecode, which a build before the clock starts fills; engines start without layers.
The table goes to stdout.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from tests.bases import make_debian_base
from tests.commands import COMP
from tests.conftest import ROOT
from tests.daemons import require
from tests.registries import serving_registry
from tests.servers import docker_daemon
from toolkit.oci.descriptor import Platform
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

SAMPLE = "train_model"
STEPS = ("first build", "one line of code changed", "nothing changed")
_MIB = 1 << 20


class Form(Struct, frozen=True):
    """A builder, and whether it builds the Dockerfile of `comp dockerfile`."""

    builder: str
    owned: bool = False


FORMS = {
    "comp": Form("oci"),
    "docker": Form("docker"),
    "buildah": Form("buildah"),
    "own-docker": Form("docker", owned=True),
    "own-buildah": Form("buildah", owned=True),
}


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Compare the builders of comp.")
    parser.add_argument("--forms", default=",".join(FORMS))
    parser.add_argument("--runs", type=int, default=3, help="runs of each quick step; the median is printed")
    options = parser.parse_args()
    for program in ("dockerd", "buildah", "docker-registry"):
        require(program)
    adopt_orphans()
    with (
        tempfile.TemporaryDirectory(prefix="comp-benchmark-") as temporary,
        serving_registry(Path(temporary) / "registry") as host,
        docker_daemon() as address,
    ):
        folder = Path(temporary)
        os.environ |= {
            "DOCKER_HOST": address,
            "COMP_CACHE_DIR": str(folder / "cache"),
            "COMP_BASE": _base(folder, host),
            "COMP_IMAGE_PREFIX": f"{host}/bench",
        }
        measure(_build(_sample(folder, "warm"), Form("oci")), apart=frozenset())
        rows = {name: _row(folder, name, options.runs) for name in options.forms.split(",")}
    print(table(rows))
    return 0


def _base(folder: Path, host: str) -> str:
    """Push a Debian base, and give its reference."""
    kept = os.environ.get("COMP_TEST_BASE")
    layout = Path(kept) if kept else folder / "base"
    if not kept:
        make_debian_base(layout)
    reference = f"{host}/bench/python:1"
    image = read_layout(layout, platform=Platform("linux", "amd64"))
    Remote(environ=os.environ).push(image, parse_reference(reference), tags=["1"])
    return reference


def _sample(folder: Path, name: str) -> Path:
    """Copy the sample under another name, so that each form pushes to a repository of its own."""
    target = folder / name
    shutil.copytree(ROOT / "sample_components" / SAMPLE, target)
    settings = target / "pyproject.toml"
    settings.write_text(settings.read_text().replace('name = "train-model"', f'name = "{name}"'))
    measure(Command(words=(str(COMP), "generate"), folder=target), apart=frozenset())
    return target


def _build(folder: Path, form: Form) -> Command:
    return Command(words=(str(COMP), "build", "--push", "--builder", form.builder), folder=folder)


def _row(folder: Path, name: str, runs: int) -> list[Cost]:
    """Measure the steps of one form."""
    form, target = FORMS[name], _sample(folder, name)
    if form.owned:
        measure(Command(words=(str(COMP), "dockerfile"), folder=target), apart=frozenset())
        settings = target / "pyproject.toml"
        settings.write_text(settings.read_text().replace("[tool.comp]\n", '[tool.comp]\ndockerfile = "Dockerfile"\n'))
    build, code = _build(target, form), target / "src" / "train_model.py"
    first = measure(build, apart=frozenset())
    changed = []
    for number in range(runs):
        code.write_text(code.read_text() + f"# {number}\n")
        changed.append(measure(build, apart=frozenset()))
    unchanged = [measure(build, apart=frozenset()) for _ in range(runs)]
    print(f"{name}: done", file=sys.stderr)
    return [first, _median(changed), _median(unchanged)]


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak for cost in costs),
    )


def table(rows: dict[str, list[Cost]]) -> str:
    """Return the results as Markdown: wall and processor time, memory, and processor time against comp's."""
    ours = rows.get("comp")
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}.",
        "Wall s / CPU s / peak MiB, with the daemon and its containers; `x` is CPU time relative to comp's.",
        "",
        f"| built by | {' | '.join(STEPS)} |",
        "|---|" + "---|" * len(STEPS),
    ]
    for name, costs in rows.items():
        cells = []
        for number, cost in enumerate(costs):
            ratio = f" (x {cost.cpu / ours[number].cpu:.1f})" if ours and name != "comp" else ""
            cells.append(f"{cost.wall:.2f} / {cost.cpu:.2f} / {cost.peak / _MIB:.0f}{ratio}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
