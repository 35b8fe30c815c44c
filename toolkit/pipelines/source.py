"""A pipeline as the user names it: a file of IR, a Python file, which is compiled first, or the folder of a run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.errors import CompError, InputError, UsageError
from toolkit.pipelines.graph import Component, Pipeline, walk
from toolkit.pipelines.graph_reader import parse_pipeline, read_pipeline
from toolkit.pipelines.lock import PipelineLock, lock_path, read_lock
from toolkit.pipelines.run_record import IR, RunRecord, read_run
from toolkit.spec.document import read_text

if TYPE_CHECKING:
    from toolkit.pipelines.kfp_process import Images

_PYTHON = ".py"


class PipelineSource(Struct, frozen=True, kw_only=True):
    """A pipeline, its IR, and the lock of the components that it uses; paths in the lock are relative to `root`.

    `changes` are the compiler's words for what differs from the lock as it was.
    """

    pipeline: Pipeline
    text: str
    locked: PipelineLock
    root: Path
    changes: tuple[str, ...] = ()

    def changed(self) -> dict[str, str]:
        """Return how components differ from the lock, by their key in the document; empty without a lock."""
        images: dict[str, set[str]] = {}
        for component in self.locked.components:
            images.setdefault(component.name, set()).add(component.image)
        known = {*self.locked.images.values(), *(each for several in images.values() for each in several)}
        changed: dict[str, str] = {}
        for _, step in walk(self.pipeline.root):
            if not known or not isinstance(step.work, Component):
                continue
            image = step.work.spec.container.image
            if image not in known:
                before = sorted(images.get(step.work.spec.name, ()))
                instead = f", which has {before[0]}" if before else ""
                changed[step.component] = f"the image {image} is not in the lock{instead}"
        return changed


def open_pipeline(
    path: Path,
    *,
    function: str | None = None,
    python: Path | None = None,
    environ: Mapping[str, str] | None = None,
    images: "Images" = "folder",
) -> PipelineSource:
    """Read a pipeline; a Python file is compiled, with the tags of images that nothing has resolved yet.

    `function` names the pipeline in a Python file, and `python` an interpreter that has kfp. `images` says what becomes
    of the file's own functions: by default nothing is built, since a runner builds the folders that it needs. Raises
    InputError and OutsideError as the compiler does, UsageError for options that do not go with IR.
    """
    if path.suffix == _PYTHON:
        from toolkit.pipelines.compile import CompileOptions, compile_pipeline

        options = CompileOptions(images=images)
        compiled = compile_pipeline(path, function=function, python=python, options=options, environ=environ)
        return PipelineSource(
            pipeline=parse_pipeline(compiled.text, path),
            text=compiled.text,
            locked=compiled.used,
            root=path.absolute().parent,
            changes=compiled.changes,
        )
    if function or python:
        raise UsageError(
            f"{path} is compiled already", hint="leave out --function and --python, or name the pipeline's Python file"
        )
    pipeline = read_pipeline(path)
    return PipelineSource(
        pipeline=pipeline, text=read_text(path), locked=_locks_beside(path), root=path.absolute().parent
    )


def _locks_beside(path: Path) -> PipelineLock:
    """Return all that the locks in the folder of a compiled file have: its components are found by their images."""
    merged = PipelineLock()
    for name in sorted(os.listdir(path.absolute().parent)):  # noqa: PTH208 (names, in order)
        if not name.endswith(_PYTHON):
            continue
        lock = lock_path(path.absolute().parent / name)
        try:
            locks = read_lock(lock).values()
        except (CompError, OSError):
            # The lock of another pipeline must not stop this one.
            continue
        for locked in locks:
            merged = PipelineLock(
                components=(*merged.components, *locked.components), images={**merged.images, **locked.images}
            )
    return merged


def earlier_run(folder: Path) -> RunRecord:
    """Return the record of an earlier run. Raises InputError for another folder."""
    if not (folder / IR).is_file():
        raise InputError(
            f"{folder} is not the folder of a run: it has no {IR}",
            hint="name the folder that `comp pipeline run` printed",
        )
    return read_run(folder)


def again_from(run: RunRecord) -> Path:
    """Return the file that a run began with, which may have been mended since; or else the IR that the run kept."""
    return run.origin.file if run.origin.file and run.origin.file.is_file() else run.folder / IR
