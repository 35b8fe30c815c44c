"""Which files of a component's folder go into its image: its code, and nothing that only its making needs.

What is left out: hidden files, bytecode, virtual environments, private keys, links that lead elsewhere (refused);
and, at the top of the folder, contracts, settings, locks, documents and tests. The patterns of `.dockerignore` and of
the settings leave out more, and take back.
"""

import logging
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from toolkit.builders.ignore import Patterns, read_patterns
from toolkit.config import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.files import File
from toolkit.oci.tar import ROOT

_log = logging.getLogger(__name__)

# Where the component's own code lies in an image.
APP = f"{ROOT}/app"
# A file up to this size is read once and kept, so that what was measured is what is uploaded.
KEPT_SIZE = 256 * 1024

_TOP = (
    *("component.yaml", "components", "components.lock", "pyproject.toml", "tests"),
    *("README*", "LICENSE*", "CHANGELOG*", "requirements*.txt", "*.lock", "pylock*.toml"),
    *("Makefile", "Dockerfile*", "Containerfile*", "setup.cfg", "tox.ini", "noxfile.py", "conftest.py"),
)
_ANYWHERE = (".*", "__pycache__", "*.py[co]", "*.egg-info", "node_modules")
_KEYS = (
    *("*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.kdbx"),
    *("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_*.pub", "credentials.json"),
)
_NONE, _HERE = Patterns(), PurePosixPath()
# A folder with one of these in it is not code: a virtual environment, an image layout.
_MARKS = ("pyvenv.cfg", "oci-layout")


def component_code(project: Project) -> tuple[File, ...]:
    """List the files of a component's own code, as its settings and `.dockerignore` choose them.

    What an image holds and what decides whether it is built again are both this. Raises as `code_files` does.
    """
    patterns = read_patterns(project.folder, project.exclude, project.include)
    below = PurePosixPath(project.source_folder.relative_to(project.folder).as_posix())
    return code_files(project.source_folder, into=APP, patterns=patterns, below=below)


def code_files(
    folder: Path, *, into: str, patterns: Patterns = _NONE, below: PurePosixPath = _HERE
) -> tuple[File, ...]:
    """List the files under `folder` as files of an image under `into`, in order of path.

    `patterns` speak of paths as seen from the component's folder, where `folder` is `below`. Only content, the
    owner's executable bit and names decide; times and other permissions do not. Raises InputError for a link that
    leaves the folder or leads to something left out, and for what is no file.
    """
    root = folder.resolve()
    chosen = _Chosen(patterns=patterns, below=below)
    found = {str(path): file for path, file in _walk(root, PurePosixPath(), chosen, into=into)}
    for path, file in found.items():
        if file.target is not None:
            _check_link(root, PurePosixPath(path), found)
    return tuple(found[path] for path in sorted(found))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Chosen:
    """Decides by patterns, and where they say nothing by what is usual."""

    patterns: Patterns
    below: PurePosixPath

    def file(self, path: PurePosixPath) -> bool:
        """Tell whether a file goes in."""
        verdict = self.patterns.verdict(str(self.below / path))
        if verdict is not None:
            return not verdict
        if any(fnmatchcase(path.name, pattern) for pattern in _KEYS):
            _log.warning("%s looks like a secret and stays out of the image", path)
            return False
        if path.name.startswith(".env"):
            _log.warning("%s often holds secrets and stays out of the image", path)
        return not any(_usually_out(part) for part in (path, *path.parents[:-1]))

    def folder(self, path: PurePosixPath) -> bool:
        """Tell whether a folder is looked into: something in it may be taken back."""
        return self.patterns.takes_back or self.file(path)


def _walk(root: Path, below: PurePosixPath, chosen: _Chosen, *, into: str) -> Iterator[tuple[PurePosixPath, File]]:
    try:
        entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
    except OSError as error:
        raise OutsideError(f"cannot read {root / below}: {error.strerror}") from error
    if below.parts and any(entry.name in _MARKS for entry in entries):
        _log.info("%s is an environment or an image and stays out of the image", root / below)
        return
    for entry in entries:
        path = below / entry.name
        if entry.is_dir(follow_symlinks=False):
            if chosen.folder(path):
                yield from _walk(root, path, chosen, into=into)
        elif chosen.file(path):
            yield path, _file(root, path, f"{into}/{path}")


def _usually_out(path: PurePosixPath) -> bool:
    patterns = (*_ANYWHERE, *(_TOP if len(path.parts) == 1 else ()))
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _file(root: Path, path: PurePosixPath, name: str) -> File:
    source = root / path
    where = Location(path=source)
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError("the file's name is not UTF-8", where=where, hint="rename it") from error
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        return File(path=name, mode=0o777, target=_relative_target(root, source))
    if not stat.S_ISREG(status.st_mode):
        raise InputError("neither a file, a folder nor a link; it cannot go into an image", where=where)
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    try:
        data = source.read_bytes() if status.st_size <= KEPT_SIZE else None
    except OSError as error:
        raise OutsideError(f"cannot read {source}: {error.strerror}") from error
    return File(path=name, mode=mode, data=data, source=source if data is None else None)


def _relative_target(root: Path, source: Path) -> str:
    """Write a link so that it holds in the image too: relative, and inside the folder."""
    where = Location(path=source)
    try:
        target = source.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise InputError("the link leads nowhere", where=where, hint="remove it, or make what it names") from error
    if not target.is_relative_to(root):
        raise InputError(
            f"the link leads out of {root.name}, to {target}",
            where=where,
            hint="copy the file into the folder, or remove the link",
        )
    return os.path.relpath(target, source.parent)


def _check_link(root: Path, path: PurePosixPath, found: dict[str, File]) -> None:
    target = PurePosixPath((root / path).resolve().relative_to(root).as_posix())
    if str(target) not in found and not any(PurePosixPath(other).is_relative_to(target) for other in found):
        raise InputError(
            f"the link leads to {target}, which does not go into the image",
            where=Location(path=root / path),
            hint="remove the link",
        )
