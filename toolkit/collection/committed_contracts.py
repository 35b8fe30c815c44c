"""Contracts of a git repository, at a commit or with their history. Nothing is checked out, and nothing of it runs."""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from msgspec import Struct

from toolkit.collection.found_contracts import Found, FoundContract, folder_of
from toolkit.errors import InputError, OutsideError
from toolkit.git.program import Git, without_hook_variables
from toolkit.git.repository import Repository
from toolkit.limits import CONTRACT_SIZE, RELEASE_FILES, RELEASE_SIZE
from toolkit.redaction import without_login
from toolkit.registry.publishing.origin import public_address
from toolkit.registry.publishing.release_files import is_licence, is_release_file
from toolkit.spec.recognition import is_contract
from toolkit.system import temporary
from toolkit.system.processes import run

_SECONDS = 600
_SUFFIXES = (".yaml", ".yml")
_REGULAR = {"100644", "100755"}
_ADDRESS = re.compile(r"(?:git\+)?(?:https?|ssh|git|file)://.+|[\w.-]+@[\w.-]+:(?!//).+")
# Git asks no questions, and starts no programs for other protocols.
_SETTINGS = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file", "LC_ALL": "C"}
_HINT = "check the address and --at; git's own logins are used (a credential helper, ~/.netrc, an SSH key)"
_MARK = "\x01"
_WANTED = "refs/comp/import"


def is_repository_address(text: str) -> bool:
    """Return whether a text is the address of a repository, not a folder."""
    return _ADDRESS.fullmatch(text) is not None


@contextmanager
def repository_at(text: str, commit: str | None, environ: Mapping[str, str], *, history: bool) -> Iterator[Repository]:
    """Give the repository at an address, fetched for the time of the block, or around a folder, or the folder itself.

    A fetch brings one commit, or with `history` what led to it. Raises OutsideError if it cannot be fetched.
    """
    if not is_repository_address(text):
        folder = Path(text)
        yield Repository(top=folder, git=Git(folder=folder, environ=environ))
        return
    with temporary.folder("import") as folder:
        yield _fetched(folder, text.removeprefix("git+"), commit, environ, history=history)


def _fetched(folder: Path, url: str, commit: str | None, environ: Mapping[str, str], *, history: bool) -> Repository:
    """Fetch a commit, with what led to it if that is wanted, into a new repository, and make it HEAD."""
    _run(folder, environ, url, "init", "--quiet", "--bare")
    git = Git(folder=folder, environ=environ)
    git.get("config", "remote.origin.url", without_login(url))
    repository = Repository(top=folder, git=git)
    depth = () if history else ("--depth=1",)
    try:
        _run(folder, environ, url, "fetch", "--quiet", "--no-tags", *depth, "--", url, f"{commit or 'HEAD'}:{_WANTED}")
    except OutsideError:
        # Not every server sends a commit by its name, and those that are only files send no part of a history.
        everything = ("+HEAD:refs/heads/comp", "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
        _run(folder, environ, url, "fetch", "--quiet", "--", url, *everything)
        names = (commit, f"refs/remotes/origin/{commit}") if commit else ("refs/heads/comp",)
        known = next(filter(None, map(repository.commit, names)), None)
        if known is None:
            raise InputError(
                f"{without_login(url)} has no commit {commit}", hint="name a branch, a tag or a commit"
            ) from None
        git.get("update-ref", _WANTED, known)
    git.get("update-ref", "--no-deref", "HEAD", _WANTED)
    return repository


def contracts_at_commit(repository: Repository, commit: str | None, *, history: bool = False) -> Found:
    """Return the contracts of a commit, of HEAD without one; with `history` also their earlier versions.

    Versions are those of the first parents, and equal ones that follow each other count once. Raises InputError for a
    commit that is not there.
    """
    # After a fetch, HEAD is the commit that was asked for.
    known = repository.commit(commit or "HEAD") or repository.commit(_WANTED)
    if known is None:
        raise InputError(f"{repository.top} has no commit {commit or 'HEAD'}", hint="name a branch, a tag or a commit")
    files = _listed(repository, known)
    contracts = _contracts(repository, files)
    when = datetime.fromtimestamp(int(repository.git.get("show", "-s", "--format=%ct", known)), UTC)
    remote = repository.git.try_("config", "--get", "remote.origin.url")
    versions = _history(repository, known, contracts) if history else {}
    extras = _extras(repository, files, contracts)
    found: dict[str, list[FoundContract]] = {}
    for path, data in contracts.items():
        now = FoundContract(path=path, data=data, files=extras[path], revision=known, committed=when)
        past = versions.get(path) or [now]
        # The files beside a contract are those of today, and so they belong to its last version alone.
        last = FoundContract(
            path=path, data=data, files=extras[path], revision=past[-1].revision, committed=past[-1].committed
        )
        found[path] = [*past[:-1], last]
    return Found(contracts=found, source=None if remote.code else public_address(remote.text))


class _Blob(Struct, frozen=True):
    """A file of a commit: the id of its blob, and its size in bytes."""

    id: str
    size: int


def _listed(repository: Repository, commit: str) -> dict[str, _Blob]:
    """Return the regular files of a commit by path; links and submodules are left out."""
    files = {}
    for line in repository.git.get("ls-tree", "-r", "-z", "--long", commit).split(b"\0"):
        words, tab, name = line.partition(b"\t")
        if not tab:
            continue
        mode, _, blob, size = words.decode().split()
        path = os.fsdecode(name)
        if mode in _REGULAR and size.isdigit() and not any(part.startswith(".") for part in path.split("/")):
            files[path] = _Blob(blob, int(size))
    return files


def _contracts(repository: Repository, files: Mapping[str, _Blob]) -> dict[str, bytes]:
    """Return the contents of the files that are contracts, in the order of their paths."""
    paths = [path for path in sorted(files) if path.endswith(_SUFFIXES) and files[path].size <= CONTRACT_SIZE.value]
    contents = repository.blobs([files[path].id for path in paths])
    return {
        path: data
        for path, data in zip(paths, contents, strict=True)
        if data is not None and is_contract(PurePosixPath(path), data)
    }


def _extras(
    repository: Repository, files: Mapping[str, _Blob], contracts: Iterable[str]
) -> dict[str, dict[str, bytes]]:
    """Return the files beside each contract, by their paths from its folder; none if they are too large together."""
    by_folder: dict[str, dict[str, _Blob]] = {folder_of(path): {} for path in contracts}
    for path, blob in files.items():
        place = folder_of(path)
        while place:
            below = path.removeprefix(f"{place}/")
            if place in by_folder and is_release_file(below) and below.isprintable():
                by_folder[place][below] = blob
            place = folder_of(place)
    read: dict[str, dict[str, bytes]] = {}
    licences = {path: blob for path, blob in files.items() if is_licence(path)}
    for folder, own in by_folder.items():
        # That of the whole repository, unless there is one of its own.
        chosen = own | licences if folder and not any(map(is_licence, own)) else own
        small = len(chosen) <= RELEASE_FILES.value and sum(blob.size for blob in chosen.values()) < RELEASE_SIZE.value
        contents = repository.blobs([blob.id for blob in chosen.values()]) if small else iter(())
        read[folder] = {path: data for path, data in zip(chosen, contents, strict=False) if data is not None}
    return {path: read[folder_of(path)] for path in contracts}


def _history(repository: Repository, commit: str, contracts: Mapping[str, bytes]) -> dict[str, list[FoundContract]]:
    """Return the versions of each contract that the first parents of a commit had, the oldest first."""
    words = ("log", "--first-parent", "-m", "--reverse", "--raw", "--no-abbrev", "--no-renames", "-z")
    log = repository.git.get(*words, f"--format={_MARK}%H %ct", commit, "--", *(f"*{end}" for end in _SUFFIXES))
    seen: list[tuple[str, str, str, datetime]] = []
    revision, when = "", datetime.now(UTC)
    parts = iter(log.decode(errors="surrogateescape").split("\0"))
    for part in parts:
        word = part.strip("\n")
        if word.startswith(_MARK):
            revision, _, seconds = word.removeprefix(_MARK).partition(" ")
            when = datetime.fromtimestamp(int(seconds), UTC)
        elif word.startswith(":"):
            path, blob = next(parts), word.split(" ")[3]
            if path in contracts and blob.strip("0"):
                seen.append((path, blob, revision, when))
    contents = dict(zip((blob for _, blob, _, _ in seen), repository.blobs([each[1] for each in seen]), strict=True))
    versions: dict[str, list[FoundContract]] = {}
    for path, blob, revision, when in seen:
        data = contents[blob]
        if data is not None and is_contract(PurePosixPath(path), data):
            version = FoundContract(path=path, data=data, revision=revision, committed=when)
            versions.setdefault(path, []).append(version)
    return versions


def _run(folder: Path, environ: Mapping[str, str], url: str, *words: str) -> None:
    """Run git with the user's own logins. Raises OutsideError without the login of `url`."""
    try:
        done = run(
            ["git", "-c", f"core.hooksPath={os.devnull}", *words],
            name=f"git {words[0]}",
            seconds=_SECONDS,
            folder=folder,
            environment=without_hook_variables(environ) | _SETTINGS,
        )
    except FileNotFoundError as error:
        raise OutsideError("git is not installed", hint="apt-get install git") from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(f"git did not finish with {without_login(url)} within {_SECONDS} s") from error
    if done.code:
        message = " ".join(without_login(done.error_text).split())[-600:]
        raise OutsideError(f"git cannot fetch {without_login(url)}: {message or done.code}", hint=_HINT)
