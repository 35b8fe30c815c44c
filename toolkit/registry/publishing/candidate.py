"""A release before it is published, with the contents of its files, and the checks that need no registry."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct

from toolkit.digest import Digest
from toolkit.errors import Finding, FindingsError, InputError, Location, Severity
from toolkit.limits import RELEASE_SIZE
from toolkit.redaction import hide_in_data
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT, Release, ReleaseFile
from toolkit.registry.semver import Version
from toolkit.spec.pin import image_location
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.schema_header import normalised
from toolkit.words import in_bytes

_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})")
# How many of the files are named that make a release too large.
_NAMED = 3


class About(Struct, frozen=True, kw_only=True):
    """What a release says besides its contract; the fields are those of `Release`, and `files` are contents by path."""

    published: datetime
    by: str | None = None
    licenses: str | None = None
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    source: str | None = None
    revision: str | None = None
    platforms: tuple[str, ...] = ()
    files: Mapping[str, bytes] = {}


class Candidate(Struct, frozen=True, kw_only=True):
    """A release that could be published: its record, its contract as it was read, and the contents of its files."""

    release: Release
    document: ComponentDocument
    contents: Mapping[str, bytes]


def candidate_of(name: Name, version: Version, document: ComponentDocument, about: About) -> Candidate:
    """Return the release of a contract and its files.

    Raises InputError for a contract without a container, files that are too large together, and what looks like a
    secret in one of them.
    """
    contents = {CONTRACT: normalised(document.text.encode())} | dict(sorted(about.files.items()))
    _check_size(contents, document)
    _check_secrets(contents, document)
    spec = document.spec
    release = Release(
        name=name,
        version=version,
        digest=Digest.of(contents[CONTRACT]),
        image=spec.container.image,
        title=spec.name,
        description=spec.description,
        interface=spec.interface,
        published=about.published.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        by=about.by,
        files=tuple(
            ReleaseFile(path=path, digest=Digest.of(data), size=len(data))
            for path, data in contents.items()
            if path != CONTRACT
        ),
        licenses=about.licenses,
        authors=about.authors,
        tags=about.tags,
        source=about.source,
        revision=about.revision,
        platforms=about.platforms,
    )
    return Candidate(release=release, document=document, contents=contents)


def is_pinned(image: str) -> bool:
    """Return whether a reference names an image by its digest."""
    return _PINNED.fullmatch(image) is not None


def check_pinned(document: ComponentDocument, hint: str) -> None:
    """Raise InputError with `hint` unless the contract names its image by digest."""
    image = document.spec.container.image
    if not is_pinned(image):
        raise InputError(
            f"the image {image} is not pinned by digest", where=image_location(document.text, document.path), hint=hint
        )


def check_findings(findings: Iterable[Finding]) -> None:
    """Raise InputError with the first error among the findings of the linter; a release cannot be mended."""
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more errors)" if len(errors) > 1 else ""
        raise InputError(
            f"{errors[0].message} [{errors[0].rule}]{more}", where=errors[0].where, hint="`comp lint` shows them all"
        )


def as_input_error(error: FindingsError) -> InputError:
    """Return the error for a contract that cannot be read, with the rule that says so."""
    first = error.findings[0]
    return InputError(f"{first.message} [{first.rule}]", where=first.where, hint=first.help or None)


def _check_size(contents: Mapping[str, bytes], document: ComponentDocument) -> None:
    """Raise InputError that names the largest files unless all of them are within the limit together."""
    total = sum(map(len, contents.values()))
    if total <= RELEASE_SIZE.value:
        return
    largest = sorted(contents, key=lambda path: len(contents[path]), reverse=True)[:_NAMED]
    named = ", ".join(f"{path} ({in_bytes(len(contents[path]))})" for path in largest)
    raise InputError(
        f"the release has {in_bytes(total)}, expected at most {in_bytes(RELEASE_SIZE.value)}; the largest: {named}",
        where=Location(path=document.path),
        hint=f"keep data elsewhere and name its address in an example, or set {RELEASE_SIZE.variable}",
    )


def _check_secrets(contents: Mapping[str, bytes], document: ComponentDocument) -> None:
    """Raise InputError for a file with something that looks like a secret: a release is public and cannot be mended."""
    for path, data in contents.items():
        # A variable of a shell stands for a secret, and holds nothing.
        text = _VARIABLE.sub("<>", data.decode(errors="surrogateescape"))
        if hide_in_data(text) != text:
            where = document.path if path == CONTRACT else document.path.parent / path
            lines = enumerate(text.splitlines(), 1)
            line = next((number for number, each in lines if hide_in_data(each) != each), None)
            raise InputError(
                f"{path} has something that looks like a password or a token",
                where=Location(path=where, line=line),
                hint="a release is for everybody and never changes: remove it, and revoke it if it is one",
            )
