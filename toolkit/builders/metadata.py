"""The description of an image in the keys of the OCI image specification (annotations.md), and its time."""

import posixpath
from collections.abc import Mapping
from datetime import UTC, datetime

from toolkit.config.project import Project, is_on_disk
from toolkit.errors import InputError
from toolkit.oci.reference import parse_reference
from toolkit.python.target import Base
from toolkit.redaction import hide_in_data


def source_date(environ: Mapping[str, str]) -> str | None:
    """Return the time of SOURCE_DATE_EPOCH, None if it is not set: the time of the build would change the digest."""
    text = environ.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return None
    try:
        moment = datetime.fromtimestamp(int(text), tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"SOURCE_DATE_EPOCH is {text!r}, expected seconds since 1970",
            hint="unset it, or set it to a whole number",
        ) from error
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata_of(project: Project, created: str | None, base: Base | None = None) -> dict[str, str]:
    """Describe the image of a component, with its base if that is known."""
    urls = {label.lower().replace("-", "").replace(" ", ""): url for label, url in project.urls}
    values = {
        "title": project.entries[0].title or project.name,
        "description": project.description,
        "version": project.version,
        "licenses": project.license,
        "authors": ", ".join(project.authors),
        "source": _first(urls, "source", "sourcecode", "repository", "github"),
        "url": _first(urls, "homepage"),
        "documentation": _first(urls, "documentation", "docs"),
        "created": created,
        "base.name": _base_name(base.reference) if base else None,
        "base.digest": str(base.itself.digest) if base else None,
    }
    return {f"org.opencontainers.image.{key}": hide_in_data(value) for key, value in values.items() if value}


def _first(urls: Mapping[str, str], *labels: str) -> str | None:
    """Return the address under the first of these labels that the project has."""
    return next((urls[label] for label in labels if label in urls), None)


def _base_name(base_reference: str) -> str | None:
    """Return the base's full name; None for a file, whose path means nothing on another machine."""
    if posixpath.isabs(base_reference) or is_on_disk(base_reference):
        return None
    reference = parse_reference(base_reference)
    return f"{reference.name}:{reference.tag}" if reference.tag else reference.name
