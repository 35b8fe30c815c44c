"""SBOMs beside the image that they are of, on its remote."""

from toolkit.errors import UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.reference import Reference
from toolkit.remote.attaching import Attachment
from toolkit.supply.reading import ReadImage

# The media types that IANA has for them, by which other tools find them.
_TYPES = {"cyclonedx": "application/vnd.cyclonedx+json", "spdx": "application/spdx+json"}


def attach_sbom(read: ReadImage, document: bytes, form: str, context: BuildContext) -> Reference:
    """Attach an SBOM to its image, and return the reference of the manifest that holds it.

    Raises UsageError for an image that is on no remote, and as `Remote.attach` does.
    """
    if read.reference is None:
        raise UsageError(
            "this image is not on a remote, so that nothing can be attached to it",
            hint="push it first, and name the reference",
        )
    attachment = Attachment(data=document, media_type=_TYPES[form], artifact_type=_TYPES[form], annotations={})
    digest = context.remote().attach(read.reference, read.image.descriptor, attachment)
    return read.reference.with_digest(digest)
