"""What all runners do around a run: places for the outputs before it, and moving them where they belong after."""

import json
import logging
import os
import posixpath
from collections.abc import Mapping
from pathlib import Path

from toolkit import temporary
from toolkit.copying import copied, opened_folder, removed
from toolkit.errors import InputError
from toolkit.launcher.launch import SIDE_FILE
from toolkit.machine import cannot
from toolkit.runners.protocol import Job, Outcome
from toolkit.spec.arguments import LONGEST_ARGUMENT, resolve_command
from toolkit.spec.protocol import LAUNCHER_PATH, VALUES_FLAG, flag

log = logging.getLogger(__name__)

OUTPUTS = "/tmp/outputs"  # noqa: S108 (a place in the container)
_VALUES = "values.json"
_MOST_LINKS = 8


def command_line(
    folder: Path, inside: str, job: Job, *, input_paths: Mapping[str, str], output_paths: Mapping[str, str]
) -> list[str]:
    """Resolve the contract's command line; values too long for one go through a file of `folder`.

    `inside` is that folder's name where the component runs. Raises InputError for a long value whose component
    takes it in another way than as a pair of flag and value of the launcher.
    """
    command = resolve_command(job.spec, values=job.values, input_paths=input_paths, output_paths=output_paths)
    long = {name: text for name, text in job.values.items() if len(text.encode(errors="replace")) > LONGEST_ARGUMENT}
    if not long:
        return command
    if LAUNCHER_PATH not in command:
        raise _too_long(min(long))
    name = command.index(LAUNCHER_PATH) + 1
    for port, text in long.items():
        pair = next((at for at in range(name, len(command)) if command[at : at + 2] == [flag(port), text]), None)
        if pair is None:
            raise _too_long(port)
        del command[pair : pair + 2]
        log.warning("%r is longer than a pipeline can pass as a value: make it an artifact", port)
    (folder / _VALUES).write_text(json.dumps(long), encoding="utf-8", errors="surrogateescape")
    (folder / _VALUES).chmod(0o644)
    return [*command[: name + 1], VALUES_FLAG, f"{inside}/{_VALUES}", *command[name + 1 :]]


def _too_long(port: str) -> InputError:
    return InputError(
        f"the value of {port!r} is longer than {LONGEST_ARGUMENT} bytes, the most that a command line holds",
        hint="make it an artifact",
    )


def output_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place of its own under `folder`, and make the place's parent.

    The folder itself is there even without outputs: values that are too long for a command line lie in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {port.name: folder / str(number) / "data" for number, port in enumerate(job.spec.interface.outputs)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def outcome(job: Job, paths: Mapping[str, Path], exit_code: int) -> Outcome:
    """Copy the outputs that exist, with their metadata, to where the job wants them.

    Links inside a folder stay links. No link is followed on the way, neither one that the component left nor one at
    the target. Raises InputError for an output that is no file or folder, OutsideError when it cannot be copied.
    """
    written = {name: job.outputs[name] for name, path in paths.items() if _settled(name, path, job.outputs[name])}
    return Outcome(exit_code=exit_code, outputs=written)


def _settled(name: str, path: Path, target: Path) -> bool:
    """Copy one output to its place; False when it was not written."""
    temporary.sweep(target.parent)
    try:
        with opened_folder(path.parent.parent, path.parent.name) as source:
            entry = _entry(name, source, path.name)
            if entry is None:
                return False
            with opened_folder(target.parent, make=True) as folder:
                copied(source, entry, folder, target.name)
                if not copied(source, side_file(path).name, folder, side_file(target).name):
                    removed(folder, side_file(target).name)
    except OSError as error:
        raise cannot(f"cannot copy the output {name!r} to {target}", error) from error
    return True


def _entry(name: str, folder: int, entry: str) -> str | None:
    """Find what an output is: itself, or its neighbour that it is a link to; None when it was not written."""
    for _ in range(_MOST_LINKS):
        try:
            target = os.readlink(entry, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError:
            return entry  # no link
        entry = posixpath.normpath(target)
        # In a container a link means another place than here: following it would give a file of this machine.
        if "/" in entry or entry in {".", ".."}:
            break
    raise InputError(
        f"the output {name!r} is a link to {target}, expected a file or folder", hint="copy what it links to"
    )


def side_file(path: Path) -> Path:
    """Name the file beside an artifact that holds its metadata."""
    return path.with_name(path.name + SIDE_FILE)


def writable_paths(folder: Path, job: Job) -> dict[str, Path]:
    """Give each output a place that a container of any user may write to."""
    folder.chmod(0o755)
    paths = output_paths(folder / "outputs", job)
    for path in paths.values():
        path.parent.chmod(0o777)
    return paths


def mounted(folder: Path, job: Job) -> tuple[dict[str, str], dict[str, str], dict[str, tuple[Path, str]]]:
    """Say where inputs and outputs appear inside the container, and what is mounted to make it so."""
    inputs, mounts = {}, {OUTPUTS: (folder / "outputs", "rw")}
    for number, (name, path) in enumerate(job.artifacts.items()):
        # KFP 1.8's places, by number: a name may hold anything.
        inputs[name] = f"/tmp/inputs/{number}/data"  # noqa: S108 (a place in the container)
        mounts[inputs[name]] = (path.resolve(), "ro")
        if side_file(path).is_file():
            mounts[inputs[name] + SIDE_FILE] = (side_file(path).resolve(), "ro")
    names = [port.name for port in job.spec.interface.outputs]
    outputs = {name: f"{OUTPUTS}/{number}/data" for number, name in enumerate(names)}
    return inputs, outputs, mounts
