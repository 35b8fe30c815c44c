"""What the labels of a Dockerfile say about its component, as `[project]` has it.

Read are the labels of the OCI image specification ("Pre-defined annotation keys") and those of label-schema.org, which
came before them.
"""

from collections.abc import Mapping
from email.utils import getaddresses

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from toolkit.dockerfile.model import Dockerfile, Stage
from toolkit.redaction import without_login

_OCI, _OLD = "org.opencontainers.image.", "org.label-schema."
_VERSION = "0.1.0"


class Metadata(Struct, frozen=True, kw_only=True):
    """A component's title, description, version, authors as name and address, license, and named addresses."""

    title: str
    description: str
    version: str
    authors: tuple[tuple[str, str], ...]
    license: str
    urls: Mapping[str, str]
    notes: tuple[str, ...] = ()


def read_labels(dockerfile: Dockerfile, stage: Stage, name: str) -> Metadata:
    """Return what a stage's labels say; `name` is the component's, for what they leave out."""
    labels = stage.labels
    title = _label(labels, "title", "name")
    # KFP 2 compiles no name without ASCII letters or digits.
    title = title if title.isascii() and any(map(str.isalnum, title)) else name.replace("-", " ").capitalize()
    version, notes = _version(_label(labels, "version", "version"))
    people = _label(labels, "authors", "maintainer") or labels.get("maintainer", "") or _maintainer(dockerfile)
    urls = {
        "Homepage": _label(labels, "url", "url"),
        "Source": _label(labels, "source", "vcs-url"),
        "Documentation": _label(labels, "documentation", "usage"),
    }
    return Metadata(
        title=title,
        description=_label(labels, "description", "description") or f"{title}.",
        version=version,
        authors=tuple((person, address) for person, address in getaddresses([people]) if person or address),
        license=_label(labels, "licenses", "license"),
        urls={key: url for key, url in urls.items() if url.startswith(("http://", "https://"))},
        notes=tuple(notes),
    )


def _label(labels: Mapping[str, str], key: str, old: str) -> str:
    """Return the text of a label on one line, empty without one; logins in addresses stay out of what is committed."""
    return without_login(" ".join((labels.get(f"{_OCI}{key}") or labels.get(f"{_OLD}{old}") or "").split()))


def _version(text: str) -> tuple[str, list[str]]:
    """Return a label's version; that of a new component, with a note, if it is none of Python's."""
    if not text:
        return _VERSION, []
    try:
        return str(Version(text)), []
    except InvalidVersion:
        return _VERSION, [f"the version is {_VERSION}: the label has {text!r}, which is not of the form 1.2.3"]


def _maintainer(dockerfile: Dockerfile) -> str:
    """Return the text of the last MAINTAINER, an instruction that LABEL took the place of."""
    return next((one.text for one in reversed(dockerfile.instructions) if one.keyword == "MAINTAINER"), "")
