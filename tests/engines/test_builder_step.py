"""The image of comp, made by comp, builds components in a container that may do nothing else."""

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from tests.builder_image import write_builder
from tests.commands import Result, comp, ok
from tests.conftest import Sample
from tests.daemons import require
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.registries import serving_registry
from toolkit.cache.store import Cache

USER = 12345
_SECONDS = 300
_TMP = ("--tmpfs", "/tmp")  # noqa: S108 (in the container)
_SETTINGS = """[project]
name = "{name}"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = ["inner"]

[tool.comp]
entrypoint = "{name}:run"
"""


class Step(Struct, kw_only=True):
    """A restricted container of the builder's image, and the folders that it gets."""

    image: str
    source: Path
    cache: Path
    environ: dict[str, str]
    mounts: tuple[str, ...]
    read_only: str = ""

    def __call__(self, *words: str) -> Result:
        rights = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", str(USER)]
        volumes = [f"{self.source}:/source{self.read_only}", f"{self.cache}:/cache{self.read_only}"]
        command = [require("docker"), "run", "--rm", "--network", "host", "--workdir", "/source", *rights, *self.mounts]
        for volume in volumes:
            command += ["--volume", volume]
        for name, value in self.environ.items():
            command += ["--env", f"{name}={value}"]
        command += [self.image, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
        return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def _builder(tmp_path_factory: pytest.TempPathFactory, debian_base: Path, docker_host: str) -> str:
    """Build the image twice from nothing but its recipe, and give it to docker."""
    assert docker_host
    digests: list[str] = []
    for name in ("one", "another-folder"):
        folder = tmp_path_factory.mktemp(name)
        environ = os.environ | {"COMP_CACHE_DIR": str(folder / "cache"), "COMP_BASE": f"layout:{debian_base}"}
        component = write_builder(folder)
        # The second one has the first one's wheels, as a fresh runner has.
        if digests:
            ok("cache", "import", tmp_path_factory.getbasetemp() / "export", env=environ)
        digests.append(ok("build", component, "--output", "docker", "--image", "comp-builder:1", env=environ))
        ok("cache", "export", tmp_path_factory.getbasetemp() / "export", env=environ)
    assert digests[0] == digests[1]
    return "comp-builder:1"


@pytest.fixture
def step(tmp_path: Path, debian_base: Path, _builder: str, sample: Sample) -> Iterator[Step]:
    """Give a step with two components, a registry that wants a login, and an index."""
    assert sample
    source, cache, secret = (tmp_path / name for name in ("source", "cache", "secret"))
    for folder in (source, cache, secret):
        folder.mkdir()
    index = PackageIndex({"inner-1.0-py3-none-any.whl": small_wheel("inner", "1.0", content="X = 1\n")})
    with serving_index(index), serving_registry(tmp_path / "registry", password=True) as host:
        login = base64.b64encode(b"ann:s3cret").decode()
        (secret / "config.json").write_text(json.dumps({"auths": {host: {"auth": login}}}))
        for name in ("alpha", "beta"):
            (source / name / "src").mkdir(parents=True)
            (source / name / "pyproject.toml").write_text(_SETTINGS.format(name=name))
            (source / name / "src" / f"{name}.py").write_text("def run(x: int) -> int:\n    return x\n")
            ok("generate", source / name)
        for path in (source, *source.rglob("*"), cache):
            os.chown(path, USER, USER)
        # The shortest way to a base: the container sees the layout.
        yield Step(
            image=_builder,
            source=source,
            cache=cache,
            environ={
                "COMP_CACHE_DIR": "/cache",
                "COMP_BASE": "layout:/base",
                "COMP_IMAGE_PREFIX": f"{host}/ml",
                "DOCKER_CONFIG": "/secret",
                "UV_INDEX_URL": index.url,
            },
            mounts=(*_TMP, "--volume", f"{debian_base}:/base:ro", "--volume", f"{secret}:/secret:ro"),
        )


def test_a_collection_is_built_and_pushed(step: Step, tmp_path: Path, debian_base: Path) -> None:
    done = step("comp", "-v", "build", "--all", "--push")
    assert done.code == 0, done.err
    images = _images(done)
    assert sorted(images) == ["alpha", "beta"]
    assert "wheels 0 of 1" in done.err
    # Another machine, with a jail, makes the same image.
    environ = os.environ | {
        "COMP_CACHE_DIR": str(tmp_path / "host-cache"),
        "COMP_BASE": f"layout:{debian_base}",
        "UV_INDEX_URL": step.environ["UV_INDEX_URL"],
    }
    for name, image in images.items():
        assert ok("build", step.source / name, "--image", "x/y", env=environ) == image.partition("@")[2]
    assert (step.source / "alpha" / "component.yaml").read_text().count(images["alpha"]) == 1
    # A fresh container with the cache has nothing to do; one with its export finds everything.
    again = step("comp", "build", "--all", "--push")
    assert (again.code, _images(again), "2 unchanged" in again.err) == (0, images, True)
    assert step("comp", "cache", "export", "/cache/export").code == 0
    step.environ["COMP_CACHE_DIR"] = "/tmp/cache"  # noqa: S108 (in the container)
    warm = step("sh", "-ec", "comp cache import /cache/export --trust-records; comp -v build --all --push --locked")
    assert (warm.code, _images(warm)) == (0, images)
    assert "the cache had: bases 1 of 1, bytecode 1 of 1" in warm.err


def _images(done: Result) -> dict[str, str]:
    """Return the images of a collection's build by their components; which one ends first is chance."""
    return dict(line.split(" ") for line in done.out.splitlines())


def test_nothing_in_it_can_be_written(step: Step) -> None:
    step.read_only = ":ro"
    done = step("comp", "build", "alpha", "--push")
    assert (done.code, done.out) == (3, "")
    assert "warning: cannot write to the cache /cache: Read-only file system" in done.err
    # Resolving needs a place for what it reads from the index.
    assert done.err.endswith("name a folder that can be written: with COMP_CACHE_DIR, or UV_CACHE_DIR\n")
    step.environ["COMP_CACHE_DIR"] = "/tmp/cache"  # noqa: S108 (in the container)
    refused = step("comp", "build", "alpha", "--push")
    assert (refused.code, refused.out) == (3, "")
    assert "cannot write alpha/requirements.lock: Read-only file system" in refused.err


def test_a_container_without_a_place_for_temporary_files(step: Step) -> None:
    step.mounts = step.mounts[2:]
    done = step("comp", "build", "alpha")
    assert done.code == 3
    assert "cannot make a folder in /tmp: Read-only file system" in done.err
    assert done.err.endswith("hint: mount a volume at /tmp that can be written, or name one with TMPDIR\n")
    del step.environ["COMP_CACHE_DIR"]
    done = step("comp", "build", "alpha")
    assert (done.code, done.err.splitlines()[0]) == (
        3,
        f"error: neither /.cache/comp nor /tmp/comp-cache-{USER} can be a cache: Read-only file system",
    )
    assert sorted(path.name for path in step.source.iterdir()) == ["alpha", "beta"]
    step.environ["COMP_CACHE_DIR"] = "/cache"
    checks = {check["name"]: check for check in json.loads(step("comp", "doctor", "--json").out)["checks"]}
    assert (checks["temporary"]["state"], checks["jail"]["state"]) == ("problem", "problem")
    assert "--trust-base" in checks["jail"]["fix"]


def test_trusting_the_base_works_where_temporary_files_may_run_and_where_they_may_not(step: Step) -> None:
    digests = set()
    for number, place in enumerate(("/tmp:noexec", "/tmp:exec")):  # noqa: S108 (in the container)
        step.mounts = ("--tmpfs", place, *step.mounts[2:])
        step.environ |= {"COMP_CACHE_DIR": f"/cache/{number}", "COMP_TRUST_BASE": "true"}
        done = step("comp", "-v", "build", "beta")
        assert done.code == 0, done.err
        digests.add(done.out)
        assert Cache(step.cache / str(number)).root.joinpath("records", "bytecode").is_dir()
    assert len(digests) == 1


def test_doctor_in_it(step: Step) -> None:
    result = step("comp", "doctor", "alpha")
    assert result.code == 0, result.out
    assert "ok       cache        /cache" in result.out
    assert "ok       image        " in result.out
    assert comp("--version").out == step("comp", "--version").out
