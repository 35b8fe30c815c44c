"""The names of a registry's components: a tag for each in a repository of their own.

Lists of repositories (`_catalog`) are forbidden on many servers. A tag is set before the first release of a component,
and no writer reads or replaces what another wrote.
"""

import logging
from collections.abc import Iterable

from toolkit.errors import InputError, OutsideError
from toolkit.oci.document import parse_document
from toolkit.oci.image import Image
from toolkit.oci.reference import Reference
from toolkit.registry.names import Name, parse_name
from toolkit.registry.oci.addresses import Addresses, is_long_name, name_tag, named
from toolkit.registry.oci.artifact import artifact, check_type
from toolkit.registry.oci.seen import Seen
from toolkit.remote.client import Remote
from toolkit.system.threads import at_once

log = logging.getLogger(__name__)

NAME_TYPE = "application/vnd.comp.component.name.v1+json"
_NAME = "dev.comp.component.name"


def read_names(seen: Seen, at: Addresses) -> list[Name]:
    """Return the names that have a tag, in order; other tags are passed over."""
    tags = seen.tags(at.names) or ()
    long_names = at_once(lambda tag: _read_long(seen, at.names.with_tag(tag)), [*filter(is_long_name, tags)])
    return sorted({name for name in (*map(named, tags), *long_names) if name})


def add_names(remote: Remote, at: Addresses, names: Iterable[Name]) -> None:
    """Set the tags of names; one that is there already stays."""
    for name in names:
        remote.push(_artifact(name), at.names.with_tag(name_tag(name)), present=frozenset())


def _artifact(name: Name) -> Image:
    """Return the artifact of a name, whose config is the same for all, so that it is sent once."""
    return artifact(NAME_TYPE, b"{}", NAME_TYPE, notes={_NAME: str(name)})


def _read_long(seen: Seen, tag: Reference) -> Name | None:
    """Return the name in a manifest; None, with a warning, if it has none."""
    manifest = seen.manifest(tag)
    try:
        document = parse_document(manifest.data) if manifest else {}
        check_type(document, NAME_TYPE)
        name = parse_name(str(document["annotations"][_NAME]))
    except (InputError, LookupError, TypeError) as error:
        log.warning("%s is not the name of a component: %s", tag, error)
        return None
    if name_tag(name) != tag.tag:
        raise OutsideError(f"{tag} is the tag of another name than {name}")
    return name
