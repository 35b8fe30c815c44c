"""Build and push the same component with comp and other tools, on one machine in one run, and print a table.

    python -m benchmarks.build [--tools comp,docker-classic,docker-buildkit,buildah,kfp] [--stack torch] [--runs 3]

Needs root, docker.io, buildah, docker-registry and the package index. Every tool starts from the same
base, which is in the engine and on the distribution server before the clock starts. Every server is new, so an upload
can skip only the base. The table goes to stdout.
"""

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from benchmarks.tools import STACKS, Buildah, Comp, Docker, Kfp, Stack, Tool, docker, pushed_image
from tests.bases import make_debian_base
from tests.daemons import require
from tests.kfp_environments import kfp_environment
from tests.registries import serving_registry
from tests.servers import docker_daemon
from toolkit.cache.store import Cache
from toolkit.engines.docker import build_image, connect, load_image, save_image
from toolkit.oci.archive import read_archive
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

PLATFORM = Platform("linux", "amd64")
STEPS = (
    "cold",
    "wheels cached",
    "requirements rewritten",
    "one line of code changed",
    "nothing changed",
    "a dependency added",
)
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_MIB = 1 << 20


class Row(Struct, frozen=True):
    """The cost of each step for one tool, and the compressed size of its image without the base."""

    tool: str
    costs: dict[str, Cost | None]
    size: int


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Compare comp with other tools.")
    parser.add_argument("--tools", default="comp,docker-classic,docker-buildkit,buildah,kfp")
    parser.add_argument("--runs", type=int, default=3, help="runs of each quick step; the median is printed")
    parser.add_argument("--stack", choices=STACKS, default="scikit-learn", help="what the component requires")
    options = parser.parse_args()
    stack = STACKS[options.stack]
    wanted = options.tools.split(",")
    for program in ("dockerd", "buildah", "docker-registry"):
        require(program)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-benchmark-") as temporary:
        folder = Path(temporary)
        base, rows = _daemon_rows(folder, wanted, options.runs, stack)
        without_daemon: dict[str, Callable[[Path, Stack], Tool]] = {"comp": Comp, "buildah": Buildah.daemonless}
        for name in (name for name in without_daemon if name in wanted):
            tool = without_daemon[name](folder_in(folder, name), stack)
            rows.append(_row(tool, base, folder, options.runs, ready=lambda _: None))
        interpreter = _interpreter(folder, options.runs)
    rows.sort(key=lambda row: row.tool != "comp")
    print(table(rows, interpreter))
    return 0


def _daemon_rows(folder: Path, wanted: Sequence[str], runs: int, stack: Stack) -> tuple[Image, list[Row]]:
    """Make the base, and measure the tools that use a docker daemon."""
    makers: dict[str, Callable[[Path, Stack], Tool]] = {
        "docker-classic": Docker.classic,
        "docker-buildkit": Docker.modern,
        "kfp": lambda place, stack: Kfp(place, stack, kfp_environment("2")),
    }
    with docker_daemon() as address:
        os.environ["DOCKER_HOST"] = address
        base = make_base(folder)

        def ready(host: str) -> None:
            for words in (("tag", "bench-base:1", f"{host}/bench/base:1"), ("push", f"{host}/bench/base:1")):
                measure(Command(words=(docker(), *words), folder=folder), apart=frozenset())

        tools = [makers[name](folder_in(folder, name), stack) for name in makers if name in wanted]
        return base, [_row(tool, base, folder, runs, ready=ready) for tool in tools]


def make_base(folder: Path) -> Image:
    """Make a Debian base with pip and this machine's certificates."""
    make_debian_base(folder / "debian", packages=("python3-pip",))
    made = read_layout(folder / "debian", platform=PLATFORM)
    client = connect(os.environ)
    load_image(client, made, names=["bench-debian:1"])
    context = folder_in(folder, "base")
    shutil.copy(os.environ.get("SSL_CERT_FILE", _CERTIFICATES), context / "ca.crt")
    settings = f"PIP_CERT={_CERTIFICATES} PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore"
    (context / "Dockerfile").write_text(f"FROM bench-debian:1\nCOPY ca.crt {_CERTIFICATES}\nENV {settings}\n")
    built = build_image(client, context)
    client.images.get(built).tag("bench-base", "1")
    save_image(client, "bench-base:1", folder / "base.tar")
    return read_archive(folder / "base.tar", platform=PLATFORM, cache=Cache(folder / "base-cache"))


def _row(tool: Tool, base: Image, folder: Path, runs: int, *, ready: Callable[[str], None]) -> Row:
    """Measure the steps of one tool; each of the first three pushes to a server that has only the base."""
    costs: dict[str, Cost | None] = {}
    with server(base, folder, ready) as (host, apart):
        tool.prepare(host)
        for command in tool.forget():
            measure(command, apart=apart)
        costs["cold"] = timed(tool, apart)
    with server(base, folder, ready) as (host, apart):
        tool.prepare(host)
        tool.forget_installed()
        again = timed(tool, apart)
        costs["wheels cached"] = again if tool.keeps_wheels else None
    with server(base, folder, ready) as (host, apart):
        tool.prepare(host)
        tool.rewrite_requirements()
        costs["requirements rewritten"] = timed(tool, apart)
        changed = []
        for number in range(1, runs + 1):
            tool.change_code(number)
            changed.append(timed(tool, apart))
        costs["one line of code changed"] = _median(changed)
        costs["nothing changed"] = _median([timed(tool, apart) for _ in range(runs)])
        made = Remote(environ=os.environ).pull(parse_reference(pushed_image(tool)), PLATFORM, Cache(folder / "pulled"))
        size = sum(layer.descriptor.size for layer in made.layers[len(base.layers) :])
        tool.add_dependency()
        costs["a dependency added"] = timed(tool, apart)
    print(f"{tool.name}: done", file=sys.stderr)
    return Row(tool.name, costs, size)


@contextmanager
def server(base: Image, folder: Path, ready: Callable[[str], None]) -> Iterator[tuple[str, frozenset[int]]]:
    """Run a new distribution server that has the base; yield its host and its processes, which are not measured."""
    place = Path(tempfile.mkdtemp(dir=folder, prefix="server-"))
    before = _children()
    with serving_registry(place) as host:
        Remote(environ=os.environ).push(
            base, parse_reference(f"{host}/bench/base:1"), tags=["1"], report=lambda _: None
        )
        ready(host)
        yield host, frozenset(_children() - before)
    shutil.rmtree(place)


def _children() -> set[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return {int(pid) for pid in listed.split()}


def timed(tool: Tool, apart: frozenset[int]) -> Cost:
    """Let a tool build and push once; processes in `apart` and below them do not count."""
    return sum((measure(command, apart=apart) for command in tool.commands()), Cost())


def _interpreter(folder: Path, runs: int) -> Cost:
    """Measure a Python command that only imports the packages of every build."""
    words = (sys.executable, "-c", "import click, yaml, urllib3")
    command = Command(words=words, folder=folder)
    return _median([measure(command, apart=frozenset()) for _ in range(runs + 2)])


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.peak for cost in costs),
    )


def folder_in(folder: Path, name: str) -> Path:
    """Make a folder in a folder."""
    (folder / name).mkdir()
    return folder / name


def table(rows: Sequence[Row], interpreter: Cost) -> str:
    """Return the results as Markdown: for each step wall and processor time, memory, and wall time against comp's."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.system()} on {platform.machine()}, {os.cpu_count()} cores.",
        "Wall s / CPU s / peak MiB (including the daemon and its containers, if there is one);",
        "`x` is wall time relative to comp's.",
        "",
        "| tool | " + " | ".join(STEPS) + " | image without base |",
        "|---|" + "---|" * len(STEPS) + "---|",
    ]
    ours = next((row.costs for row in rows if row.tool == "comp"), {})
    for row in rows:
        cells = [_cell(row.costs[step], ours.get(step), own=row.tool == "comp") for step in STEPS]
        lines.append(f"| {row.tool} | {' | '.join(cells)} | {row.size / _MIB:.1f} MiB |")
    lines += ["", f"`python -c 'import click, yaml, urllib3'` in the same run: {_cell(interpreter, None, own=True)}"]
    return "\n".join(lines)


def _cell(cost: Cost | None, ours: Cost | None, *, own: bool) -> str:
    if cost is None:
        return "as cold"
    ratio = "" if own or ours is None else f" (x {cost.wall / ours.wall:.1f})"
    return f"{cost.wall:.2f} / {cost.cpu:.2f} / {cost.peak / _MIB:.0f}{ratio}"


if __name__ == "__main__":
    raise SystemExit(main())
