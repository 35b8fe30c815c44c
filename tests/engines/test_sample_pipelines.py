"""The three ways to a component, as docs/pipelines.md shows them: each sample compiles, every image by digest."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.commands import comp
from tests.conftest import ROOT
from tests.fake_remote import FakeRemote, serving
from toolkit.pipelines.lock import LockedComponent, read_lock

DOCUMENT = (ROOT / "docs" / "pipelines.md").read_text()


class World:
    """A copy of the samples, with a remote for images."""

    def __init__(self, folder: Path, remote: FakeRemote, environ: dict[str, str]) -> None:
        self.folder = folder
        self.remote = remote
        self.environ = environ

    def run(self, command: str, *, shown: bool = True) -> None:
        """Run a command of comp, which the document shows."""
        assert not shown or f"\n{command}\n" in DOCUMENT
        result = comp(*command.split()[1:], folder=self.folder, env=self.environ)
        assert result.code == 0, result.err

    def locked(self, pipeline: str, name: str) -> list[LockedComponent]:
        """Return the components that a pipeline's lock names, after a look at the images of the compiled pipeline."""
        components = read_lock(self.folder / f"{pipeline}.lock")[name].components
        document = yaml.safe_load((self.folder / f"{name}.yaml").read_text())
        executors = document["deploymentSpec"]["executors"].values()
        images = sorted(executor["container"]["image"] for executor in executors if "container" in executor)
        assert images == sorted(component.image for component in components)
        assert all(image.startswith(f"{self.remote.host}/ml/") and "@sha256:" in image for image in images)
        return list(components)


@pytest.fixture
def world(tmp_path: Path, kfp2: Path, cache_folder: Path, debian_base: Path) -> Iterator[World]:
    remote = FakeRemote()
    folder = shutil.copytree(ROOT / "sample_pipelines", tmp_path / "pipelines")
    with serving(remote):
        variables = {
            "COMP_KFP_PYTHON": str(kfp2),
            "COMP_CACHE_DIR": str(cache_folder),
            "COMP_BASE": f"layout:{debian_base}",
            "COMP_IMAGE_PREFIX": f"{remote.host}/ml",
        }
        yield World(folder, remote, {**os.environ, **variables})


def test_functions(world: World) -> None:
    world.run("comp pipeline compile functions.py -o stems.yaml", shown=False)
    collect, count = world.locked("functions.py", "stems")
    assert (collect.name, count.name) == ("collect", "count-stems")
    assert (world.folder / count.source).is_file()
    text = (world.folder / ".comp" / "functions" / "count-stems" / "src" / "functions.py").read_text()
    assert "def words_of" in text
    assert "dsl.pipeline" not in text


def test_programs(world: World) -> None:
    world.run("comp new word-lengths --from-program word_lengths.py")
    world.run("comp build --push word_lengths")
    world.run("comp pipeline compile programs.py -o lengths.yaml")
    (component,) = world.locked("programs.py", "lengths")
    assert (component.version, component.source) == ("0.1.0", "word_lengths/component.yaml")


def test_registry(world: World) -> None:
    sample = shutil.copytree(ROOT / "sample_components" / "summarise_text", world.folder.parent / "summarise_text")
    world.run(f"comp build --push {sample}", shown=False)
    world.run(f"comp publish {sample} --registry shared --namespace samples", shown=False)
    world.run("comp add samples/summarise-text@^1 --registry shared")
    world.run("comp pipeline compile registry.py -o summary.yaml")
    (component,) = world.locked("registry.py", "summary")
    assert component.release == "samples/summarise-text@1.0.0"
    # An edited copy is no copy any more.
    path = world.folder / component.source
    path.write_text(path.read_text().replace("Count the words", "Weigh the words"))
    refused = comp("pipeline", "compile", "registry.py", folder=world.folder, env=world.environ)
    assert refused.code == 1
    assert "this copy of samples/summarise-text 1.0.0 was edited" in refused.err
