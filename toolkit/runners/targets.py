"""Where the outputs of a run go: paths that the user named, or else `out/NAME`. Nothing is written over unasked."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.errors import UsageError
from toolkit.interface.model import Kind, Output
from toolkit.launcher.launch import SIDE_FILE
from toolkit.runners.staging import side_file
from toolkit.system.home import home
from toolkit.system.paths import plain_parts

_OUT = Path("out")


def output_targets(ports: Sequence[Output], named: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """Return the path of each output: the user's own if it is `named`; in `folder` for a value; else below `out`.

    A name of the contract becomes one plain part of a path. Raises UsageError if `out` is a link.
    """
    # Beside each artifact lies its metadata, whose name must be free too.
    parts = plain_parts([port.name for port in ports], beside=(SIDE_FILE,))
    targets = {}
    for port in ports:
        if port.name in named:
            targets[port.name] = named[port.name]
        elif port.kind is Kind.PARAMETER:
            targets[port.name] = folder / parts[port.name]
        else:
            # A cloned repository may bring `out` as a link to anywhere, and the user has named no place here.
            if _OUT.is_symlink():
                raise UsageError(
                    f"{_OUT} is a link to {_OUT.readlink()}, expected a folder",
                    hint=f"say where the output goes: -o '{port.name}=PATH'",
                )
            targets[port.name] = _OUT / parts[port.name]
    return targets


def resolved_parent(path: Path) -> Path:
    """Follow links in the folder of a path, but not the path itself."""
    return Path(os.path.realpath(path.parent), path.name)


def check_targets(
    ports: Sequence[Output], targets: Mapping[str, Path], environ: Mapping[str, str], *, force: bool
) -> None:
    """Raise UsageError for a target that exists, unless `force` is given, and for two outputs with one target."""
    places: dict[Path, str] = {}
    for port in ports:
        path = targets[port.name]
        # First the path itself: one without a name, such as `.`, has nothing beside it.
        _check_target(path, environ, force=force)
        for place in (path, *((side_file(path),) if port.kind is Kind.ARTIFACT else ())):
            _check_target(place, environ, force=force)
            other = places.setdefault(resolved_parent(place), port.name)
            if other != port.name:
                raise UsageError(
                    f"the outputs {other!r} and {port.name!r} both go to {place}", hint="give each its own path"
                )


def _check_target(path: Path, environ: Mapping[str, str], *, force: bool) -> None:
    """Refuse a path that exists; even with `force` the home folder, and this one with all above it."""
    # A link that leads nowhere is there as well, and would be replaced.
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise UsageError(f"{path} exists", hint="choose another path, or overwrite it with --force")
    own = home(environ)
    if Path(os.path.realpath(path)) in {own and own.resolve(), Path.cwd(), *Path.cwd().parents}:
        raise UsageError(
            f"{path} cannot be the target of an output, which would replace it", hint="name a folder below it"
        )
