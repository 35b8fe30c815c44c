"""The context of a Dockerfile: the files that it can copy, by docker's rules (Docker docs, ".dockerignore files")."""

import os
from collections.abc import Callable
from pathlib import Path

from toolkit.builders.ignore import NAME, Patterns, read_patterns
from toolkit.config.dockerfile import DockerfileSettings
from toolkit.errors import OutsideError

# No Dockerfile copies what git keeps about itself, and a commit is no change of an image.
_NEVER = ".git"


def ignore_file(dockerfile: Path, context: Path) -> Path | None:
    """Return the file of patterns that counts: the one beside the Dockerfile under its name, else the context's."""
    return next((path for path in ignore_files(dockerfile, context) if path.is_file()), None)


def ignore_files(dockerfile: Path, context: Path) -> tuple[Path, Path]:
    """Return the places where patterns may be; the first that is there counts."""
    return dockerfile.with_name(f"{dockerfile.name}{NAME}"), context / NAME


def context_patterns(dockerfile: Path, context: Path) -> Patterns:
    """Return the patterns that count; empty without a file of them. Raises InputError for an invalid one."""
    found = ignore_file(dockerfile, context)
    return read_patterns(found.parent, name=found.name) if found else Patterns()


def in_context(settings: DockerfileSettings) -> Callable[[Path], bool]:
    """Return a test of absolute paths: may a build read the file? It need not exist.

    The Dockerfile and its patterns count too. Raises InputError for an invalid pattern.
    """
    patterns = context_patterns(settings.path, settings.context)
    own = {settings.path, *ignore_files(settings.path, settings.context)}

    def test(path: Path) -> bool:
        if path in own:
            return True
        if not path.is_relative_to(settings.context):
            return False
        name = path.relative_to(settings.context).as_posix()
        return name.partition("/")[0] != _NEVER and not patterns.verdict(name)

    return test


def context_paths(settings: DockerfileSettings) -> tuple[list[Path], list[Path]]:
    """List the files that a build may read, and the folders that it would look into; nothing is read.

    Raises InputError for an invalid pattern, OutsideError for a folder that cannot be listed.
    """
    test = in_context(settings)
    files = [settings.path, *ignore_files(settings.path, settings.context)]
    folders: list[Path] = []

    def failed(error: OSError) -> None:
        raise OutsideError(f"cannot list {error.filename}: {error.strerror}")

    # A folder that is left out may have files that are taken back.
    whole = context_patterns(settings.path, settings.context).takes_back
    for place, inner, names in os.walk(settings.context, onerror=failed):
        folders.append(Path(place))
        inner[:] = sorted(name for name in inner if name != _NEVER and (whole or test(Path(place, name))))
        files += [path for name in sorted(names) if test(path := Path(place, name))]
    return files, folders


def check_readable(settings: DockerfileSettings) -> None:
    """Raise OutsideError for a file that a build may read, and this user may not.

    BuildKit of docker 20.10 takes it for an empty one, and others have no plain words for it.
    """
    for path in context_paths(settings)[0]:
        if path.is_file() and not os.access(path, os.R_OK):
            raise OutsideError(
                f"cannot read {path}: Permission denied", hint="make it readable, or leave it out by .dockerignore"
            )
