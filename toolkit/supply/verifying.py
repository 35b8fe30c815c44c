"""Whether an image is what it is taken for: signed by a key that one trusts, and the one that its contract means."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from toolkit.errors import InputError, OutsideError
from toolkit.inspection import contracts_of, inspect_image, open_image
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Descriptor, Platform
from toolkit.oci.reference import Reference
from toolkit.remote.client import Remote
from toolkit.signing.keys import PublicKey
from toolkit.signing.signatures import verified


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was verified; `details` say what was found, as sentences or words for people."""

    name: str
    passed: bool
    details: tuple[str, ...]


class Verification(Struct, frozen=True, kw_only=True):
    """An image by its digest, and all that was verified of it."""

    reference: Reference
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def to_dict(self) -> Mapping[str, object]:
        """Return it as JSON data."""
        return {
            "image": str(self.reference),
            "passed": self.passed,
            "checks": [
                {"name": check.name, "passed": check.passed, "details": list(check.details)} for check in self.checks
            ],
        }


def verify_image(name: str, platform: Platform, context: BuildContext, keys: Sequence[PublicKey]) -> Verification:
    """Verify an image on its remote; of a component's folder or contract also that the image has its interface.

    Every digest and size is checked on the way. Without keys no signature is looked for. Raises InputError for an image
    that is on no remote, RemoteError if the server fails or has no such image.
    """
    opened = open_image(name, platform, context)
    if opened.reference is None:
        raise InputError("this image is not on a remote", hint="push it first, and name the reference")
    contracts = contracts_of(name, context.environ)
    facts = inspect_image(opened, packages=False, check=True, contracts=contracts)
    problems = facts.problems or ()
    checks = [
        Check(
            name="image and contract" if contracts else "image",
            passed=not problems,
            details=problems or ("every digest and size is right",),
        )
    ]
    if keys:
        checks.append(_signature(context.remote(), opened.reference, keys))
    return Verification(reference=opened.reference, checks=tuple(checks))


def subject_on(remote: Remote, reference: Reference) -> Descriptor:
    """Return what the reference names, as the subject of signatures. Raises OutsideError without such an image."""
    subject = remote.head(reference)
    if subject is None:
        raise OutsideError(f"{reference} does not exist", hint="push it first")
    return subject


def _signature(remote: Remote, reference: Reference, keys: Sequence[PublicKey]) -> Check:
    """Check that one of the keys verifies a signature."""
    found = verified(remote, reference, subject_on(remote, reference), keys)
    if not found:
        named = " or ".join(key.name for key in keys)
        return Check(name="signature", passed=False, details=(f"no signature of {reference} is by {named}",))
    return Check(name="signature", passed=True, details=tuple(f"{each.form} by {each.key}" for each in found))
