"""A plan as real files in a folder, for builders that copy a tree instead of streaming layers."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from toolkit.builders.plan import BytecodeLayer, FilesLayer, Plan, WheelsLayer
from toolkit.errors import OutsideError
from toolkit.files import File
from toolkit.oci.layer import CHUNK, inflated
from toolkit.oci.tar import MTIME, ROOT, parents
from toolkit.python.install import installed_files
from toolkit.python.wheels import Wheel, cache_suspected, open_wheel

_log = logging.getLogger(__name__)


def materialise(plan: Plan, folder: Path) -> None:
    """Write the tree of the plan's layers under `folder`/opt/comp: same paths, bytes, modes and times as in layers.

    Of a path that several layers hold, the upper one's file stays. `opt` above is left to the base. Raises
    InputError for a wheel that cannot be installed, OutsideError when the disk does not take the files.
    """
    try:
        for layer in plan.layers:
            if isinstance(layer, FilesLayer):
                for file in layer.files:
                    _write_planned(file, folder)
            elif isinstance(layer, WheelsLayer):
                # Of a wheel in several layers, all is written with the first.
                for wheel in () if layer.part else layer.wheels:
                    _write_wheel(wheel, folder, minor=plan.facts.minor)
            else:
                _write_bytecode(layer, folder)
        _settle(folder / ROOT)
    except OSError as error:
        raise OutsideError(f"cannot write the image's files to {folder}: {error.strerror}") from error


def _write_planned(file: File, folder: Path) -> None:
    path = _place(folder, file.path)
    if file.target is not None:
        path.symlink_to(file.target)
        os.utime(path, (MTIME, MTIME), follow_symlinks=False)
    elif file.source is not None:
        with file.source.open("rb") as stream:
            _write(path, iter(lambda: stream.read(CHUNK), b""), file.mode)
    else:
        _write(path, iter((file.data or b"",)), file.mode)


def _write_wheel(wheel: Wheel, folder: Path, *, minor: str) -> None:
    with cache_suspected((wheel,)), open_wheel(wheel) as opened:
        for file in installed_files(opened, minor=minor):
            path = _place(folder, file.path)
            content = opened.chunks(file.member) if file.member else iter((file.data or b"",))
            _write(path, content, file.mode)


def _write_bytecode(layer: BytecodeLayer, folder: Path) -> None:
    for wheel, file in layer.files():
        _write(_place(folder, file.path), inflated(file.content, wheel), 0o644)


def _place(folder: Path, name: str) -> Path:
    """Make room for a file: its parents, and nothing where it will be."""
    for parent in parents(name):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.unlink(missing_ok=True)
    return path


def _write(path: Path, chunks: Iterator[bytes], mode: int) -> None:
    with path.open("wb") as stream:
        for chunk in chunks:
            stream.write(chunk)
    path.chmod(mode)
    os.utime(path, (MTIME, MTIME))


def _settle(root: Path) -> None:
    """Fix modes and times of the directories, once nothing is written into them any more."""
    for current, _, _ in os.walk(root, topdown=False):
        Path(current).chmod(0o755)
        os.utime(current, (MTIME, MTIME))
