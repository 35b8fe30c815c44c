"""`toolkit.component` in pipelines: built once, pushed, used by digest, by `comp` and by a plain `python`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec import Struct, field

from tests.commands import Result, comp
from tests.fake_remote import FakeRemote, serving
from toolkit.pipelines.lock import read_lock

ROOT = Path(__file__).resolve().parent.parent.parent
CODE = '''from kfp import dsl
from toolkit import component

FACTOR = 2


def scaled(x: float) -> float:
    return FACTOR * x


@component
def double(x: float, n: int = 3, dataText: str = "q") -> float:
    """Double a number."""
    return scaled(x) * n


def keep(x: float, data: dsl.Output[dsl.Dataset]):
    with open(data.path, "w") as file:
        file.write(str(x))


kept = component(keep, title="Keep a number", user="65532")
assert double(1.0) == 6.0


@dsl.pipeline(name="numbers")
def numbers(x: float = 1.5):
    first = double(x, dataText="a")
    kept(x=double(x=first.output).output)


if __name__ == "__main__":
    from kfp import compiler

    compiler.Compiler().compile(numbers, "by_python.yaml")
'''


KFP_1 = """from kfp import compiler, dsl
from kfp.components import InputPath, OutputPath
from toolkit import component


@component
def write(someText: str, table_path: OutputPath("CSV")):
    open(table_path, "w").write(someText)


@component
def count(table_path: InputPath("CSV"), times: int = 2) -> int:
    return len(open(table_path).read()) * times


@dsl.pipeline(name="one")
def one(text: str = "abc"):
    count(write(text).outputs["table"])


compiler.Compiler().compile(one, "one.yaml")
"""


class World(Struct):
    """A folder with a pipeline, a remote for its images, and the environment to compile in."""

    folder: Path
    remote: FakeRemote
    environ: dict[str, str] = field(default_factory=dict)

    def compile(self, *words: str, **variables: str) -> Result:
        return comp("pipeline", "compile", *words, folder=self.folder, env={**self.environ, **variables})


@pytest.fixture
def world(tmp_path: Path, kfp2: Path, cache_folder: Path, debian_base: Path) -> Iterator[World]:
    remote = FakeRemote()
    with serving(remote):
        variables = {
            "COMP_KFP_PYTHON": str(kfp2),
            "COMP_CACHE_DIR": str(cache_folder),
            "COMP_BASE": f"layout:{debian_base}",
            "COMP_IMAGE_PREFIX": f"{remote.host}/ml",
        }
        (tmp_path / "p.py").write_text(CODE)
        yield World(tmp_path, remote, {**os.environ, **variables})


def images(text: str) -> set[str]:
    executors = yaml.safe_load(text)["deploymentSpec"]["executors"].values()
    return {executor["container"]["image"] for executor in executors}


def test_functions_become_steps_by_digest_and_are_built_once(world: World, kfp2: Path) -> None:
    first = world.compile("p.py")
    assert first.code == 0, first.err
    assert first.err.count("built ") == 2
    pushed = {f"{world.remote.host}/ml/{name}@{world.remote.tags[f'ml/{name}'][tag]}" for name, tag in _tags(world)}
    assert images(first.out) == pushed
    # Again: nothing is built or pushed, and all bytes are the same.
    world.remote.calls.clear()
    again = world.compile("p.py", "--locked")
    assert (again.code, again.out, again.err) == (0, first.out, "")
    assert [call for call in world.remote.calls if call.method not in {"GET", "HEAD"}] == []
    # A plain `python` writes the same text.
    run = {**world.environ, "PYTHONPATH": str(ROOT), "COMP_TOOLKIT_PYTHON": sys.executable}
    subprocess.run([kfp2, "p.py"], cwd=world.folder, env=run, check=True, timeout=300)
    assert (world.folder / "by_python.yaml").read_text() == first.out


def _tags(world: World) -> Iterator[tuple[str, str]]:
    for name in ("double", "keep"):
        yield name, next(tag for tag in world.remote.tags[f"ml/{name}"] if tag.startswith("0.0.0_"))


def test_a_plain_python_with_kfp_1_makes_steps_too(world: World, kfp1: Path) -> None:
    (world.folder / "one.py").write_text(KFP_1)
    run = {**world.environ, "PYTHONPATH": str(ROOT), "COMP_TOOLKIT_PYTHON": sys.executable}
    subprocess.run([kfp1, "-W", "ignore", "one.py"], cwd=world.folder, env=run, check=True, timeout=300)
    workflow = yaml.safe_load((world.folder / "one.yaml").read_text())
    used = {each["container"]["image"] for each in workflow["spec"]["templates"] if "container" in each}
    assert {image.partition("@")[0] for image in used} == {
        f"{world.remote.host}/ml/{name}" for name in ("count", "write")
    }


def test_the_lock_lists_them_by_their_contracts(world: World) -> None:
    assert world.compile("p.py").code == 0
    used = read_lock(world.folder / "p.py.lock")["numbers"].components
    assert [(one.name, one.source) for one in used] == [
        ("double", ".comp/p/double/component.yaml"),
        ("keep-a-number", ".comp/p/keep/component.yaml"),
    ]
    # A change of the function is a change of the component, which --locked refuses.
    path = world.folder / "p.py"
    path.write_text(CODE.replace("FACTOR = 2", "FACTOR = 3").replace("assert", "# assert"))
    refused = world.compile("p.py", "--locked")
    assert refused.code == 1
    assert "the component double is 0.0.0+" in refused.err
    taken = world.compile("p.py")
    assert taken.code == 0
    assert "changed: the component double is 0.0.0+" in taken.err
    assert (world.folder / ".comp" / "p" / "double" / "src" / "p.py").read_text().startswith("FACTOR = 3\n")


def test_without_a_place_for_images_nothing_is_built(world: World) -> None:
    refused = world.compile("p.py", COMP_IMAGE_PREFIX="")
    assert refused.code == 1
    assert refused.err.startswith(
        "error: p.py:28: no image name for the function 'double'\n\nhint: set COMP_IMAGE_PREFIX"
    )
    assert not (world.folder / "p.py.lock").exists()


def test_a_local_run_builds_nothing_before_it_is_needed(world: World) -> None:
    result = comp(
        *("pipeline", "run", "p.py", "--runner", "process", "-i", "x=2.5"),
        folder=world.folder,
        env={**world.environ, "COMP_IMAGE_PREFIX": ""},
    )
    assert result.code == 0, result.err
    assert "built" not in result.err
    assert not (world.folder / "p.py.lock").exists()
    (kept,) = world.folder.glob("runs/*/steps/keep-a-number/outputs/data*")
    assert kept.read_text() == "90.0"


def test_without_push_images_are_loaded_into_docker(world: World, docker_host: str) -> None:
    environ = {"COMP_IMAGE_PREFIX": "", "DOCKER_HOST": docker_host}
    local = world.compile("p.py", "--no-push", **environ)
    assert local.code == 0, local.err
    names = images(local.out)
    assert {name.partition(":0.0.0_")[0] for name in names} == {"double", "keep"}
    assert not (world.folder / "p.py.lock").exists()
    again = world.compile("p.py", "--no-push", **environ)
    assert (again.code, again.out, again.err) == (0, local.out, "")
    for name in names:
        done = subprocess.run(["docker", "image", "inspect", name], capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
