"""The files of a component's folder that go into its image: its code, without anything that only its development needs.

Left out are hidden files, bytecode, virtual environments, other components and secrets, and, at the top of the folder,
contracts, settings, locks, documents and tests. Links that lead out of the folder are refused. The patterns of
`.dockerignore` and of the settings leave out more, and take back; a secret only by its own name. Notebooks go in
without their outputs.
"""

import os
import stat
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from toolkit.builders.ignore import Patterns, read_patterns
from toolkit.builders.notebook import without_outputs
from toolkit.builders.secrets import is_secret_name, secret_in
from toolkit.config.project import Project
from toolkit.errors import InputError, Location, OutsideError
from toolkit.image_paths import APP
from toolkit.oci.file import File, stored_on_host
from toolkit.words import some_of

# A file up to this size in bytes is read once and kept, so that the measured bytes are those that are uploaded.
KEPT_SIZE = 256 * 1024

_TOP = (
    *("component.yaml", "components", "components.lock", "pyproject.toml", "tests"),
    *("README*", "LICENSE*", "CHANGELOG*", "requirements*.txt", "*.lock", "pylock*.toml"),
    *("Makefile", "Dockerfile*", "Containerfile*", "setup.cfg", "tox.ini", "noxfile.py", "conftest.py"),
)
# `x~` and `#x#` are copies that editors make for a while.
ANYWHERE = (".*", "__pycache__", "*.py[co]", "*.egg-info", "node_modules", "*~", "#*#")
_NONE, _HERE = Patterns(), PurePosixPath()
# A folder with one of these in it is not code: a virtual environment, an image layout, what `comp dockerfile` wrote.
_MARKS = ("pyvenv.cfg", "oci-layout", "comp-dockerfile.json")
# A folder with both of these in it is another component, whose pushes change its contract.
_COMPONENT = {"component.yaml", "pyproject.toml"}


class LeftOut(Struct, frozen=True, kw_only=True):
    """A file, or a folder with all that is in it, that stays out of the image; paths are the component folder's."""

    path: str
    reason: str


class Code(Struct, frozen=True, kw_only=True):
    """The files of a component's own code in order of path, the files that stay out, and warnings for its author."""

    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[str, ...] = ()


def component_code(project: Project) -> Code:
    """Read a component's own code, as its settings and `.dockerignore` choose it.

    An image holds these files, and a change of them has it built again. Raises as `read_code` does.
    """
    patterns = read_patterns(project.folder, project.exclude, project.include)
    return read_code(project.source_folder, into=APP, patterns=patterns, below=_source_below(project))


def code_paths(project: Project) -> tuple[list[Path], list[Path]]:
    """List the files that `component_code` would read, and the folders that it would look into; nothing is read.

    Raises InputError for an invalid pattern, OutsideError for a folder that cannot be listed.
    """
    patterns = read_patterns(project.folder, project.exclude, project.include)
    choice = _Choice(root=project.source_folder.resolve(), patterns=patterns, below=_source_below(project))
    files = [choice.root / path for path in _walk(PurePosixPath(), choice)]
    return files, choice.folders


def is_code(project: Project) -> Callable[[str], bool]:
    """Return a test of paths below the component's folder: does `component_code` read a file there, or would it?

    The file need not exist any more. Raises InputError for an invalid pattern.
    """
    below = _source_below(project)
    patterns = read_patterns(project.folder, project.exclude, project.include)
    choice = _Choice(root=project.source_folder.resolve(), patterns=patterns, below=below)

    def test(path: str) -> bool:
        place = PurePosixPath(path)
        if not place.is_relative_to(below):
            return False
        inner = place.relative_to(below)
        # Outermost first, without the top itself.
        folders = inner.parents[:-1][::-1]
        if any(choice.apart(folder, _marks_in(choice.root / folder)) for folder in folders):
            return False
        return all(map(choice.enters, folders)) and choice.takes(inner)

    return test


def _source_below(project: Project) -> PurePosixPath:
    """Return where the code lies below the component's folder."""
    return PurePosixPath(project.source_folder.relative_to(project.folder).as_posix())


def read_code(folder: Path, *, into: str, patterns: Patterns = _NONE, below: PurePosixPath = _HERE) -> Code:
    """Read the files under `folder` as files of an image under `into`.

    `patterns` speak of paths as seen from the component's folder, where `folder` is `below`. Only content, the owner's
    executable bit and names decide; times and other permissions do not. Raises InputError for a link that leaves the
    folder or leads to something left out, for content that is a secret, and for anything but files, folders and links.
    """
    root = folder.resolve()
    choice = _Choice(root=root, patterns=patterns, below=below)
    found = {
        str(path): choice.checked(path, _file(root, path, f"{into}/{path}")) for path in _walk(PurePosixPath(), choice)
    }
    for path, file in found.items():
        if file.target is not None:
            _check_link(root, PurePosixPath(path), found)
    choice.refuse_secrets()
    return Code(
        files=tuple(found[path] for path in sorted(found)),
        left_out=tuple(choice.left_out),
        warnings=tuple(choice.warnings),
    )


class _Choice(Struct, kw_only=True):
    """Chooses files by the patterns, else by the usual names.

    Records the files that stay out and why, and the folders that were looked into.
    """

    root: Path
    patterns: Patterns
    below: PurePosixPath
    folders: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    secrets: list[tuple[str, str]] = field(default_factory=list)

    def takes(self, path: PurePosixPath) -> bool:
        """Return whether a file goes in."""
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
        """Return whether a folder is looked into: something in it may be taken back."""
        reason = self._reason(path)
        # Without a `!` nothing below it can come back, so thousands of files in an environment are not looked at.
        if reason and not self.patterns.takes_back:
            self.left_out.append(LeftOut(path=f"{self.below / path}/", reason=reason))
            return False
        return True

    def apart(self, path: PurePosixPath, names: set[str]) -> str | None:
        """Return why a folder with these names in it is no part of the code; None if it is one.

        A pattern may take another component back, and nothing else.
        """
        if names >= _COMPONENT and self.patterns.verdict(str(self.below / path)) is not False:
            return "another component"
        return "an environment, an image, or for a Dockerfile" if any(mark in names for mark in _MARKS) else None

    def skip(self, path: PurePosixPath, reason: str) -> None:
        """Leave out a whole folder."""
        self.left_out.append(LeftOut(path=f"{self.below / path}/", reason=reason))

    def checked(self, path: PurePosixPath, file: File) -> File:
        """Remove a notebook's outputs, and look for secrets. A file that a pattern names stays as it is."""
        name = str(self.below / path)
        # A name of its own in `include` is the author's word that the file belongs in the image as it is.
        if file.target is not None or self.patterns.names(name):
            return file
        if path.suffix.lower() == ".ipynb":
            file = replace(file, content=without_outputs(b"".join(file.chunks()), self.root / path))
        # Files above `KEPT_SIZE` are streamed into the layer, and not searched.
        text = file.content if isinstance(file.content, bytes) else b""
        # A NUL means binary data, which may look like a token by chance.
        if b"\0" not in text and (found := secret_in(text)):
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
        """Return why a file or folder stays out, apart from the names of secrets; None if it goes in."""
        # The author's patterns come first: they may take back what usually stays out.
        verdict = self.patterns.verdict(str(self.below / path))
        if verdict is not None:
            return "by a pattern" if verdict else None
        usual = next((part for part in (path, *path.parents[:-1]) if _usually_out(part)), None)
        return "not code" if usual else None


def _walk(below: PurePosixPath, choice: _Choice) -> Iterator[PurePosixPath]:
    """Yield the files that the choice takes, in order of name, as paths below its root."""
    folder = choice.root / below
    try:
        # In order of name, not of the disk, so that warnings and errors are the same on every machine.
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise OutsideError(f"cannot read {folder}: {error.strerror}") from error
    # At the top, the mark would leave out the whole component.
    if below.parts and (reason := choice.apart(below, {entry.name for entry in entries})):
        choice.skip(below, reason)
        return
    choice.folders.append(folder)
    for entry in entries:
        path = below / entry.name
        # A link to a folder goes in as a link, so nothing is copied twice and no cycle is followed.
        if entry.is_dir(follow_symlinks=False):
            if choice.enters(path):
                yield from _walk(path, choice)
        elif choice.takes(path):
            yield path


def _marks_in(folder: Path) -> set[str]:
    """Return the names in a folder that may set it apart."""
    return {name for name in (*_MARKS, *_COMPONENT) if (folder / name).exists()}


def _usually_out(path: PurePosixPath) -> bool:
    """Return whether a name stays out unless a pattern says otherwise."""
    patterns = (*ANYWHERE, *(_TOP if len(path.parts) == 1 else ()))
    return any(fnmatchcase(path.name, pattern) for pattern in patterns)


def _file(root: Path, path: PurePosixPath, name: str) -> File:
    """Return a file or link of the folder as it goes into the image. Raises InputError for other kinds."""
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
    # The only permission that git records, and so the only one that two clones have in common.
    mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    try:
        kept = source.read_bytes() if status.st_size <= KEPT_SIZE else None
    except OSError as error:
        raise OutsideError(f"cannot read {source}: {error.strerror}") from error
    content = stored_on_host(source, status.st_size) if kept is None else kept
    return File(path=name, mode=mode, content=content, origin=str(source))


def _relative_target(root: Path, source: Path) -> str:
    """Return a link's target as it is valid in the image too: relative, and inside the folder."""
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
    # Chains of links end here: the target has none left.
    return os.path.relpath(target, source.parent)


def _check_link(root: Path, path: PurePosixPath, found: dict[str, File]) -> None:
    """Raise InputError if a link leads to something that stays out of the image."""
    target = PurePosixPath((root / path).resolve().relative_to(root).as_posix())
    # A folder is in the image if something below it is.
    if str(target) not in found and not any(PurePosixPath(other).is_relative_to(target) for other in found):
        raise InputError(
            f"the link leads to {target}, which does not go into the image",
            where=Location(path=root / path),
            hint="remove the link",
        )
