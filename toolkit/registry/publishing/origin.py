"""Where a component's code comes from: the repository and the commit, for those who read its release."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from toolkit.config.project import Project
from toolkit.errors import CompError, OutsideError, UsageError
from toolkit.git.differences import differences, old_contents
from toolkit.git.repository import Repository
from toolkit.redaction import without_login
from toolkit.spec.pin import pin_image
from toolkit.spec.reader import read_document
from toolkit.words import some_of

log = logging.getLogger(__name__)

# The labels of addresses in [project.urls], as PyPA's "Well-known project URLs" normalises them.
_LABELS = ("source", "repository", "sourcecode", "github", "gitlab")
# The ending that `git describe --dirty` adds.
DIRTY = "-dirty"
_CONTRACT = "component.yaml"


class Origin(Struct, frozen=True, kw_only=True):
    """The repository, without a login, and the commit; `changed` are the paths that differ from the commit.

    `path` is that of the component's folder from the top of the repository; None without a commit.
    """

    source: str | None = None
    revision: str | None = None
    changed: tuple[str, ...] = ()
    path: str | None = None


def origin_of(
    project: Project, environ: Mapping[str, str], *, also: Sequence[Path] = (), what: str = "the release"
) -> Origin:
    """Return where a project comes from; without git, only what [project.urls] says.

    A folder that differs from its commit has a revision that ends in `-dirty`, with a warning, and so if a path of
    `also` differs. The pin of an image does not count: a push writes it after the commit. `what` is what the origin is
    for, in warnings.
    """
    named = _named_source(project)
    if not any((place / ".git").exists() for place in (project.folder, *project.folder.parents)):
        return Origin(source=named)
    try:
        repository = Repository.open(project.folder, environ)
        # Starting git takes most of the time, so that its processes run side by side.
        with ThreadPoolExecutor(1) as pool:
            remote = pool.submit(_remote, repository) if named is None else None
            commit, changed = _compared(project, repository, also)
        source = remote.result() if remote else named
    except (OutsideError, UsageError) as error:
        log.warning("%s of %s names no commit: %s", what, project.name, error.message)
        return Origin(source=named)
    if changed:
        log.warning("%s differs from the commit %.12s: %s", project.folder, commit, some_of(changed))
    return Origin(
        source=source,
        revision=f"{commit}{DIRTY}" if changed else commit,
        changed=changed,
        path=_below(project, repository) if commit else None,
    )


def public_address(address: str) -> str | None:
    """Return a repository's address without a login; None for a folder of this machine, which helps no reader."""
    address = without_login(address.strip())
    scheme, separator, _ = address.partition("://")
    if separator:
        return address if scheme.lower() in {"http", "https", "ssh", "git", "git+ssh"} else None
    # `git@host:path`, which is an address too.
    return address if re.fullmatch(r"[\w.-]+@[\w.-]+:(?!//)\S+", address) else None


def _named_source(project: Project) -> str | None:
    """Return the address of the repository in [project.urls]."""
    urls = {re.sub(r"[\W_]", "", label).lower(): url for label, url in project.urls}
    return next((without_login(urls[label]) for label in _LABELS if label in urls), None)


def _remote(repository: Repository) -> str | None:
    """Return the address that the clone came from."""
    done = repository.git.try_("config", "--get", "remote.origin.url")
    return None if done.code else public_address(done.text)


def _below(project: Project, repository: Repository) -> str:
    """Return the path of the component's folder from the top of the repository."""
    return project.folder.resolve().relative_to(repository.top).as_posix()


def _compared(project: Project, repository: Repository, also: Sequence[Path]) -> tuple[str | None, tuple[str, ...]]:
    """Return the commit, None before the first one, and what differs from it, below the folder or in `also`."""
    folder = project.folder.resolve()
    others = [place for path in also if not (place := path.resolve()).is_relative_to(folder)]
    # What another repository has, no commit of this one has.
    outside = tuple(f"{place.name} outside of the repository" for place in others if not _is_in(place, repository))
    inside = [place.relative_to(repository.top).as_posix() for place in others if _is_in(place, repository)]
    below = (_below(project, repository), *dict.fromkeys(inside))
    head = repository.head(*below)
    # Git does not look into submodules here.
    if head.commit is None or (head.is_clean and not (repository.top / ".gitmodules").is_file()):
        return head.commit, outside if head.commit else ()
    changed = dict.fromkeys(path for one in below for path in _changed(project, repository, one))
    return head.commit, (*changed, *outside)


def _is_in(place: Path, repository: Repository) -> bool:
    """Return whether a file or folder is in the repository's working tree."""
    return place.is_relative_to(repository.top)


def _changed(project: Project, repository: Repository, below: str) -> Iterator[str]:
    """Yield the paths below a folder, from the top of the repository, whose content differs from the commit."""
    found = differences(repository, "HEAD", below=below)
    old = old_contents({path: found[path] for path in found if found[path].what == "changed"})
    contracts, folder = {entry.contract.resolve() for entry in project.entries}, project.folder.resolve()
    for path in sorted(found):
        place = repository.top / path
        # A required project may be a component too, which its own push pins.
        may_be_pinned = place in contracts or (place.name == _CONTRACT and not place.is_relative_to(folder))
        if not may_be_pinned or not _is_pin_alone(old.get(path), place):
            yield path


def _is_pin_alone(old: bytes | None, contract: Path) -> bool:
    """Return whether a contract differs from the committed one in its image alone."""
    if old is None:
        return False
    try:
        document = read_document(contract)
        return pin_image(old.decode(), document.spec.container.image, contract) == document.text
    except (CompError, UnicodeDecodeError):
        return False
