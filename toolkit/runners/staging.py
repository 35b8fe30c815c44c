"""What all runners do around a run: places for the outputs before it, and moving them where they belong after."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import InputError, OutsideError
from toolkit.runners.protocol import Job, Outcome


def output_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place of its own under `folder`, and make the place's parent."""
    paths = {port.name: folder / str(number) / "data" for number, port in enumerate(job.spec.interface.outputs)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def outcome(job: Job, paths: Mapping[str, Path], exit_code: int) -> Outcome:
    """Copy the outputs that exist to where the job wants them.

    Links inside a folder stay links. Raises InputError for an output that is a link to elsewhere, OutsideError
    when it cannot be copied.
    """
    copied = {}
    for name, path in paths.items():
        # In a container a link means another place than here: following it would give a file of this machine.
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise InputError(
                f"the output {name!r} is a link to {path.readlink()}, expected a file or folder",
                hint="copy what it links to",
            )
        if path.exists():
            copied[name] = job.outputs[name]
            try:
                _copy(path, job.outputs[name])
            except OSError as error:
                raise OutsideError(
                    f"cannot copy the output {name!r} to {job.outputs[name]}: {error.strerror or error}"
                ) from error
    return Outcome(exit_code=exit_code, outputs=copied)


def _copy(path: Path, target: Path) -> None:
    """Copy, not move, since the container may have written as another user."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    if path.is_dir():
        target.unlink(missing_ok=True)
        shutil.copytree(path, target, symlinks=True)
    else:
        shutil.copyfile(path, target)


def writable_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place that a container of any user may write to."""
    folder.chmod(0o755)
    paths = output_paths(folder / "outputs", job)
    for path in paths.values():
        path.parent.chmod(0o777)
    return paths


def mounted(folder: Path, job: Job) -> tuple[dict[str, str], dict[str, str], dict[str, tuple[Path, str]]]:
    """Say where inputs and outputs appear inside the container, and what is mounted to make it so."""
    inputs, mounts = {}, {"/tmp/outputs": (folder / "outputs", "rw")}  # noqa: S108 (a place in the container)
    for number, (name, path) in enumerate(job.artifacts.items()):
        # KFP 1.8's places, by number: a name may hold anything.
        inputs[name] = f"/tmp/inputs/{number}/data"  # noqa: S108 (a place in the container)
        mounts[inputs[name]] = (path.resolve(), "ro")
    names = [port.name for port in job.spec.interface.outputs]
    outputs = {name: f"/tmp/outputs/{number}/data" for number, name in enumerate(names)}  # noqa: S108 (likewise)
    return inputs, outputs, mounts
