"""What all runners do around a run: places for the outputs before it, and moving them where they belong after."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from toolkit.runners.protocol import Job, Outcome


def output_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place of its own under `folder`, and make the place's parent."""
    paths = {port.name: folder / str(number) / "data" for number, port in enumerate(job.spec.interface.outputs)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def outcome(job: Job, paths: Mapping[str, Path], exit_code: int) -> Outcome:
    """Move the outputs that exist to where the job wants them."""
    moved = {}
    for name, path in paths.items():
        if path.exists():
            target = job.outputs[name]
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                shutil.rmtree(target)
            # A copy, since the container may have written as another user.
            (shutil.copytree if path.is_dir() else shutil.copyfile)(path, target)
            moved[name] = target
    return Outcome(exit_code=exit_code, outputs=moved)


def writable_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place that a container of any user may write to."""
    folder.chmod(0o755)
    paths = output_paths(folder / "outputs", job)
    for path in paths.values():
        path.parent.chmod(0o777)
    return paths


def mounted(folder: Path, job: Job) -> tuple[dict[str, str], dict[str, str], dict[Path, tuple[str, str]]]:
    """Say where inputs and outputs appear inside the container, and what is mounted to make it so."""
    inputs, mounts = {}, {folder / "outputs": ("/tmp/outputs", "rw")}  # noqa: S108 (a place in the container)
    for number, (name, path) in enumerate(job.artifacts.items()):
        # KFP 1.8's places, by number: a name may hold anything.
        inputs[name] = f"/tmp/inputs/{number}/data"  # noqa: S108 (a place in the container)
        mounts[path.resolve()] = (inputs[name], "ro")
    names = [port.name for port in job.spec.interface.outputs]
    outputs = {name: f"/tmp/outputs/{number}/data" for number, name in enumerate(names)}  # noqa: S108 (likewise)
    return inputs, outputs, mounts
