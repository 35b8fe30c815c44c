"""A pipeline as the user names it."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.pipelines import dag, executed, pipeline, task, written
from toolkit.errors import InputError, UsageError
from toolkit.pipelines.lock import LockedComponent, PipelineLock, write_lock
from toolkit.pipelines.run_record import Origin, RunFile
from toolkit.pipelines.source import again_from, earlier_run, open_pipeline

DIGEST = "sha256:" + "ab" * 32
IMAGE = f"host/one@{DIGEST}"
TEXT = written(
    pipeline(dag({"one": task("one")}), {"one": executed("one")}, {"one": {"container": {"image": IMAGE}}}),
)
LOCKED = PipelineLock(
    components=(LockedComponent(name="one", digest=DIGEST, source="one/component.yaml", image=IMAGE),),
    images={"host/base:1": f"host/base@{DIGEST}"},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(TEXT)
    return path


def test_a_compiled_file_is_read(file: Path) -> None:
    source = open_pipeline(file)
    assert (source.pipeline.name, source.text, source.root) == ("example", TEXT, file.parent)
    assert source.locked == PipelineLock()
    # Without a lock, nothing differs from it.
    assert source.changed() == {}


def test_locks_beside_a_compiled_file_have_its_components(file: Path) -> None:
    write_lock(file.with_name("a.py.lock"), {"train": LOCKED})
    write_lock(file.with_name("b.py.lock"), {"other": PipelineLock(images={"x:1": f"x@{DIGEST}"})})
    file.with_name("broken.py.lock").write_text("{")
    for name in ("a.py", "b.py", "broken.py"):
        file.with_name(name).touch()
    source = open_pipeline(file)
    assert source.locked.components == LOCKED.components
    assert source.locked.images == {**LOCKED.images, "x:1": f"x@{DIGEST}"}
    assert source.changed() == {}


def test_an_image_that_the_lock_does_not_have_is_named(file: Path) -> None:
    source = open_pipeline(file)
    before = LOCKED.components[0]
    other = replace(before, image="host/one@sha256:" + "cd" * 32)
    changed = replace(source, locked=PipelineLock(components=(other,))).changed()
    assert changed == {"comp-one": f"the image {IMAGE} is not in the lock, which has {other.image}"}
    unknown = replace(source, locked=PipelineLock(components=(replace(other, name="two"),))).changed()
    assert unknown == {"comp-one": f"the image {IMAGE} is not in the lock"}


def test_options_of_python_files_do_not_go_with_a_compiled_one(file: Path) -> None:
    with pytest.raises(UsageError, match="is compiled already"):
        open_pipeline(file, function="train")
    with pytest.raises(UsageError, match="is compiled already"):
        open_pipeline(file, python=Path("python"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing"):
        open_pipeline(tmp_path / "absent.yaml")


def test_a_run_goes_on_with_its_file_or_with_the_ir_that_it_kept(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no pipeline\.yaml"):
        earlier_run(tmp_path)
    (tmp_path / "pipeline.yaml").write_text(TEXT)
    mended = tmp_path / "p.py"
    RunFile(tmp_path, {"pipeline": "example", "inputs": {}, **Origin(file=mended).facts()}).end("failed", {})
    assert again_from(earlier_run(tmp_path)) == tmp_path / "pipeline.yaml"
    mended.touch()
    assert again_from(earlier_run(tmp_path)) == mended
