"""The digest that the tag of a base has now: asked for once in a command, so that all builds have the same base.

Free of heavy imports, since a build without changes asks too.
"""

from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.job.context import BuildContext
from toolkit.oci.reference import Reference
from toolkit.remote.probe import digest_of

_HINT = "without access to a remote: export COMP_BASE=$(comp base) makes one from Debian packages"


def digest_now(reference: Reference, context: BuildContext, *, quick: bool = False) -> Digest:
    """Return the digest that a reference has on its remote. Raises OutsideError for a missing one.

    If the caller probably needs no client for anything else, `quick` tries without it first.
    """

    def asked() -> Digest:
        """Ask the remote."""
        found = digest_of(reference, environ=context.environ) if quick else None
        return found or _asked_by_client(reference, context)

    return context.shared.get(("tag", reference), asked)


def _asked_by_client(reference: Reference, context: BuildContext) -> Digest:
    """Ask by the client, which can answer a challenge and knows every error."""
    try:
        described = context.remote().head(reference)
    except OutsideError as error:
        raise OutsideError(f"cannot look for the base {reference.familiar}", hint=_HINT) from error
    if described is None:
        raise OutsideError(f"there is no base image {reference.familiar}", hint=f"check its name and tag; {_HINT}")
    return described.digest
