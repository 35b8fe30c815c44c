"""Sign what a build pushed."""

from typing import TYPE_CHECKING

from toolkit.errors import RemoteError
from toolkit.job.context import BuildContext
from toolkit.oci.reference import parse_reference

if TYPE_CHECKING:
    from toolkit.signing.signatures import Signer


def sign_pushed(image: str, key: "Signer", context: BuildContext) -> None:
    """Sign an image by its reference; one that the key or identity has signed already gets nothing new.

    Raises RemoteError if the server fails, or has lost the image.
    """
    from toolkit.signing.signatures import sign

    reference = parse_reference(image)
    remote = context.remote()
    subject = remote.head(reference)
    if subject is None:
        raise RemoteError(f"{reference.host} does not have {image}, which was pushed", hint="push it again")
    sign(remote, reference, subject, key)
