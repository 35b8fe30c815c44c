"""The tools to compare. Each builds and pushes the same image: a component with its dependencies."""

import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import yaml
from msgspec import Struct
from msgspec.structs import replace

from benchmarks.measuring import Command

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "sample_components" / "train_model"
# The requirement that one of the steps adds: pure Python, without dependencies.
ADDED = "tabulate==0.9.0"

_CACHED = "RUN --mount=type=cache,target=/root/.cache/pip pip install"
_FETCHED = "RUN pip install --no-cache-dir"


class Stack(Struct, frozen=True, kw_only=True):
    """The requirements of a component, and packages to leave out."""

    requirements: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def turned(self) -> "Stack":
        """Return the same requirements in another order."""
        return replace(self, requirements=self.requirements[::-1])

    def settings(self, *more: str) -> str:
        """Return the lines of pyproject.toml with the requirements, then those with uv's settings."""
        overrides = [f"{name}; sys_platform == 'never'" for name in self.left_out]
        lines = [f"dependencies = {json.dumps([*self.requirements, *more])}"]
        return "\n".join([*lines, "", "[tool.uv]", f"override-dependencies = {json.dumps(overrides)}"])


_CUDA = ("cublas", "cudnn-cu13", "cusparselt-cu13", "nccl-cu13", "nvshmem-cu13")
STACKS = {
    "scikit-learn": Stack(
        requirements=("joblib>=1.4", "numpy==1.26.4", "pandas==2.2.2", "scikit-learn==1.5.0"),
    ),
    # The package index's wheel (527 MB, larger than the CPU build on PyTorch's own index), without CUDA.
    "torch": Stack(
        requirements=(
            *("filelock==4.2.12", "fsspec==2026.9.0", "jinja2==3.1.6", "markupsafe==3.0.4", "mpmath==1.3.0"),
            *("networkx==3.6.1", "setuptools==84.2.1", "sympy==1.14.0", "torch==2.13.0", "typing-extensions==4.16.0"),
        ),
        left_out=("cuda-bindings", "cuda-toolkit", "triton", *(f"nvidia-{name}" for name in _CUDA)),
    ),
}


class Tool(Protocol):
    """One way to build and push. `host` is a new distribution server that has the base as `bench/base:1`."""

    name: str
    keeps_wheels: bool

    def prepare(self, host: str) -> None:
        """Write the tool's input. The commands then push to `host`."""
        ...

    def forget(self) -> Sequence[Command]:
        """Delete everything that was built, installed or fetched; return the commands that this needs."""
        ...

    def forget_installed(self) -> None:
        """Keep the wheels and delete the results made from them, or make the tool repeat that work."""
        ...

    def rewrite_requirements(self) -> None:
        """Write the requirements in another order, so that the tool reads them again and they mean the same."""
        ...

    def add_dependency(self) -> None:
        """Require one more package."""
        ...

    def change_code(self, number: int) -> None:
        """Change one line of the component's code."""
        ...

    def commands(self) -> Sequence[Command]:
        """Build and push."""
        ...


class Comp(Struct):
    """`comp build --push`, with the embedded builder."""

    folder: Path
    stack: Stack
    name: str = "comp"
    keeps_wheels: bool = True
    host: str = ""

    def prepare(self, host: str) -> None:
        """Copy the sample without its lock; keep the lock of an earlier build."""
        self.host = host
        lock = self.folder / "component" / "requirements.lock"
        kept = lock.read_bytes() if lock.is_file() else None
        shutil.rmtree(self.folder / "component", ignore_errors=True)
        shutil.copytree(SAMPLE, self.folder / "component", ignore=shutil.ignore_patterns("__pycache__"))
        lock.unlink(missing_ok=True)
        if kept:
            lock.write_bytes(kept)
        self._settings()

    def _settings(self, *more: str) -> None:
        text = (SAMPLE / "pyproject.toml").read_text()
        text = re.sub(r"^dependencies = .*$", lambda _: "DEPENDENCIES", text, flags=re.MULTILINE)
        head, _, uv = self.stack.settings(*more).partition("\n")
        text = text.replace("DEPENDENCIES", head) + f'base = "{self.host}/bench/base:1"\n{uv}\n'
        (self.folder / "component" / "pyproject.toml").write_text(text)

    def forget(self) -> Sequence[Command]:
        """Delete the cache, uv's cache and the lock."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        shutil.rmtree(self.folder / "uv-cache", ignore_errors=True)
        (self.folder / "component" / "requirements.lock").unlink(missing_ok=True)
        return ()

    def forget_installed(self) -> None:
        """Delete the records of layers and bytecode; keep the wheels, the base's facts and the lock."""
        for kind in ("layer", "installed-places", "collisions", "build", "bytecode", "interpreter"):
            shutil.rmtree(self.folder / "cache" / "records" / kind, ignore_errors=True)

    def rewrite_requirements(self) -> None:
        """Reverse the requirements in the settings."""
        self.stack = self.stack.turned()
        self._settings()

    def add_dependency(self) -> None:
        """Add a package to the settings."""
        self._settings(ADDED)

    def change_code(self, number: int) -> None:
        """Change what the sample prints."""
        source = self.folder / "component" / "src" / "train_model.py"
        original = (SAMPLE / "src" / "train_model.py").read_text()
        source.write_text(original.replace("rows, {", f"rows ({number}), {{"))

    def commands(self) -> Sequence[Command]:
        """Build and push, with a cache of its own."""
        environment = {
            "COMP_CACHE_DIR": str(self.folder / "cache"),
            "UV_CACHE_DIR": str(self.folder / "uv-cache"),
            "COMP_IMAGE_PREFIX": f"{self.host}/bench",
        }
        build = (str(ROOT / ".venv" / "bin" / "comp"), "build", "--push", "component")
        return (Command(words=build, folder=self.folder, environment=environment),)


class Dockerfile(Struct):
    """The shared part of the tools that read a Dockerfile."""

    folder: Path
    stack: Stack
    name: str
    install: str
    keeps_wheels: bool
    host: str = ""

    def prepare(self, host: str) -> None:
        """Write the Dockerfile and its context."""
        self.host = host
        context = self.folder / "context"
        shutil.rmtree(context, ignore_errors=True)
        shutil.copytree(SAMPLE / "src", context / "src", ignore=shutil.ignore_patterns("__pycache__"))
        self._requirements()
        install = f"{self.install} {'--no-deps ' if self.stack.left_out else ''}-r requirements.txt"
        lines = [f"FROM {self.base}", "WORKDIR /component", "COPY requirements.txt .", install, "COPY src ."]
        (context / "Dockerfile").write_text("\n".join([*lines, 'ENTRYPOINT ["python3", "train_model.py"]', ""]))

    def _requirements(self, *more: str) -> None:
        text = "\n".join([*self.stack.requirements, *more, ""])
        (self.folder / "context" / "requirements.txt").write_text(text)

    @property
    def base(self) -> str:
        """The base's name in the engine."""
        return f"{self.host}/bench/base:1"

    @property
    def image(self) -> str:
        """The reference of the built image."""
        return f"{self.host}/bench/{self.name.split()[0]}:1"

    def forget_installed(self) -> None:
        """Change the text of the requirements, but not their meaning."""
        self._requirements("# changed")

    def rewrite_requirements(self) -> None:
        """Reverse the requirements in requirements.txt."""
        self.stack = self.stack.turned()
        self._requirements()

    def add_dependency(self) -> None:
        """Add a package to requirements.txt."""
        self._requirements(ADDED)

    def change_code(self, number: int) -> None:
        """Change what the sample prints."""
        source = self.folder / "context" / "src" / "train_model.py"
        source.write_text((SAMPLE / "src" / "train_model.py").read_text().replace("rows, {", f"rows ({number}), {{"))


class Docker(Dockerfile):
    """`docker build` and `docker push`, by the classic builder or by BuildKit."""

    buildkit: bool = False

    @classmethod
    def classic(cls, folder: Path, stack: Stack) -> "Docker":
        """Use the classic builder, which cannot cache wheels."""
        return cls(folder, stack, "docker classic", _FETCHED, keeps_wheels=False)

    @classmethod
    def modern(cls, folder: Path, stack: Stack) -> "Docker":
        """Use BuildKit, with a cache mount for pip's wheels."""
        return cls(folder, stack, "docker BuildKit", _CACHED, keeps_wheels=True, buildkit=True)

    def forget(self) -> Sequence[Command]:
        """Remove every image but the base, and BuildKit's cache."""
        images = "docker images -q bench | xargs -r docker rmi -f; docker images -q '*/bench/docker' | sort -u"
        script = f"{images} | xargs -r docker rmi -f; docker image prune -f; docker builder prune -af"
        return (Command(words=("sh", "-c", script.replace("docker ", f"{docker()} ")), folder=self.folder),)

    def commands(self) -> Sequence[Command]:
        """Build with the host's network, and push."""
        environment = {"DOCKER_BUILDKIT": "1" if self.buildkit else "0"}
        build = (docker(), "build", "--network", "host", "--tag", self.image, "context")
        push = (docker(), "push", self.image)
        return tuple(Command(words=words, folder=self.folder, environment=environment) for words in (build, push))


class Buildah(Dockerfile):
    """`buildah bud` and `buildah push`, without a daemon."""

    @classmethod
    def daemonless(cls, folder: Path, stack: Stack) -> "Buildah":
        """Cache layers and pip's wheels, as BuildKit does."""
        return cls(folder, stack, "buildah", "RUN pip install", keeps_wheels=True)

    def forget(self) -> Sequence[Command]:
        """Remove all images and wheels, and pull the base again."""
        shutil.rmtree(self.folder / "pip", ignore_errors=True)
        (self.folder / "pip").mkdir()
        return (self.command("rmi", "--all", "--force"), self.command("pull", "--tls-verify=false", self.base))

    def command(self, *words: str) -> Command:
        """Run buildah with a store of its own."""
        store = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"))
        return Command(words=("buildah", *store, *words), folder=self.folder)

    def commands(self) -> Sequence[Command]:
        """Build in a chroot, and push."""
        volume = ("--volume", f"{self.folder / 'pip'}:/root/.cache/pip")
        plain = ("--tls-verify=false",)
        build = ("bud", "--quiet", "--isolation", "chroot", "--layers", *plain, *volume, "--tag", self.image, "context")
        return (self.command(*build), self.command("push", "--quiet", *plain, self.image))


class Kfp(Struct):
    """`kfp component build`, which builds with docker's classic builder and pushes."""

    folder: Path
    stack: Stack
    python: Path
    name: str = "kfp"
    keeps_wheels: bool = False
    host: str = ""
    number: int = 0
    more: tuple[str, ...] = ()

    def prepare(self, host: str) -> None:
        """Write the component in the form that kfp expects."""
        self.host = host
        shutil.rmtree(self.folder / "context", ignore_errors=True)
        (self.folder / "context").mkdir(parents=True)
        self.more = ()
        self.change_code(0)

    def forget(self) -> Sequence[Command]:
        """Remove every image but the base."""
        script = "docker images -q '*/bench/kfp' | sort -u | xargs -r docker rmi -f; docker image prune -f"
        return (Command(words=("sh", "-c", script.replace("docker ", f"{docker()} ")), folder=self.folder),)

    def forget_installed(self) -> None:
        """Do nothing: kfp caches no wheels."""

    def rewrite_requirements(self) -> None:
        """Write the component with reversed requirements."""
        self.stack = self.stack.turned()
        self.change_code(self.number)

    def add_dependency(self) -> None:
        """Write the component with one more package."""
        self.more = (ADDED,)
        self.change_code(self.number)

    def change_code(self, number: int) -> None:
        """Write the component with a changed line of code."""
        self.number = number
        body = (SAMPLE / "src" / "train_model.py").read_text().replace("rows, {", f"rows ({number}), {{")
        head, _, function = body.partition("def train(")
        decorator = (
            f"@dsl.component(base_image={self.host + '/bench/base:1'!r}, target_image={self.host + '/bench/kfp:1'!r}, "
            f"packages_to_install={[*self.stack.requirements, *self.more]!r})\n"
        )
        head = head.replace("from toolkit.types import", "from kfp import dsl\nfrom kfp.dsl import")
        # kfp reads `dict | None` as an artifact.
        function = function.replace("dict | None = None", "dict = {}")
        (self.folder / "context" / "train_model.py").write_text(f"{head}{decorator}def train({function}")

    def commands(self) -> Sequence[Command]:
        """Build and push with kfp's defaults."""
        program = str(self.python.with_name("kfp"))
        environment = {"PYTHONWARNINGS": "ignore", "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}
        words = (program, "component", "build", "context", "--push-image", "--overwrite-dockerfile")
        return (Command(words=words, folder=self.folder, environment=environment),)


def docker() -> str:
    """Return the client of Debian's package: it has BuildKit built in, while newer clients need a plugin."""
    found = shutil.which("docker", path=f"/usr/bin{os.pathsep}{os.environ['PATH']}")
    if found is None:
        raise RuntimeError("docker is not installed: apt-get install docker.io")
    return found


def pushed_image(tool: Tool) -> str:
    """Return the reference of the image that the tool pushed."""
    if isinstance(tool, Comp):
        contract = yaml.safe_load((tool.folder / "component" / "component.yaml").read_text())
        return str(contract["implementation"]["container"]["image"])
    return tool.image if isinstance(tool, Dockerfile) else f"{getattr(tool, 'host', '')}/bench/kfp:1"
