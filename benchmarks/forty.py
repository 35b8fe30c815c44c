"""Measure forty components, on one stack and with overlapping requirements; a second platform; the bytes of a change.

    python -m benchmarks.forty [--components 40] [--docker 3] [--whole] [--kinds one-stack,overlapping]

Needs root, docker.io, docker-registry and the package index. comp builds and pushes all components of a
kind by one command, `comp build --all`: from an empty cache, with one line changed in each, and with nothing changed.
docker (BuildKit, with a cache mount for pip) builds and pushes the first few of each kind, one after the other, and
shares layers where it can; the others are assumed to take as long as the median of those after the first. With
`--whole` it builds all of them. Each tool has a server of its own, whose bytes are counted. Prints tables.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.measuring import Command, Cost, adopt_orphans, measure
from benchmarks.tools import ROOT, docker
from tests.bases import make_debian_base
from tests.registries import serving_registry
from tests.servers import docker_daemon
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.engines.docker import connect, load_image
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

STACK = ("numpy==1.26.4", "pandas==2.2.2", "scikit-learn==1.5.0")
DOZEN = (
    *("numpy==1.26.4", "pandas==2.2.2", "scipy==1.13.1", "scikit-learn==1.5.0", "requests==2.32.3", "click==8.1.7"),
    *("pyyaml==6.0.2", "jinja2==3.1.4", "sqlalchemy==2.0.31", "pillow==10.4.0", "lxml==5.2.2", "pydantic==2.8.2"),
)
AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
_COMP = str(ROOT / ".venv" / "bin" / "comp")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Bench(Struct, frozen=True, kw_only=True):
    """The work folder, the base's layout, and the distribution server of each tool."""

    folder: Path
    base: Path
    ours: str
    theirs: str

    def comp(self, folder: Path, *, cache: str, platforms: str = "linux/amd64", every: bool = False) -> Cost:
        """Build and push one component, or every one below a folder."""
        environment = {
            "COMP_CACHE_DIR": str(self.folder / cache),
            "COMP_BASE": f"layout:{self.base}",
            "COMP_IMAGE_PREFIX": f"{self.ours}/{cache}",
            "COMP_PLATFORMS": platforms,
        }
        words = (_COMP, "build", "--push", *(["--all"] if every else []), ".")
        return measure(Command(words=words, folder=folder, environment=environment), apart=frozenset())

    def docker(self, component: Path, name: str) -> Cost:
        """Build and push the same component with docker."""
        image = f"{self.theirs}/docker/{name}:1"
        build = (docker(), "build", "--network", "host", "--tag", image, ".")
        commands = [
            Command(words=words, folder=component, environment={"DOCKER_BUILDKIT": "1"})
            for words in (build, (docker(), "push", image))
        ]
        return sum((measure(command, apart=frozenset()) for command in commands), Cost())


def main() -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description="Measure many components.")
    parser.add_argument("--components", type=int, default=40)
    parser.add_argument("--docker", type=int, default=3, help="how many of each kind docker builds")
    parser.add_argument("--whole", action="store_true", help="let docker build all of them")
    parser.add_argument("--kinds", default=",".join(kinds(0)))
    parser.add_argument("--more", action="store_true", help="also measure a second platform, and a change's bytes")
    options = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="comp-forty-") as temporary, docker_daemon() as address:
        folder = Path(temporary)
        os.environ["DOCKER_HOST"] = address
        made = make_debian_base(folder / "base", packages=("python3-pip",), platforms=(AMD64, ARM64))
        load_image(connect(os.environ), made.images[0], names=["forty-debian:1"])
        trusting_base(folder)
        with serving_registry(folder / "ours") as ours, serving_registry(folder / "theirs") as theirs:
            bench = Bench(folder=folder, base=folder / "base", ours=ours, theirs=theirs)
            print("| forty components | case | comp --all, s wall / CPU | docker, s (first, then each) | ratio |")
            print("|---|---|---|---|---|")
            for kind in options.kinds.split(","):
                wanted = kinds(options.components)[kind]
                _measure_kind(bench, kind, wanted, len(wanted) if options.whole else options.docker)
            if options.more:
                print("\n" + _second_platform(bench))
                print("\n" + _change(bench))
    return 0


def kinds(count: int) -> dict[str, list[Sequence[str]]]:
    """Return the requirements of so many components, of each kind."""
    numbers = random.Random(40)  # noqa: S311 (the same subsets every time)
    overlapping = [sorted(numbers.sample(DOZEN, numbers.randint(4, 7))) for _ in range(count)]
    return {"one-stack": [STACK] * count, "overlapping": [tuple(one) for one in overlapping]}


def _measure_kind(bench: Bench, kind: str, wanted: Sequence[Sequence[str]], few: int) -> None:
    """Print a row for each case of one kind, and the bytes that each tool's server has in the end."""
    root = bench.folder / kind
    folders = [component(root / f"c{number:02}", needs) for number, needs in enumerate(wanted)]
    before = _stored(bench.folder / "ours"), _stored(bench.folder / "theirs")
    for case in ("empty cache", "one line changed in each", "nothing changed"):
        if case == "one line changed in each":
            for folder in folders:
                source = folder / "src" / "made.py"
                source.write_text(source.read_text() + "# changed\n")
        ours = bench.comp(root, cache=f"cache-{kind}", every=True)
        print(f"comp, {kind}, {case}: {ours.wall:.2f} s", file=sys.stderr, flush=True)
        theirs = []
        for folder in folders[:few]:
            theirs.append(bench.docker(folder, f"{kind}-{folder.name}").wall)
            print(f"docker, {folder.name}: {theirs[-1]:.2f} s", file=sys.stderr, flush=True)
        whole = sum(theirs) + statistics.median(theirs[1:]) * (len(wanted) - few)
        how = "all measured" if few == len(wanted) else f"{few} measured"
        print(
            f"| {kind} | {case} | {ours.wall:.2f} / {ours.cpu:.2f} | "
            f"{whole:.1f} ({theirs[0]:.1f}, {statistics.median(theirs[1:]):.2f}; {how}) | {whole / ours.wall:.1f} |",
            flush=True,
        )
    for tool, start, name in zip(("comp", "docker"), before, ("ours", "theirs"), strict=True):
        count = len(wanted) if tool == "comp" else few
        size = (_stored(bench.folder / name) - start) / 1e6
        print(f"{tool}: the server has {size:.0f} MB of {count} images of {kind}, the base included", flush=True)
    for tool, host, prefix in (
        ("comp", bench.ours, f"cache-{kind}/made-"),
        ("docker", bench.theirs, f"docker/{kind}-"),
    ):
        names = [f"{prefix}{folder.name}" for folder in (folders if tool == "comp" else folders[:few])]
        tag = "1.0.0" if tool == "comp" else "1"
        pulled = _pulled(host, names, tag) / 1e6
        print(f"{tool}: an empty node pulls {pulled:.0f} MB for {len(names)} images of {kind}", flush=True)


def _pulled(host: str, names: Sequence[str], tag: str) -> int:
    """Return the bytes of all distinct layers and configs of some images: what a node without any of them pulls."""
    remote, sizes = Remote(environ=os.environ), dict[Digest, int]()
    with tempfile.TemporaryDirectory() as cache:
        for name in names:
            image = remote.pull(parse_reference(f"{host}/{name}:{tag}"), AMD64, Cache(Path(cache)))
            for blob in (image.config_descriptor, *(layer.descriptor for layer in image.layers)):
                sizes[blob.digest] = blob.size
    return sum(sizes.values())


def _second_platform(bench: Bench) -> str:
    folder = component(bench.folder / "platforms", STACK)
    one = bench.comp(folder, cache="cache-one")
    (folder / "requirements.lock").unlink()
    both = bench.comp(folder, cache="cache-both", platforms="linux/amd64,linux/arm64")
    return (
        f"Cold, linux/amd64: {one.wall:.1f} s, {one.peak / 2**20:.0f} MiB; with linux/arm64: {both.wall:.1f} s, "
        f"{both.peak / 2**20:.0f} MiB: the second platform costs {(both.wall - one.wall) / one.wall:.2f} of the first."
    )


def _change(bench: Bench) -> str:
    folder = component(bench.folder / "change", STACK)
    bench.comp(folder, cache="cache-one")
    before = _stored(bench.folder / "ours")
    (folder / "src" / "made.py").write_text((folder / "src" / "made.py").read_text() + "# changed\n")
    cost = bench.comp(folder, cache="cache-one")
    return f"A change of one line uploads {_stored(bench.folder / 'server') - before} bytes, in {cost.wall:.2f} s."


def _stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*/data") if path.is_file())


def component(folder: Path, requirements: Sequence[str]) -> Path:
    """Write a component with these requirements, and a Dockerfile of the same; return its folder."""
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
    measure(Command(words=(_COMP, "generate", "."), folder=folder), apart=frozenset())
    return folder


def trusting_base(folder: Path) -> None:
    """Make a base for docker with this machine's certificates, so that pip can reach the index."""
    context = folder / "context"
    context.mkdir()
    (context / "ca.crt").write_bytes(Path(os.environ.get("SSL_CERT_FILE", _CERTIFICATES)).read_bytes())
    settings = f"PIP_CERT={_CERTIFICATES} PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore"
    (context / "Dockerfile").write_text(f"FROM forty-debian:1\nCOPY ca.crt {_CERTIFICATES}\nENV {settings}\n")
    build = (docker(), "build", "--tag", "forty-base:1", ".")
    measure(Command(words=build, folder=context), apart=frozenset())


if __name__ == "__main__":
    sys.exit(main())
