"""Whether an image is what it is taken for: what a policy asks for, and the one that its contract means."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from toolkit.cache.store import Cache
from toolkit.config.licenses import license_settings_of
from toolkit.config.verify import VerifySettings
from toolkit.errors import InputError, OutsideError
from toolkit.inspection import Opened, contracts_of, inspect_image, open_image
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Descriptor, Platform
from toolkit.oci.reference import Reference
from toolkit.provenance.attached import Attested, attested
from toolkit.remote.client import Remote
from toolkit.signing.bundle import Authority
from toolkit.signing.signatures import verified
from toolkit.spec.model import ComponentSpec
from toolkit.supply.contents import read_contents
from toolkit.supply.policy import judge
from toolkit.supply.rebuilding import Rebuild, build_again
from toolkit.supply.rules import Check, judge_provenance
from toolkit.words import some_of

_NO_POLICY = VerifySettings()


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
            "checks": [check.to_dict() for check in self.checks],
        }


class OnRemote(Struct, frozen=True, kw_only=True):
    """An image on its remote: opened, by its digest, and as the subject of what is attached to it."""

    opened: Opened
    reference: Reference
    subject: Descriptor


def open_on_remote(name: str, platform: Platform, context: BuildContext) -> OnRemote:
    """Open an image by its reference or by a folder. Raises InputError for one that is on no remote."""
    opened = open_image(name, platform, context)
    if opened.reference is None:
        raise InputError("this image is not on a remote", hint="push it first, and name the reference")
    subject = subject_on(context.remote(), opened.reference)
    return OnRemote(opened=opened, reference=opened.reference, subject=subject)


def verify_image(
    name: str,
    platform: Platform,
    context: BuildContext,
    keys: Sequence[Authority],
    policy: VerifySettings = _NO_POLICY,
    contracts: Sequence[ComponentSpec] = (),
    rebuild: Rebuild | None = None,
) -> Verification:
    """Verify an image on its remote by a policy, and that it has the interface of `contracts`.

    Of a component's folder or contract, these are its contracts. Every digest and size is checked on the way. `keys`
    are all that may have signed it; without any no signature is looked for. With `rebuild` it is built again, and
    compared. Raises InputError for an image that is on no remote, RemoteError if the server fails or has no such image.
    """
    image = open_on_remote(name, platform, context)
    contracts = contracts or contracts_of(name, context.environ)
    found = provenance_of(image, context, keys) if policy.needs_provenance or rebuild else ()
    # First: of layers that were just made, the content is known.
    again = build_again(image.reference, found, rebuild, context, signed=bool(keys)) if rebuild else None
    known = again.layers if again else {}
    facts = inspect_image(image.opened, packages=False, check=True, contracts=contracts, known=known)
    problems = facts.problems or ()
    checks = [
        Check(
            name="image and contract" if contracts else "image",
            passed=not problems,
            details=problems or ("every digest and size is right",),
        )
    ]
    if keys:
        checks.append(_signature(context.remote(), image, keys))
    if policy.needs_provenance:
        checks += judge_provenance(found, policy, signed=bool(keys))
    # The layers of an image with problems are not what its manifest says.
    if policy.licenses and not problems:
        checks += _licenses(name, image, context.cache)
    if again:
        checks.append(again.check)
    return Verification(reference=image.reference, checks=tuple(checks))


def provenance_of(image: OnRemote, context: BuildContext, keys: Sequence[Authority]) -> tuple[Attested, ...]:
    """Return the provenance that is attached to an image, or to the index that it was opened from."""
    return attested(context.remote(), image.reference, image.subject, keys)


def subject_on(remote: Remote, reference: Reference) -> Descriptor:
    """Return what the reference names, as the subject of signatures. Raises OutsideError without such an image."""
    subject = remote.head(reference)
    if subject is None:
        raise OutsideError(f"{reference} does not exist", hint="push it first")
    return subject


def _signature(remote: Remote, image: OnRemote, keys: Sequence[Authority]) -> Check:
    """Check that one of the keys, or identities, verifies a signature."""
    found = verified(remote, image.reference, image.subject, keys)
    if not found:
        named = " or ".join(key.name for key in keys)
        return Check(name="signature", passed=False, details=(f"no signature of {image.reference} is by {named}",))
    return Check(name="signature", passed=True, details=tuple(f"{each.form} by {each.key}" for each in found))


def _licenses(name: str, image: OnRemote, cache: Cache) -> Iterator[Check]:
    """Check the licenses of the packages by the nearest policy on them."""
    path = Path(name)
    folder = path if path.is_dir() else path.parent if path.is_file() else Path()
    settings = license_settings_of(folder)
    if settings is None:
        raise InputError(
            "the policy asks for licenses, and there is no [tool.comp.licenses]",
            hint='write allow = ["MIT", "Apache-2.0"] there',
        )
    judgement = judge(read_contents(image.opened.image, cache), settings)
    wrong = [f"{each.package.name} {each.package.version} {each.why}" for each in judgement.violations]
    yield Check(
        name="licenses", passed=not wrong, details=(f"not allowed: {some_of(wrong)}",) if wrong else ("all allowed",)
    )
