"""Who does the work of a pipeline's components, and which variables they get."""

import socket
from pathlib import Path

import pytest

from tests.components import small_base, write_component
from tests.pipelines import Json, constant, dag, executed, pipeline, ports, task, written
from toolkit.cache.store import Cache
from toolkit.errors import OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.pipelines.graph import Pipeline
from toolkit.pipelines.graph_reader import parse_pipeline
from toolkit.pipelines.lock import LockedComponent, PipelineLock
from toolkit.pipelines.workers import Sources, find_workers
from toolkit.runners.process import ProcessRunner

DIGEST = "sha256:" + "ab" * 32
IMAGE = f"host/team/count@{DIGEST}"
LAUNCHED = ["/opt/comp/venv/bin/python", "-P", "/opt/comp/launch.py", "count-words"]


def two(image: str = IMAGE, settings: Json | None = None) -> Pipeline:
    """A pipeline of a component of ours and another program."""
    parts = {"count": executed("count", ports(x="int")), "other": executed("other")}
    executors = {"count": {"container": {"image": image, "command": LAUNCHED}}}
    root = dag({"count": task("count", inputs={"x": constant(1)}), "other": task("other")})
    text = written(pipeline(root, parts, executors))
    if settings:
        platform = {"kubernetes": {"deploymentSpec": {"executors": {"exec-count": settings}}}}
        text += "---\n" + written({"platforms": platform})
    return parse_pipeline(text, Path("p.yaml"))


@pytest.fixture
def context(tmp_path: Path) -> BuildContext:
    """Hide the engines."""
    (tmp_path / "bin").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        docker = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    return BuildContext(cache=Cache(tmp_path / "cache"), environ={"PATH": str(tmp_path / "bin"), "DOCKER_HOST": docker})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_component(tmp_path / "count", small_base(tmp_path / "base"))


def sources(root: Path, locked: PipelineLock | None = None, **named: Path) -> Sources:
    return Sources(named=named, locked=locked or PipelineLock(), root=root)


@pytest.fixture
def buildah(tmp_path: Path, context: BuildContext) -> None:
    """A program that says that it is buildah."""
    del context
    (tmp_path / "bin" / "buildah").write_text("#!/bin/sh\necho buildah version 1.28.2\n")
    (tmp_path / "bin" / "buildah").chmod(0o755)


@pytest.mark.usefixtures("buildah")
def test_an_engine_runs_the_images_that_the_pipeline_names(tmp_path: Path, context: BuildContext) -> None:
    workers = find_workers(two(), "buildah", sources(tmp_path), context)
    assert {key: (each.runner.name, each.image, each.own) for key, each in workers.items()} == {
        "comp-count": ("buildah", IMAGE, False),
        "comp-other": ("buildah", "image:1", False),
    }


@pytest.mark.parametrize(("runner", "problem"), [("docker", "docker"), ("buildah", "buildah is not installed")])
def test_an_engine_that_does_not_work_is_named_before_anything_runs(
    tmp_path: Path, context: BuildContext, runner: str, problem: str
) -> None:
    with pytest.raises(OutsideError, match=problem):
        find_workers(two(), runner, sources(tmp_path), context)


def test_a_process_needs_the_code_of_every_component(tmp_path: Path, context: BuildContext, folder: Path) -> None:
    with pytest.raises(UsageError, match="the code of count-words, other is not known here"):
        find_workers(two(), "process", sources(tmp_path), context)
    with pytest.raises(UsageError, match="the code of other is not known here"):
        find_workers(two(), "process", sources(tmp_path, count=folder), context)
    with pytest.raises(OutsideError, match="neither docker nor buildah works here; the code of"):
        find_workers(two(), None, sources(tmp_path, count=folder), context)


@pytest.mark.parametrize("name", ["count", "count-words", "host/team/count", IMAGE])
def test_a_folder_is_named_by_any_name_of_the_component(
    tmp_path: Path, context: BuildContext, folder: Path, name: str
) -> None:
    both = Sources(named={name: folder, "other": folder}, locked=PipelineLock(), root=tmp_path)
    workers = find_workers(two(), "process", both, context)
    assert isinstance(workers["comp-count"].runner, ProcessRunner)
    assert workers["comp-count"].own
    # One environment for all components of a folder.
    assert workers["comp-count"] is workers["comp-other"]


def test_a_name_that_no_component_has_is_refused(tmp_path: Path, context: BuildContext) -> None:
    with pytest.raises(UsageError, match="the pipeline has no component 'cuont'") as caught:
        find_workers(two(), "process", sources(tmp_path, cuont=tmp_path), context)
    assert caught.value.hint == "did you mean 'count'?"


@pytest.mark.usefixtures("buildah")
@pytest.mark.parametrize("source", ["count/component.yaml", "count/components/count.yaml"])
def test_the_lock_names_the_folder(tmp_path: Path, context: BuildContext, folder: Path, source: str) -> None:
    (folder / "components").mkdir()
    (folder / "components" / "count.yaml").write_text("")
    component = LockedComponent(name="count", digest=DIGEST, source=source, image=IMAGE)
    locked = PipelineLock(components=(component,))
    workers = find_workers(two(), "process", sources(tmp_path, locked, other=folder), context)
    assert isinstance(workers["comp-count"].runner, ProcessRunner)
    # An engine takes the image by digest, which is what the pipeline was compiled with.
    assert find_workers(two(), "buildah", sources(tmp_path, locked), context)["comp-count"].image == IMAGE
