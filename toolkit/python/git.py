"""Projects in git repositories: which commit a reference is, and the files of one, with git's own credentials.

Nothing of a repository runs: no hooks, no filters of its own, no transports but https, http, ssh, git and files.
"""

import logging
import os
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from toolkit import temporary
from toolkit.cache import Cache
from toolkit.errors import InputError, Location, OutsideError
from toolkit.home import tool_environment
from toolkit.processes import run
from toolkit.redaction import without_login

log = logging.getLogger(__name__)

_KIND = "git"
_SECONDS = 600
_FULL = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT = re.compile(r"[0-9a-f]{7,64}")
_NUMBER = re.compile(r"\d.*")
_CHUNK = 1 << 20
# What a hook that called us would have set.
_FOREIGN = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_CEILING_DIRECTORIES",
)
_SETTINGS = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file", "GIT_LFS_SKIP_SMUDGE": "1"}
_HINT = (
    "check the address and the reference; git's own credentials are used (a credential helper, ~/.netrc, an SSH key)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class GitOrigin:
    """A project in a git repository: `ref` is a branch, tag or commit, None for the repository's own branch.

    `names` says where the reference is looked for; a folder below the repository's is a `subdirectory`. The address
    may hold credentials, so it is never printed as it is.
    """

    url: str
    ref: str | None = None
    names: tuple[str, ...] = ("refs/tags/", "refs/heads/", "")
    subdirectory: str = ""
    where: Location | None = None

    def __repr__(self) -> str:
        return f"GitOrigin({self.label('')})"

    @property
    def address(self) -> str:
        """The address without credentials."""
        return without_login(self.url)

    def label(self, commit: str) -> str:
        """Name the project at a commit, as a requirement does (PEP 508, VCS addresses)."""
        inside = f"#subdirectory={self.subdirectory}" if self.subdirectory else ""
        return f"git+{self.address}@{commit}{inside}"


def commit_of(origin: GitOrigin) -> str:
    """Find the commit that a reference names now. Raises OutsideError when the repository cannot be had."""
    if origin.ref and _FULL.fullmatch(origin.ref):
        return origin.ref
    lines = [line.split("\t", 1) for line in _git(origin, "ls-remote", "--", origin.url).splitlines()]
    listed = {line[1]: line[0] for line in lines if len(line) > 1}
    for name in _candidates(origin):
        if name in listed:
            return listed[name]
    if origin.ref and _SHORT.fullmatch(origin.ref):
        with temporary.folder("git") as folder:
            _fetch_all(origin, folder, "--filter=tree:0")
            return _git(
                origin, "rev-parse", "--verify", "--end-of-options", f"{origin.ref}^{{commit}}", folder=folder
            ).strip()
    raise InputError(f"{origin.address} has no {origin.ref or 'HEAD'}", where=origin.where, hint=_HINT)


def is_of(origin: GitOrigin, commit: str, cache: Cache) -> bool:
    """Tell whether a commit is what a reference names, or named before: a server may hold commits of anybody."""
    if not _FULL.fullmatch(commit):
        return False
    if origin.ref and _FULL.fullmatch(origin.ref):
        return commit == origin.ref
    key = [origin.address, origin.ref, list(origin.names), commit]
    if cache.record(_KIND, key) is not None:
        return True
    if commit_of(origin) != commit and not _is_ancestor(origin, commit):
        return False
    cache.write_record(_KIND, key, {})
    return True


def version_of(origin: GitOrigin, commit: str, cache: Cache) -> str | None:
    """Give the version that tools derive from tags, as setuptools-scm does by default; None without a tag.

    The commit of a tag has its version; what comes after it is a development version of the next one.
    """
    key = [origin.address, commit, "version"]
    record = cache.record(_KIND, key)
    if record is None:
        record = {"version": _described(origin, commit)}
        cache.write_record(_KIND, key, record)
    return str(record["version"]) if record.get("version") else None


def _described(origin: GitOrigin, commit: str) -> str | None:
    with temporary.folder("git") as folder:
        _fetch_all(origin, folder, "--filter=tree:0")
        try:
            said = _git(origin, "describe", "--tags", "--long", "--match", "*[0-9]*", commit, folder=folder).strip()
        except OutsideError:
            return None
    tag, distance, node = said.rsplit("-", 2)
    number = _NUMBER.search(tag)
    try:
        version = Version(number[0]) if number else None
    except ValueError:
        return None
    if version is None or distance == "0":
        return str(version) if version else None
    *first, last = version.release
    following = last if version.is_prerelease else last + 1
    return f"{'.'.join(map(str, (*first, following)))}.dev{distance}+{node}"


def files_of(origin: GitOrigin, commit: str, cache: Cache, folder: Path) -> Path:
    """Write the files of a commit into an empty folder, and return the project's folder in it.

    Links that lead out of the repository are refused. Raises OutsideError when the commit cannot be had.
    """
    key = [origin.address, commit]
    record = cache.record(_KIND, key) or {}
    packed = str(record.get("files", ""))
    if not packed or not cache.has_blob(packed):
        packed = cache.keep_blob(_packed(origin, commit))[0]
        cache.write_record(_KIND, key, {"files": packed})
    try:
        with tarfile.open(cache.blob_path(packed)) as archive:
            archive.extractall(folder, filter="data")
        # Where the repository ends. Without it, paths that lead upwards would be measured by one around this folder.
        (folder / ".git").mkdir(exist_ok=True)
    except tarfile.TarError as error:
        raise InputError(f"{origin.label(commit)} cannot be used: {error}", where=origin.where) from error
    project = (folder / origin.subdirectory).resolve()
    if not project.is_relative_to(folder.resolve()) or not project.is_dir():
        raise InputError(f"{origin.label(commit)} has no folder {origin.subdirectory}", where=origin.where, hint=_HINT)
    return project


def _candidates(origin: GitOrigin) -> Iterator[str]:
    if origin.ref is None:
        yield "HEAD"
        return
    for prefix in origin.names:
        # An annotated tag is an object of its own; what it stands for is listed with ^{}.
        yield f"{prefix}{origin.ref}^{{}}"
        yield f"{prefix}{origin.ref}"


def _packed(origin: GitOrigin, commit: str) -> Iterator[bytes]:
    log.info("fetching %s", origin.label(commit))
    with temporary.folder("git") as made:
        repository, stored = made / "files", made / "files.tar"
        repository.mkdir()
        _git(origin, "init", "--quiet", folder=repository)
        try:
            _git(origin, "fetch", "--quiet", "--depth=1", "--", origin.url, commit, folder=repository)
        except OutsideError:
            # Not every server gives a commit by its name.
            _fetch_all(origin, repository)
        _git(origin, "checkout", "--quiet", "--detach", commit, folder=repository)
        if (repository / ".gitmodules").is_file():
            _git(origin, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1", folder=repository)
        with tarfile.open(stored, "w") as archive:
            for path in sorted(repository.iterdir()):
                if path.name != ".git":
                    archive.add(path, path.name, filter=_kept)
        with stored.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(member.name).name == ".git" else member


def _fetch_all(origin: GitOrigin, folder: Path, *options: str) -> None:
    """Fetch every branch and tag; with a filter the commits alone."""
    if not (folder / ".git").exists():
        _git(origin, "init", "--quiet", folder=folder)
    everything = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
    _git(origin, "fetch", "--quiet", *options, "--", origin.url, *everything, folder=folder)


def _is_ancestor(origin: GitOrigin, commit: str) -> bool:
    with temporary.folder("git") as folder:
        _git(origin, "init", "--quiet", folder=folder)
        _git(origin, "fetch", "--quiet", "--filter=tree:0", "--", origin.url, commit_of(origin), folder=folder)
        try:
            _git(origin, "merge-base", "--is-ancestor", commit, "FETCH_HEAD", folder=folder)
        except OutsideError:
            return False
        return True


def _git(origin: GitOrigin, command: str, *words: str, folder: Path | None = None) -> str:
    own = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    environment = tool_environment(own, Cache.default().spare_home) | _SETTINGS
    line = ["git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", command, *words]
    try:
        done = run(line, seconds=_SECONDS, folder=folder, environment=environment)
    except FileNotFoundError as error:
        raise OutsideError(
            "git is not installed", where=origin.where, hint="a requirement is in a git repository"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise OutsideError(
            f"git did not finish with {origin.address} within {_SECONDS} s", where=origin.where
        ) from error
    if done.code:
        said = " ".join(without_login(done.error_text).split())[-600:]
        raise OutsideError(
            f"git cannot use {origin.address}: {said or 'it said nothing'}", where=origin.where, hint=_HINT
        )
    return done.text
