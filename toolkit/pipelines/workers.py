"""What does the work of a pipeline's components on this machine: a runner, and the image or the code that it takes.

A component's code is known by `--component NAME=FOLDER`, and else by the lock, which has the contract that each
component came from. A plain process needs it; an engine runs the image that the pipeline names.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from msgspec import Struct

from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.job.context import BuildContext
from toolkit.pipelines.function_image import PLACE
from toolkit.pipelines.graph import Component, Pipeline, Step, walk
from toolkit.pipelines.lock import PipelineLock
from toolkit.runners.protocol import Runner
from toolkit.runners.runnable import engine_of, find_component, first_working, open_runnable
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import read_component
from toolkit.words import did_you_mean, some_of


class Worker(Struct, frozen=True, kw_only=True):
    """A runner, and the image that it takes; empty for a process. `own` if it runs code of a folder on this machine."""

    runner: Runner
    image: str
    own: bool = False


class Sources(Struct, frozen=True, kw_only=True):
    """Where the code of components lies: folders by the names of components or images, and the lock's components.

    `locked` is relative to the folder `root`.
    """

    named: Mapping[str, Path]
    locked: PipelineLock
    root: Path


def find_workers(
    pipeline: Pipeline, runner: str | None, sources: Sources, context: BuildContext
) -> Mapping[str, Worker]:
    """Return the worker of each component, by its key in the document; code is built where it is needed.

    Without `runner` the first that works is taken: docker, buildah, process. Raises UsageError for a name that the
    pipeline does not have, and for a component without code that is to run as a process; OutsideError for an engine
    that does not work.
    """
    steps = {step.component: step for _, step in walk(pipeline.root) if isinstance(step.work, Component)}
    folders = _folders(steps, sources)
    chosen = runner or first_working(context)
    if chosen == "process":
        _check_code(steps, folders, named=runner is not None)
    elif steps:
        # An engine that does not work must not cost a build, nor a run that fails in its first step.
        engine_of(chosen, context).check()

    @cache
    def opened(folder: Path) -> Worker:
        """Return the worker of a folder, whose components have one image and one environment."""
        runnable = open_runnable(find_component(folder, context), context, runner=chosen)
        return Worker(runner=runnable.runner, image=runnable.image, own=True)

    workers: dict[str, Worker] = {}
    for key, step in steps.items():
        spec = _spec(step)
        folder = folders.get(key)
        if folder is None or (chosen != "process" and "@" in spec.container.image and not _is_named(step, sources)):
            workers[key] = _of_image(spec.container.image, chosen, context)
        else:
            workers[key] = opened(folder)
    return workers


def launched(spec: ComponentSpec) -> str | None:
    """Return the name that a component has for the launcher in its image; None if its image has no launcher."""
    words = [word for word in (*spec.container.command, *spec.container.args) if isinstance(word, str)]
    place = words.index(absolute(LAUNCHER)) if absolute(LAUNCHER) in words else len(words)
    return words[place + 1] if place + 1 < len(words) else None


def _spec(step: Step) -> ComponentSpec:
    """Return the component of a step."""
    assert isinstance(step.work, Component)  # noqa: S101 (for mypy: the caller has chosen these)
    return step.work.spec


def _names(step: Step) -> set[str]:
    """Return the names by which the user may mean a component."""
    spec = _spec(step)
    image = spec.container.image
    return {spec.name, step.name, image, image.partition("@")[0], *filter(None, [launched(spec)])}


def _is_named(step: Step, sources: Sources) -> bool:
    """Whether the user names the folder of a component."""
    return not _names(step).isdisjoint(sources.named)


def _folders(steps: Mapping[str, Step], sources: Sources) -> dict[str, Path]:
    """Return the folder of each component that has one here. Raises UsageError for an unknown name."""
    known = sorted(set().union(*(_names(step) for step in steps.values())))
    for name in sources.named:
        if name not in known:
            raise UsageError(
                f"the pipeline has no component {name!r}",
                hint=did_you_mean(name, known, otherwise=f"it has: {some_of(known)}"),
            )
    folders: dict[str, Path] = {}
    for key, step in steps.items():
        named = next((sources.named[name] for name in sorted(_names(step)) if name in sources.named), None)
        folder = named or _locked_folder(_spec(step), sources)
        if folder is not None:
            folders[key] = folder
    return folders


def _locked_folder(spec: ComponentSpec, sources: Sources) -> Path | None:
    """Return the folder of the contract that the lock has for a component; None if it is not one of this machine."""
    for component in sources.locked.components:
        if component.image == spec.container.image and "://" not in component.source:
            for contract in _contracts(sources.root / component.source, spec):
                # A contract lies in its component's folder, or in the folder `components` of it.
                for folder in (contract.parent, contract.parent.parent):
                    if (folder / "pyproject.toml").is_file():
                        return folder
    return None


def _contracts(source: Path, spec: ComponentSpec) -> Iterator[Path]:
    """Yield the contracts that a component of the lock may have: its source, or that of a function in a Python file."""
    if source.suffix != ".py":
        if source.is_file():
            yield source
        return
    for contract in sorted((source.parent / PLACE / source.stem).glob("*/component.yaml")):
        with suppress(InputError):
            if launched(read_component(contract)) == launched(spec):
                yield contract


def _check_code(steps: Mapping[str, Step], folders: Mapping[str, Path], *, named: bool) -> None:
    """Raise an error for components that cannot run as a process."""
    missing = [launched(_spec(step)) or _spec(step).name for key, step in steps.items() if key not in folders]
    if not missing:
        return
    hint = f"say where it is: --component {missing[0]}=FOLDER; or use --runner docker or --runner buildah"
    message = f"the code of {some_of(sorted(set(missing)))} is not known here, and a process needs it"
    if named:
        raise UsageError(message, hint=hint)
    raise OutsideError(f"neither docker nor buildah works here; {message}", hint=hint)


def _of_image(image: str, chosen: str, context: BuildContext) -> Worker:
    """Return the worker that runs an image by an engine."""
    if "{{" in image:
        raise InputError(f"the image {image} is an input of the pipeline, which a local run does not replace")
    return Worker(runner=engine_of(chosen, context), image=image)
