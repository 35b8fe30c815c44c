"""Which files of a component's folder go into its image: its code, and nothing that only its making needs.

What is left out: hidden files, bytecode, virtual environments, secrets, links that lead elsewhere (refused); and, at
the top of the folder, contracts, settings, locks, documents and tests. The patterns of `.dockerignore` and of the
settings leave out more, and take back; a secret only by its own name. Notebooks go in without their outputs.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from toolkit.builders.ignore import Patterns, read_patterns
from toolkit.builders.notebook import without_outputs
from toolkit.builders.secrets import is_secret_name, secret_in
from toolkit.config import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.files import File
from toolkit.oci.tar import ROOT
from toolkit.words import some_of

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
_NONE, _HERE = Patterns(), PurePosixPath()
# A folder with one of these in it is not code: a virtual environment, an image layout.
_MARKS = ("pyvenv.cfg", "oci-layout")


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A file, or a folder with all that is in it, that stays out of the image; paths are the component folder's."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """The files of a component's own code in order of path, what stays out, and what its author should hear of that."""

    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


def component_code(project: Project) -> Code:
    """Read a component's own code, as its settings and `.dockerignore` choose it.

    What an image holds and what decides whether it is built again are both this. Raises as `read_code` does.
    """
    patterns = read_patterns(project.folder, project.exclude, project.include)
    below = PurePosixPath(project.source_folder.relative_to(project.folder).as_posix())
    return read_code(project.source_folder, into=APP, patterns=patterns, below=below)


def read_code(folder: Path, *, into: str, patterns: Patterns = _NONE, below: PurePosixPath = _HERE) -> Code:
    """Read the files under `folder` as files of an image under `into`.

    `patterns` speak of paths as seen from the component's folder, where `folder` is `below`. Only content, the
    owner's executable bit and names decide; times and other permissions do not. Raises InputError for a link that
    leaves the folder or leads to something left out, for content that is a secret, and for what is no file.
    """
    root = folder.resolve()
    choice = _Choice(root=root, patterns=patterns, below=below)
    found = {str(path): file for path, file in _walk(root, PurePosixPath(), choice, into=into)}
    for path, file in found.items():
        if file.target is not None:
            _check_link(root, PurePosixPath(path), found)
    choice.refuse_secrets()
    return Code(
        files=tuple(found[path] for path in sorted(found)),
        left_out=tuple(choice.left_out),
        warnings=tuple(choice.warnings),
    )


@dataclass(kw_only=True, slots=True)
class _Choice:
    """Decides by patterns, and where they say nothing by what is usual; notes what stays out, and why."""

    root: Path
    patterns: Patterns
    below: PurePosixPath
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    secrets: list[tuple[str, str]] = field(default_factory=list)

    def takes(self, path: PurePosixPath) -> bool:
        """Tell whether a file goes in."""
        name = str(self.below / path)
        reason = self._reason(path)
        if is_secret_name(path) and (reason is None or path.name.startswith(".env")):
            if reason is None and self.patterns.names(name):
                self.warnings.append(f"{name} looks like a secret, and goes into the image since it is named")
                return True
            reason = "looks like a secret"
            self.warnings.append(f"{name} {reason} and stays out of the image; `include` takes it back by its name")
        if reason:
            self.left_out.append(LeftOut(path=name, reason=reason))
        return reason is None

    def enters(self, path: PurePosixPath) -> bool:
        """Tell whether a folder is looked into: something in it may be taken back."""
        reason = self._reason(path)
        if reason and not self.patterns.takes_back:
            self.left_out.append(LeftOut(path=f"{self.below / path}/", reason=reason))
            return False
        return True

    def skip(self, path: PurePosixPath, reason: str) -> None:
        """Leave out a whole folder."""
        self.left_out.append(LeftOut(path=f"{self.below / path}/", reason=reason))

    def checked(self, path: PurePosixPath, file: File) -> File:
        """Take the outputs out of a notebook, and look for secrets in what remains; what is named stays as it is."""
        name = str(self.below / path)
        if file.target is not None or self.patterns.names(name):
            return file
        if path.suffix.lower() == ".ipynb":
            file = replace(file, data=without_outputs(b"".join(file.chunks()), self.root / path), source=None)
        if file.data and b"\0" not in file.data and (found := secret_in(file.data)):
            self.secrets.append((name, found))
        return file

    def refuse_secrets(self) -> None:
        """Raise InputError when there are secrets in what goes into the image."""
        if self.secrets:
            name, found = self.secrets[0]
            others = [other for other, _ in self.secrets[1:]]
            raise InputError(
                f"{name} holds {found}, and would go into the image"
                + (f"; so would {some_of(others)}" if others else ""),
                where=Location(path=self.root / PurePosixPath(name).relative_to(self.below)),
                hint=f'remove it from the file, keep the file out with exclude = ["{name}"] in [tool.comp], or, if it '
                f'has to be in the image, name it: include = ["{name}"]',
            )

    def _reason(self, path: PurePosixPath) -> str | None:
        """Say why a file or folder stays out, its name as a secret's apart; None when it goes in."""
        verdict = self.patterns.verdict(str(self.below / path))
        if verdict is not None:
            return "by a pattern" if verdict else None
        usual = next((part for part in (path, *path.parents[:-1]) if _usually_out(part)), None)
        return "not code" if usual else None


def _walk(root: Path, below: PurePosixPath, choice: _Choice, *, into: str) -> Iterator[tuple[PurePosixPath, File]]:
    try:
        entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
    except OSError as error:
        raise OutsideError(f"cannot read {root / below}: {error.strerror}") from error
    if below.parts and any(entry.name in _MARKS for entry in entries):
        choice.skip(below, "an environment or an image")
        return
    for entry in entries:
        path = below / entry.name
        if entry.is_dir(follow_symlinks=False):
            if choice.enters(path):
                yield from _walk(root, path, choice, into=into)
        elif choice.takes(path):
            yield path, choice.checked(path, _file(root, path, f"{into}/{path}"))


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
