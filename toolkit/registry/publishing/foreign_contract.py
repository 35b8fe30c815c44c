"""The release of a contract that someone else made, from its file or its address alone."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from toolkit.errors import FindingsError, InputError, Location
from toolkit.lint.linter import lint_text
from toolkit.lint.selection import EVERY_RULE, selection_of
from toolkit.registry.names import Name, check_part
from toolkit.registry.publishing.candidate import (
    About,
    Candidate,
    as_input_error,
    candidate_of,
    check_findings,
    check_pinned,
)
from toolkit.registry.publishing.contract_address import fetch_contract, is_address
from toolkit.registry.publishing.images import Images
from toolkit.registry.publishing.naming import derived_name
from toolkit.registry.publishing.project import without_build
from toolkit.registry.semver import Version, parse_version
from toolkit.spec.document import decoded, read_text
from toolkit.spec.reader import ComponentDocument, parse_document

_UNPINNED = "--pin takes the digest that the tag names now, and --allow-tags publishes the tag"


class Chosen(Struct, frozen=True, kw_only=True):
    """What the command line says about a contract. An image by its tag is pinned with `pin`, kept with `allow_tags`."""

    namespace: str | None
    published: datetime
    name: str | None = None
    version: str | None = None
    by: str | None = None
    pin: bool = False
    allow_tags: bool = False


def foreign_candidate(target: str, chosen: Chosen, images: Images, environ: Mapping[str, str]) -> Candidate:
    """Return the release of the contract in a file or at an address.

    The name is that of the file's folder, or of its title, unless it is given; the version is the one in its
    annotations. Raises InputError for a contract with errors, and for what is missing.
    """
    if chosen.namespace is None:
        raise InputError("no namespace to publish in", hint="give --namespace")
    check_part(chosen.namespace, "namespace")
    try:
        document, source = _read(target, environ)
    except FindingsError as error:
        raise as_input_error(error) from error
    version = _version(document, chosen.version)
    name = chosen.name or derived_name(source or str(document.path.absolute()), document.spec.name)
    if not name:
        raise InputError("nothing gives the component a name", where=Location(path=document.path), hint="give --name")
    if chosen.pin and "@" not in document.spec.container.image:
        document = images.pinned(document)
    elif not chosen.allow_tags:
        check_pinned(document, _UNPINNED)
    author = document.spec.annotations.get("author", "").strip()
    about = About(
        published=chosen.published, by=chosen.by, authors=(author,) if author else (), source=source, revision=None
    )
    return candidate_of(Name(chosen.namespace, check_part(name, "component name")), version, document, about)


def _read(target: str, environ: Mapping[str, str]) -> tuple[ComponentDocument, str | None]:
    """Return a contract without lint errors, and the address that it came from."""
    if is_address(target):
        fetched = fetch_contract(target, environ)
        path, text, source = fetched.path, decoded(fetched.data, fetched.path), fetched.address
        selection = EVERY_RULE
    else:
        path, source = Path(target), None
        text, selection = read_text(path), selection_of(path.parent)
    document = parse_document(text, path)
    check_findings(lint_text(text, path, selection))
    return document, source


def _version(document: ComponentDocument, given: str | None) -> Version:
    """Return the version that is given, or that the contract names. Raises InputError without one."""
    if given:
        return without_build(parse_version(given))
    own = document.spec.annotations.get("version")
    where = document.places.get(("annotations", "version")) or Location(path=document.path)
    if own is None:
        raise InputError("the contract names no version", where=where, hint="give one: --version 0.1.0")
    try:
        return without_build(parse_version(own), where)
    except InputError as error:
        raise InputError(error.message, where=where, hint="give another one: --version 0.1.0") from None
