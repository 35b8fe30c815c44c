"""Publish contracts that others made, as many as can be: names, versions, and a reason for each one that cannot.

An import can be repeated. What a registry has stays as it is, and only new contents become new versions.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from msgspec import Struct

from toolkit.collection.found_contracts import Found, FoundContract
from toolkit.digest import Digest
from toolkit.errors import CompError, FindingsError, InputError, OutsideError
from toolkit.lint.linter import lint_text
from toolkit.registry.names import Name, check_part
from toolkit.registry.protocol import Registry
from toolkit.registry.publishing.candidate import (
    About,
    Candidate,
    as_input_error,
    candidate_of,
    check_findings,
    check_pinned,
)
from toolkit.registry.publishing.images import Images
from toolkit.registry.publishing.naming import distinct_names
from toolkit.registry.semver import Version, newest, parse_version
from toolkit.spec.document import decoded
from toolkit.spec.reader import ComponentDocument, parse_document
from toolkit.spec.schema_header import normalised

# What happens to an image that is named by a tag.
Tags = Literal["refuse", "pin", "allow"]
_RULE = re.compile(r"\[([A-Z][0-9]{3})\]")
FIRST = Version(major=0, minor=0, patch=1)
UNPINNED = "--pin takes the digest that each tag names now, and --allow-tags leaves the tags"


class Request(Struct, frozen=True, kw_only=True):
    """What an import is asked for. With `history` versions are 0.0.1, 0.0.2 and so on, whatever contracts say."""

    namespace: str
    published: datetime
    by: str | None = None
    tags: Tags = "refuse"
    history: bool = False


class Imported(Struct, frozen=True, kw_only=True):
    """What came of one version of a contract: its release, and whether that is new; or why it has none."""

    path: str
    candidate: Candidate | None = None
    new: bool = False
    problem: CompError | None = None

    @property
    def rule(self) -> str | None:
        """The id of the rule that the contract breaks; None for another problem."""
        found = _RULE.search(self.problem.message) if self.problem else None
        return found[1] if found else None


def import_all(
    found: Found, request: Request, registry: Registry, publish: Callable[[Candidate], bool], images: Images
) -> Iterator[Imported]:
    """Publish every version of every contract, and yield what came of each, in the order of paths.

    `registry` is read, and `publish` adds one release to it. Raises OutsideError only if the registry fails.
    """
    check_part(request.namespace, "namespace")
    names = distinct_names({path: _title(versions[-1]) for path, versions in found.contracts.items()})
    for path, versions in found.contracts.items():
        if not names[path]:
            yield Imported(path=path, problem=InputError("neither the file's place nor its title gives a name"))
            continue
        name = Name(request.namespace, names[path])
        yield from _Component(name, request, registry, publish, images, found).import_(versions)


class _Component:
    """One component of an import: the releases that the registry has of it, and those that are added."""

    def __init__(
        self,
        name: Name,
        request: Request,
        registry: Registry,
        publish: Callable[[Candidate], bool],
        images: Images,
        found: Found,
    ) -> None:
        self._name, self._request, self._images = name, request, images
        self._source, self._top = found.source, found.top
        self._publish = publish
        self._published = {version: registry.release(name, version).digest for version in registry.versions(name)}

    def import_(self, versions: Sequence[FoundContract]) -> Iterator[Imported]:
        """Publish the versions, the oldest first."""
        for number, version in enumerate(versions, 1):
            is_last = number == len(versions)
            try:
                yield self._import(version, is_last=is_last)
            except FindingsError as error:
                yield Imported(path=version.path, problem=as_input_error(error))
            except (InputError, OutsideError) as error:
                yield Imported(path=version.path, problem=error)

    def _import(self, found: FoundContract, *, is_last: bool) -> Imported:
        """Publish one version."""
        document = _checked(found, self._top, self._images, self._request.tags)
        digest = Digest.of(normalised(document.text.encode()))
        version = self._version(document, digest, is_last=is_last)
        about = About(
            published=found.committed or self._request.published,
            by=self._request.by,
            authors=_authors(document),
            source=f"{self._source}#{quote(found.path)}" if self._source else None,
            revision=found.revision,
            files=found.files,
        )
        candidate = candidate_of(self._name, version, document, about)
        known = self._published.get(version)
        if known is not None and known != digest:
            raise InputError(
                f"{candidate.release} is published already with other content [V604]",
                where=document.places.get(("annotations", "version")),
                hint="its author has to give it a new version; --history counts versions itself",
            )
        new = known is None and self._publish(candidate)
        self._published[version] = digest
        return Imported(path=found.path, candidate=candidate, new=new)

    def _version(self, document: ComponentDocument, digest: Digest, *, is_last: bool) -> Version:
        """Return the version of a contract: its own, that of the same content, or the next one."""
        own = None if self._request.history else own_version(document)
        if own:
            return own
        top = newest(self._published)
        # The last content is the newest version, also if it was published before another one.
        if top and self._published[top] == digest:
            return top
        same = [version for version, known in self._published.items() if known == digest]
        if same and not is_last:
            return same[0]
        return top.next() if top else FIRST


def own_version(document: ComponentDocument) -> Version | None:
    """Return the version in a contract's annotations; None if it has none that is a semantic version."""
    text = document.spec.annotations.get("version", "")
    try:
        version = parse_version(text)
    except InputError:
        return None
    return None if version.build else version


def _checked(found: FoundContract, top: Path, images: Images, tags: Tags) -> ComponentDocument:
    """Return a contract that can be published, with its image pinned if that is wanted. Raises InputError."""
    path = top / found.path
    text = decoded(found.data, path)
    document = parse_document(text, path)
    image = document.spec.container.image
    check_findings(lint_text(text, path))
    if tags == "refuse":
        check_pinned(document, UNPINNED)
    return images.pinned(document) if tags == "pin" and "@" not in image else document


def _authors(document: ComponentDocument) -> tuple[str, ...]:
    """Return the author that a contract names."""
    author = document.spec.annotations.get("author", "").strip()
    return (author,) if author else ()


def _title(found: FoundContract) -> str:
    """Return the title of a contract; empty if it cannot be read."""
    try:
        return parse_document(decoded(found.data, Path(found.path)), Path(found.path)).spec.name
    except CompError:
        return ""
