"""The files of one commit in a folder of their own, as git writes them, without a change to the repository."""

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from toolkit.git.program import Git, without_filters


def empty_repository(folder: Path, environ: Mapping[str, str], *, form: str = "sha1") -> Git:
    """Make a repository in a new folder, whose commits have names of this form: `sha1` or `sha256`."""
    folder.mkdir()
    git = Git(folder=folder, environ=environ)
    # No template: it may bring hooks and settings of the machine.
    git.get("init", "--quiet", "--template=", f"--object-format={form}")
    return replace(without_filters(git), folder=folder)


def borrow_objects(git: Git, other: Git) -> None:
    """Let a repository read the objects of another one on this machine (gitrepository-layout, "alternates")."""
    objects = other.get("rev-parse", "--path-format=absolute", "--git-path", "objects").removesuffix(b"\n")
    place = git.folder / ".git" / "objects" / "info" / "alternates"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(objects + b"\n")


def object_form(git: Git) -> str:
    """Return the form of the names of a repository's commits."""
    return git.get("rev-parse", "--show-object-format").decode().strip()


def check_out(git: Git, commit: str) -> None:
    """Write the files of a commit, and make it HEAD; submodules stay empty, and no filter runs.

    Raises OutsideError if git cannot, such as for a partial clone without some of the files.
    """
    git.get("update-ref", "--no-deref", "HEAD", commit)
    done = git.try_("read-tree", "--reset", "-u", commit)
    if done.code:
        raise git.failure(done)
