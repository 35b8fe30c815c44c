"""Forty components: on one stack, and with overlapping requirements; a second platform; the bytes of a change.

    python -m benchmarks.forty [--components 40] [--docker 3]

Needs root, docker.io, docker-registry, mmdebstrap and the package index. comp builds and pushes every component, one
command after the other; docker (BuildKit, with a cache mount for pip) the first few of each kind, and the time of the
others is taken to be that of its last: its layers are shared as far as it can. Prints a table.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from benchmarks.tools import ROOT, docker
from tests.registries import serving_registry
from tests.servers import docker_daemon
from toolkit.engines.docker import connect, load_image
from toolkit.engines.mmdebstrap import make_debian_base
from toolkit.oci.descriptor import Platform

STACK = ("numpy==1.26.4", "pandas==2.2.2", "scikit-learn==1.5.0")
DOZEN = (
    *("numpy==1.26.4", "pandas==2.2.2", "scipy==1.13.1", "scikit-learn==1.5.0", "requests==2.32.3", "click==8.1.7"),
    *("pyyaml==6.0.2", "jinja2==3.1.4", "sqlalchemy==2.0.31", "pillow==10.4.0", "lxml==5.2.2", "pydantic==2.8.2"),
)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """Where everything is: the folder, the base's layout, the distribution server."""

    folder: Path
    base: Path
    host: str

    def comp(self, component: Path, *, cache: str, platforms: str = "linux/amd64") -> Cost:
        """Build and push one component."""
        environment = {
            "COMP_CACHE_DIR": str(self.folder / cache),
            "COMP_BASE": f"layout:{self.base}",
            "COMP_IMAGE_PREFIX": f"{self.host}/{cache}",
            "COMP_PLATFORMS": platforms,
        }
        words = (str(ROOT / ".venv" / "bin" / "comp"), "build", "--push", ".")
        return measure(Command(words=words, folder=component, environment=environment), apart=frozenset())

    def docker(self, component: Path, name: str) -> Cost:
        """Build and push the same with docker."""
        image = f"{self.host}/docker/{name}:1"
        build = (docker(), "build", "--network", "host", "--tag", image, ".")
        commands = [
            Command(words=words, folder=component, environment={"DOCKER_BUILDKIT": "1"})
            for words in (build, (docker(), "push", image))
        ]
        return sum((measure(command, apart=frozenset()) for command in commands), Cost())


def main() -> int:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description="Measure many components.")
    parser.add_argument("--components", type=int, default=40)
    parser.add_argument("--docker", type=int, default=3)
    options = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-forty-") as temporary, docker_daemon() as address:
        folder = Path(temporary)
        os.environ["DOCKER_HOST"] = address
        made = make_debian_base(folder / "base", packages=("python3-pip",), platforms=(AMD64, ARM64))
        load_image(connect(), made.images[0], names=["forty-debian:1"])
        _trusting_base(folder)
        with serving_registry(folder / "server") as host:
            bench = Bench(folder=folder, base=folder / "base", host=host)
            print(
                "| forty components | comp, s in all (first, then each) | docker, s in all (first, then each) | ratio |"
            )
            print("|---|---|---|---|")
            for kind, wanted in _kinds(options.components).items():
                print(_row(bench, kind, wanted, options.docker), flush=True)
            print("\n" + _second_platform(bench))
            print("\n" + _change(bench))
    return 0


def _kinds(count: int) -> dict[str, list[Sequence[str]]]:
    numbers = random.Random(40)  # noqa: S311 (the same subsets every time)
    overlapping = [sorted(numbers.sample(DOZEN, numbers.randint(4, 7))) for _ in range(count)]
    return {"on one stack": [STACK] * count, "overlapping": [tuple(one) for one in overlapping]}


def _row(bench: Bench, kind: str, wanted: Sequence[Sequence[str]], few: int) -> str:
    cache = kind.replace(" ", "-")
    folders = [_component(bench.folder / cache / f"c{number:02}", needs) for number, needs in enumerate(wanted)]
    ours = [bench.comp(folder, cache=f"cache-{cache}").wall for folder in folders]
    theirs = [bench.docker(folder, f"{cache}-{folder.name}").wall for folder in folders[:few]]
    extrapolated = sum(theirs) + theirs[-1] * (len(wanted) - few)
    each = sum(ours[1:]) / max(1, len(ours) - 1)
    return (
        f"| {kind} | {sum(ours):.0f} ({ours[0]:.1f}, {each:.2f}) | "
        f"{extrapolated:.0f} ({theirs[0]:.1f}, {theirs[-1]:.2f}; {few} measured) | {extrapolated / sum(ours):.1f} |"
    )


def _second_platform(bench: Bench) -> str:
    folder = _component(bench.folder / "platforms", STACK)
    one = bench.comp(folder, cache="cache-one")
    (folder / "requirements.lock").unlink()
    both = bench.comp(folder, cache="cache-both", platforms="linux/amd64,linux/arm64")
    return (
        f"Cold, linux/amd64: {one.wall:.1f} s, {one.peak / 2**20:.0f} MiB; with linux/arm64: {both.wall:.1f} s, "
        f"{both.peak / 2**20:.0f} MiB: the second platform costs {(both.wall - one.wall) / one.wall:.2f} of the first."
    )


def _change(bench: Bench) -> str:
    folder = _component(bench.folder / "change", STACK)
    bench.comp(folder, cache="cache-one")
    before = _stored(bench.folder / "server")
    (folder / "src" / "made.py").write_text((folder / "src" / "made.py").read_text() + "# changed\n")
    cost = bench.comp(folder, cache="cache-one")
    return f"A change of one line uploads {_stored(bench.folder / 'server') - before} bytes, in {cost.wall:.2f} s."


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*/data") if path.is_file())


def _component(folder: Path, requirements: Sequence[str]) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "made.py").write_text("def made(x: int) -> int:\n    return x\n")
    listed = ", ".join(f'"{text}"' for text in requirements)
    name = folder.name
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "made-{name}"\nversion = "1.0.0"\nrequires-python = ">=3.11"\ndependencies = [{listed}]\n\n'
        f'[tool.comp]\nentrypoint = "made:made"\n'
    )
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n")
    (folder / "Dockerfile").write_text(
        "FROM forty-base:1\nWORKDIR /component\nCOPY requirements.txt .\n"
        "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\nCOPY src .\n"
    )
    comp = (str(ROOT / ".venv" / "bin" / "comp"), "generate", ".")
    measure(Command(words=comp, folder=folder), apart=frozenset())
    return folder


def _trusting_base(folder: Path) -> None:
    """Make docker's base one that trusts what this machine trusts, for pip to reach the index."""
    context = folder / "context"
    context.mkdir()
    (context / "ca.crt").write_bytes(Path(os.environ.get("SSL_CERT_FILE", _CERTIFICATES)).read_bytes())
    settings = f"PIP_CERT={_CERTIFICATES} PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore"
    (context / "Dockerfile").write_text(f"FROM forty-debian:1\nCOPY ca.crt {_CERTIFICATES}\nENV {settings}\n")
    build = (docker(), "build", "--tag", "forty-base:1", ".")
    measure(Command(words=build, folder=context), apart=frozenset())


if __name__ == "__main__":
    sys.exit(main())
