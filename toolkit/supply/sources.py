"""The files that an image was built from: those of its commit, in a folder that is removed in the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from toolkit.errors import InputError, UsageError
from toolkit.git.checkout import borrow_objects, check_out, empty_repository, object_form
from toolkit.git.repository import Repository
from toolkit.provenance.predicate import Dependency
from toolkit.provenance.source import git_url
from toolkit.registry.git.remote import GitRemote
from toolkit.system import temporary
from toolkit.words import one_line

# Digits of the name of a commit in a repository of SHA-256.
_SHA256 = 64
_GIT = "git+"


@contextmanager
def source_files(
    source: Dependency, commit: str, named: str | None, near: Path, environ: Mapping[str, str]
) -> Iterator[Path]:
    """Write the files of a commit into a folder, and remove it in the end.

    They come from `named`, a folder in a clone or an address, or else from the repository around `near`. No address of
    provenance is asked: others wrote it. Raises InputError if the commit is not there, OutsideError if git fails.
    """
    with temporary.folder("rebuild") as place:
        folder = place / "source"
        if named and not Path(named).exists():
            _from_address(named, folder, commit, environ)
        else:
            _from_clone(Path(named) if named else near, folder, commit, source, environ)
        yield folder


def _from_address(address: str, folder: Path, commit: str, environ: Mapping[str, str]) -> None:
    """Fetch a commit from a server."""
    if "://" not in address and "@" not in address:
        raise UsageError(f"--source {address} is neither a folder nor an address", hint="write https://… or ssh://…")
    git = empty_repository(folder, environ, form="sha256" if len(commit) == _SHA256 else "sha1")
    remote = GitRemote.of(git_url(address).removeprefix(_GIT), folder, environ, asks=False)
    if not remote.fetch_commit(commit):
        raise InputError(f"{remote.address} does not have the commit {commit}", hint="--source names another place")
    check_out(git, commit)


def _from_clone(near: Path, folder: Path, commit: str, source: Dependency, environ: Mapping[str, str]) -> None:
    """Take a commit from a clone on this disk."""
    address = one_line(source.uri.removeprefix(_GIT)) or "FOLDER"
    hint = f"name a clone that has it, or its address: --source {address}"
    try:
        repository = Repository.open(near, environ)
    except UsageError as error:
        raise InputError(f"the image was built from the commit {commit}, and {error.message}", hint=hint) from error
    if repository.commit(commit) is None:
        raise InputError(
            f"the image was built from the commit {commit}, which is not in the clone {repository.top}", hint=hint
        )
    git = empty_repository(folder, environ, form=object_form(repository.git))
    borrow_objects(git, repository.git)
    check_out(git, commit)
