"""The files around a run: paths for its outputs before it, and the outputs' way to the user's paths after it."""

import logging
import os
import posixpath
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from toolkit.errors import InputError
from toolkit.launcher.launch import SIDE_FILE
from toolkit.runners.executor import executor_input, make_report_folder
from toolkit.runners.protocol import Outcome, Run
from toolkit.runners.surroundings import readable
from toolkit.spec.arguments import NO_EXECUTOR_INPUT, resolve_command
from toolkit.spec.long_values import take_long_values, values_document
from toolkit.system import temporary
from toolkit.system.copying import copy_replacing, opened_folder, remove_entry
from toolkit.system.os_errors import cannot

log = logging.getLogger(__name__)

OUTPUTS = "/tmp/outputs"  # noqa: S108 (in the container)
_VALUES = "values.json"
_MOST_LINKS = 8


def command_line(
    folder: Path, inside: str, run: Run, *, input_paths: Mapping[str, str], output_paths: Mapping[str, str]
) -> list[str]:
    """Resolve the contract's command line; values too long for one go through a file of `folder`.

    `inside` is the folder's path where the component runs. Raises InputError for a long value that the component does
    not take from the launcher, as a flag and its value.
    """
    described = NO_EXECUTOR_INPUT
    if run.call is not None:
        make_report_folder(folder)
        described = executor_input(run.call, inside, input_paths, output_paths)
    command = resolve_command(
        run.spec,
        values=run.values,
        input_paths=input_paths,
        output_paths=output_paths,
        executor_input=described,
    )
    command, long = take_long_values(command, run.values, f"{inside}/{_VALUES}")
    if not long:
        return command
    for port in long:
        log.warning("%r is longer than a pipeline can pass as a value: make it an artifact", port)
    (folder / _VALUES).write_text(values_document(long), encoding="utf-8", errors="surrogateescape")
    # A container may run as any user.
    (folder / _VALUES).chmod(0o644)
    return command


def output_paths(folder: Path, run: Run) -> dict[str, Path]:
    """Return a path of its own for each output, under `folder`, and make its parent.

    The folder is made even without outputs: values that are too long for a command line lie in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {port.name: folder / str(number) / "data" for number, port in enumerate(run.spec.interface.outputs)}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return paths


def collect_outputs(
    run: Run, paths: Mapping[str, Path], exit_code: int, reported: Mapping[str, Any] = MappingProxyType({})
) -> Outcome:
    """Copy the outputs that exist, with their metadata, to the paths that the run names.

    Links inside a folder stay links. No link is followed on the way, neither one that the component left nor one at
    the target. Raises InputError for an output that is not a file or folder, OutsideError if it cannot be copied.
    """
    written = {name: run.outputs[name] for name, path in paths.items() if _copy_output(name, path, run.outputs[name])}
    return Outcome(exit_code=exit_code, paths=written, reported=reported)


def _copy_output(name: str, path: Path, target: Path) -> bool:
    """Copy one output to its target. False if it was not written."""
    # A killed run may have left a part of its copy there.
    temporary.sweep(target.parent)
    try:
        # The folder is opened without following links: the component may have replaced it by one.
        with opened_folder(path.parent.parent, path.parent.name) as source:
            entry = _entry(name, source, path.name)
            if entry is None:
                return False
            with opened_folder(target.parent, make=True) as folder:
                copy_replacing(source, entry, folder, target.name)
                # Metadata of an earlier run would describe the wrong content.
                if not copy_replacing(source, side_file(path).name, folder, side_file(target).name):
                    remove_entry(folder, side_file(target).name)
    except OSError as error:
        raise cannot(f"cannot copy the output {name!r} to {target}", error) from error
    return True


def _entry(name: str, folder: int, entry: str) -> str | None:
    """Return the name of an output, or of its neighbour if it is a link to one. None if it was not written."""
    for _ in range(_MOST_LINKS):
        try:
            target = os.readlink(entry, dir_fd=folder)
        except FileNotFoundError:
            return None
        except OSError:
            return entry  # no link
        entry = posixpath.normpath(target)
        # A link that leads on was made in a container: here it would lead to a file of this machine.
        if "/" in entry or entry in {".", ".."}:
            break
    raise InputError(
        f"the output {name!r} is a link to {target}, expected a file or folder", hint="copy what it links to"
    )


def side_file(path: Path) -> Path:
    """Return the path of an artifact's metadata, a file beside it."""
    return path.with_name(path.name + SIDE_FILE)


def writable_paths(folder: Path, run: Run) -> dict[str, Path]:
    """Return a path for each output that a container of any user may write to."""
    folder.chmod(0o755)
    paths = output_paths(folder / "outputs", run)
    for path in paths.values():
        path.parent.chmod(0o777)
    return paths


def mounted(
    folder: Path, run: Run, *, reads_all: bool
) -> tuple[dict[str, str], dict[str, str], dict[str, tuple[Path, str]]]:
    """Return the paths of inputs and of outputs inside the container, and the mounts that put them there.

    Unless the container `reads_all` that this user can read, it gets copies of inputs that others cannot read.
    """
    inputs, mounts = {}, {OUTPUTS: (folder / "outputs", "rw")}
    for number, (name, path) in enumerate(run.artifacts.items()):
        # As KFP 1.8 has them, but by number: a name may hold anything.
        inputs[name] = f"/tmp/inputs/{number}/data"  # noqa: S108 (in the container)
        mounts[inputs[name]] = (path.resolve(), "ro")
        if side_file(path).is_file():
            mounts[inputs[name] + SIDE_FILE] = (side_file(path).resolve(), "ro")
    if not reads_all:
        copies = folder / "copies"
        mounts = {
            inside: (path if mode == "rw" else readable(path, copies / str(number)), mode)
            for number, (inside, (path, mode)) in enumerate(mounts.items())
        }
    names = [port.name for port in run.spec.interface.outputs]
    outputs = {name: f"{OUTPUTS}/{number}/data" for number, name in enumerate(names)}
    return inputs, outputs, mounts
