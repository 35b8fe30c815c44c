"""The image of a contract on its remote: whether it is there, and the digest that a tag names."""

from collections.abc import Callable, Mapping

from toolkit.errors import InputError, RemoteError
from toolkit.oci.reference import parse_reference
from toolkit.registry.publishing.candidate import Candidate
from toolkit.remote.client import Remote
from toolkit.spec.pin import image_location, pin_image
from toolkit.spec.reader import ComponentDocument, parse_document

_NO_CHECK = "--no-image-check publishes without asking"


class Images:
    """What the remotes of images say; each is asked once about an image."""

    def __init__(self, environ: Mapping[str, str], *, remote: Callable[[], Remote] | None = None) -> None:
        self._remote_of = remote or (lambda: Remote(environ=environ))
        self._remote: Remote | None = None
        self._digests: dict[str, str | RemoteError | None] = {}

    def digest(self, image: str) -> str | None:
        """Return the digest of what a reference names now; None if its remote does not have it.

        Raises InputError for an invalid reference, RemoteError if the remote does not answer or refuses.
        """
        if image not in self._digests:
            self._digests[image] = self._ask(image)
        known = self._digests[image]
        if isinstance(known, RemoteError):
            raise known
        return known

    def check(self, candidate: Candidate) -> None:
        """Raise InputError if the remote of a release's image does not have it, RemoteError if it does not say."""
        image, document = candidate.release.image, candidate.document
        try:
            missing = self.digest(image) is None
        except RemoteError as error:
            hint = f"{error.hint}; {_NO_CHECK}" if error.hint else _NO_CHECK
            raise RemoteError(
                f"cannot see whether {image} is there: {error.message}", status=error.status, hint=hint
            ) from error
        if missing:
            raise InputError(
                f"the image {image} is not on its remote",
                where=image_location(document.text, document.path),
                hint=f"`comp build --push` puts it there; {_NO_CHECK}",
            )

    def pinned(self, document: ComponentDocument) -> ComponentDocument:
        """Return a contract with its image pinned to the digest that its tag names now. Raises as `digest` does."""
        image = document.spec.container.image
        digest = self.digest(image)
        if digest is None:
            raise InputError(
                f"the image {image} is not on its remote",
                where=image_location(document.text, document.path),
                hint="without it the component cannot run; --allow-tags publishes the contract as it is",
            )
        # The tag stays, since it says what the digest does not: which version it is.
        return parse_document(pin_image(document.text, f"{image}@{digest}", document.path), document.path)

    def _ask(self, image: str) -> str | RemoteError | None:
        """Ask the remote of an image."""
        reference = parse_reference(image)
        self._remote = self._remote or self._remote_of()
        try:
            described = self._remote.head(reference)
        except RemoteError as error:
            return error
        return str(described.digest) if described else None
