"""The files of a Dockerfile's context that its image is made of: chosen as docker does, and no more than it copies."""

import os
import posixpath
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.builders.dockerfile_context import context_patterns, ignore_file
from toolkit.builders.ignore import Patterns
from toolkit.builders.secrets import is_secret_name
from toolkit.dockerfile.model import Stage
from toolkit.errors import InputError, Location
from toolkit.limits import CARRIED_SIZE
from toolkit.system.glob import Glob
from toolkit.words import some_of

# Of a repository, and never of an image.
_LEFT = {".git", ".hg", ".svn"}
# How many folders above one may be meant outside of a repository.
_FAR = 3
_REMOTE = ("http://", "https://", "git@", "git://", "ssh://")


class Context(Struct, frozen=True, kw_only=True):
    """A context's folder, the files in it that the image needs, relative to it, and notes about what stays behind.

    `missing` are sources, as patterns, that no file of it matches.
    """

    folder: Path
    files: tuple[PurePosixPath, ...]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_context(folder: Path, dockerfile: Path, stages: Sequence[Stage], *, without: Path) -> Context:
    """List the files that the stages copy or mount, as `.dockerignore` allows; `without` is left out.

    Raises InputError for an invalid `.dockerignore`, and for more bytes than CARRIED_SIZE.
    """
    globs = _sources(stages)
    patterns, own = context_patterns(dockerfile, folder), ignore_file(dockerfile, folder)
    taken: list[PurePosixPath] = []
    secrets: list[str] = []
    if globs:
        for path in _walk(folder, patterns, without):
            text = path.as_posix()
            if not any(glob.matches(text) for glob in globs.values()):
                continue
            if is_secret_name(path):
                secrets.append(text)
            else:
                taken.append(path)
    found = [*map(str, taken), *secrets]
    missing = tuple(name for name, glob in globs.items() if name != "." and not any(map(glob.matches, found)))
    notes = [f"not in the context, or left out by .dockerignore: {some_of(missing)}"] if missing else []
    if secrets:
        notes.append(f"left behind, since it looks like a secret: {some_of(secrets)}; the build has to do without it")
    CARRIED_SIZE.check(
        sum((folder / path).lstat().st_size for path in taken),
        "what the Dockerfile copies",
        where=Location(path=dockerfile),
    )
    return Context(
        folder=folder,
        files=tuple(sorted({*taken, *(_inside(folder, own) if own else ())})),
        missing=missing,
        notes=tuple(notes),
    )


def context_above(folder: Path, missing: Sequence[str]) -> Path | None:
    """Return the nearest folder above one that has everything that is missing there, in its repository."""
    parents = folder.resolve().parents
    top = next((place for place, above in enumerate(parents, 1) if (above / ".git").exists()), _FAR)
    return next((above for above in parents[:top] if all(_exists(source, above) for source in missing)), None)


def matching(source: str, context: Path) -> list[Path]:
    """Return the files and folders of a context that a COPY's source names."""
    plain = posixpath.normpath(f"/{source}").lstrip("/") or "."
    if not set("*?[") & set(plain):
        return [context / plain]
    try:
        glob = Glob.parse(plain)
    except ValueError:
        return []
    candidates = context.glob("/".join("*" * (plain.count("/") + 1)))
    return sorted(path for path in candidates if glob.matches(path.relative_to(context).as_posix(), whole=True))


def _exists(source: str, context: Path) -> bool:
    try:
        return any(path.exists() for path in matching(source, context))
    except OSError:
        # A name that no file can have.
        return False


def copy_context(context: Context, target: Path) -> None:
    """Copy the files of a context, with their permissions; links stay links."""
    for path in context.files:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(context.folder / path, target / path, follow_symlinks=False)


def _sources(stages: Sequence[Stage]) -> dict[str, Glob]:
    """Return the sources in the context as patterns. Raises InputError for an invalid one."""
    written = [source for stage in stages for copy in stage.copies if not copy.stage for source in copy.sources]
    for stage in stages:
        bound = [mount.keys for mount in stage.mounts if mount.type == "bind" and "from" not in mount.keys]
        written += [keys.get("source") or keys.get("src") or "." for keys in bound]
    globs: dict[str, Glob] = {}
    for source in written:
        if source.startswith(_REMOTE):
            continue
        # The context is the root of sources: `/a` and `../a` are `a`.
        plain = posixpath.normpath(f"/{source}").lstrip("/") or "."
        try:
            globs[plain] = Glob.parse("**" if plain == "." else plain)
        except ValueError as error:
            raise InputError(f"invalid pattern {source}: {error}", hint="correct the COPY or ADD") from None
    return globs


def _inside(folder: Path, path: Path) -> list[PurePosixPath]:
    """Return a path relative to a folder, if it lies there."""
    # By its own name, also if it is a link.
    resolved, root = path.parent.resolve() / path.name, folder.resolve()
    return [PurePosixPath(resolved.relative_to(root).as_posix())] if resolved.is_relative_to(root) else []


def _walk(folder: Path, patterns: Patterns, without: Path) -> Iterator[PurePosixPath]:
    """Yield the files and links of a folder that its patterns allow."""
    left = without.resolve()
    for place, folders, names in os.walk(folder):
        here = PurePosixPath(Path(place).relative_to(folder).as_posix())
        links = [name for name in folders if Path(place, name).is_symlink()]
        folders[:] = sorted(
            name
            for name in folders
            if name not in _LEFT
            and name not in links
            and Path(place, name).resolve() != left
            and (patterns.takes_back or not patterns.verdict((here / name).as_posix()))
        )
        for name in sorted((*names, *links)):
            path = here / name
            found = Path(place, name)
            # Docker sends links as they are, even those that lead nowhere; it sends no sockets.
            if not patterns.verdict(path.as_posix()) and (found.is_symlink() or found.is_file()):
                yield path
