"""Keyless signatures by `sigstore`, an optional extra: a certificate for minutes, for an identity, and a public log.

Fulcio, the certificate authority, writes the identity of a token into the certificate; Rekor, the log, shows that the
signature was made while it was valid. cosign's specification "Keyless signatures", sigstore's bundle v0.3.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from toolkit.digest import canonical_json
from toolkit.errors import CompError, InputError, Location, OutsideError, UsageError
from toolkit.limits import RECORD_SIZE
from toolkit.redaction import learn
from toolkit.selective import Selective
from toolkit.signing.dsse import PAYLOAD_TYPE
from toolkit.system.reading import read_foreign

if TYPE_CHECKING:
    from sigstore.models import ClientTrustConfig, TrustedRoot
    from sigstore.oidc import IdentityToken
    from sigstore.verify import Verifier

log = logging.getLogger(__name__)

# cosign's variable; GitLab sets it by `id_tokens` in a job.
TOKEN = "SIGSTORE_ID_TOKEN"  # noqa: S105 (a name)
_CONFIG = "application/vnd.dev.sigstore.clienttrustconfig."


class CertificateIdentity(Struct, frozen=True, kw_only=True):
    """Who may have signed: an `identity` such as an email or a workflow's address, as its `issuer` vouches for it.

    `trusted_root` is the file of another Sigstore than the public one, its trusted root or client trust config.
    """

    identity: str
    issuer: str
    trusted_root: Path | None = None

    @property
    def name(self) -> str:
        """The name in messages."""
        return f"{self.identity} ({self.issuer})"

    def payload(self, bundle: bytes) -> bytes | None:
        """Return the statement that a bundle signs; None if the signature is not this identity's, or is wrong.

        Raises UsageError without the extra, OutsideError if the trusted root cannot be had.
        """
        _require_library()
        verifier = _verifier(self.trusted_root)
        from sigstore.errors import Error as SigstoreError
        from sigstore.models import Bundle
        from sigstore.verify.policy import Identity

        try:
            policy = Identity(identity=self.identity, issuer=self.issuer)
            kind, payload = verifier.verify_dsse(Bundle.from_json(bundle), policy)
        # The library lets errors of its parsers through.
        except (SigstoreError, ValueError, TypeError, LookupError, AttributeError) as error:
            # One of several identities is enough, so that this is no news yet.
            log.debug("not signed by %s: %s", self.name, " ".join(str(error).split())[:300])
            return None
        return payload if kind == PAYLOAD_TYPE else None


class KeylessSigner(Selective, frozen=True, kw_only=True):
    """An identity to sign with, by its token; `trust_config` is the file of another Sigstore than the public one.

    `renew` returns another token when that one has expired, None if there is none to be had.
    """

    HIDDEN = frozenset({"token", "renew"})

    token: str
    trust_config: Path | None = None
    renew: Callable[[], str | None] = lambda: None

    @property
    def public(self) -> CertificateIdentity:
        """What its signatures are verified with. Raises InputError for a token that is none, or has expired."""
        token = self._valid_token()
        return CertificateIdentity(
            identity=token.identity, issuer=token.federated_issuer, trusted_root=self.trust_config
        )

    def bundle(self, payload: bytes) -> bytes:
        """Sign a statement; return the bundle. The signature and the identity go to the log, for good.

        Raises InputError for a token that is none, OutsideError if Sigstore cannot be reached or refuses.
        """
        token = self._valid_token()
        from sigstore.dsse import Statement
        from sigstore.sign import SigningContext

        statement = Statement(_named(payload))
        with _outside("Sigstore did not sign"):
            context = SigningContext.from_trust_config(_trust_config(self.trust_config))
            with context.signer(token) as signer:
                return signer.sign_dsse(statement).to_json().encode()

    def _valid_token(self) -> "IdentityToken":
        """Return the token, or a new one. Raises InputError without a valid one."""
        try:
            return _identity_token(self.token)
        except InputError:
            if (again := self.renew()) is None:
                raise
            return _identity_token(again)


def ambient_token(environ: Mapping[str, str]) -> str | None:
    """Return the token of the CI that this runs in, or of `SIGSTORE_ID_TOKEN`; None outside of any that gives tokens.

    Raises UsageError without the extra, OutsideError for a CI that refuses.
    """
    _require_library()
    if given := environ.get(TOKEN):
        learn(given)
        return given
    from sigstore.errors import Error as SigstoreError
    from sigstore.oidc import detect_credential

    try:
        token = detect_credential()
    except SigstoreError as error:
        raise OutsideError(
            f"this CI gives no identity token: {str(error) or type(error).__name__}",
            hint="a job of GitHub needs `permissions: id-token: write`",
        ) from error
    if token:
        learn(token)
    return token


def asked_token(trust_config: Path | None) -> str:
    """Let the user log in with a browser, and return the token. Raises OutsideError if that fails."""
    _require_library()
    from sigstore.oidc import Issuer

    with _outside("the login failed"):
        token = str(Issuer(_trust_config(trust_config).signing_config.get_oidc_url()).identity_token())
    learn(token)
    return token


def _named(payload: bytes) -> bytes:
    """Return a statement whose subjects have names, which the library wants.

    `_` stands for a name that means nothing (in-toto attestation, Statement v1, `subject[*].name`).
    """
    document = json.loads(payload)
    document["subject"] = [{"name": "_", **subject} for subject in document["subject"]]
    return canonical_json(document)


def _identity_token(text: str) -> "IdentityToken":
    """Return a token. Raises InputError for what is none, and for one that has expired."""
    _require_library()
    from sigstore.errors import Error as SigstoreError
    from sigstore.oidc import IdentityToken

    try:
        return IdentityToken(text)
    except SigstoreError as error:
        raise InputError(
            f"the identity token cannot be used: {error}",
            hint="tokens are valid for minutes, and have to be made for the audience `sigstore`",
        ) from error


@lru_cache(maxsize=8)
def _verifier(path: Path | None) -> "Verifier":
    """Return what verifies against a trusted root."""
    from sigstore.verify import Verifier

    return Verifier(trusted_root=_trusted_root(path))


def _trusted_root(path: Path | None) -> "TrustedRoot":
    """Return the trusted root of a file, or of the public Sigstore."""
    if path is None:
        return _trust_config(None).trusted_root
    from sigstore.errors import Error as SigstoreError
    from sigstore.models import ClientTrustConfig, TrustedRoot

    data = _read(path)
    try:
        if str(json.loads(data).get("mediaType")).startswith(_CONFIG):
            return ClientTrustConfig.from_json(data.decode()).trusted_root
        return TrustedRoot.from_file(str(path))
    except (SigstoreError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise InputError(
            f"not a trusted root of Sigstore: {' '.join(str(error).split())[:200]}", where=Location(path=path)
        ) from error


def _trust_config(path: Path | None) -> "ClientTrustConfig":
    """Return the servers and the trusted root of a Sigstore; of the public one, if need be, those of the library."""
    from sigstore.errors import Error as SigstoreError
    from sigstore.models import ClientTrustConfig

    # They warn of each use without a network and of each try, which is said below in one line.
    for name in ("sigstore", "urllib3"):
        logging.getLogger(name).setLevel(logging.ERROR)
    if path is not None:
        try:
            return ClientTrustConfig.from_json(_read(path).decode())
        except (SigstoreError, ValueError, TypeError, LookupError, AttributeError) as error:
            problem = f"not a client trust config of Sigstore: {' '.join(str(error).split())[:200]}"
            raise InputError(problem, where=Location(path=path)) from error
    with _outside("the trusted root of Sigstore cannot be had"):
        try:
            return ClientTrustConfig.production()
        except SigstoreError as error:
            log.warning("using the trusted root that `sigstore` brings along: %s", error)
            return ClientTrustConfig.production(offline=True)


def _read(path: Path) -> bytes:
    """Read a file of Sigstore's."""
    try:
        return read_foreign(path, RECORD_SIZE)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


@contextmanager
def _outside(what: str) -> Iterator[None]:
    """Turn every failure of the library to do a thing outside of this machine into one kind of error."""
    try:
        yield
    except CompError:
        raise
    # Its clients raise what their own libraries raise, and more than one of them.
    except Exception as error:
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise OutsideError(
            f"{what}: {reason}", hint="Sigstore's servers have to be reachable; see https://status.sigstore.dev"
        ) from error


def _require_library() -> None:
    """Raise UsageError unless the extra is installed."""
    try:
        import sigstore  # noqa: F401 (its parts are imported where they are used)
    except ImportError:
        raise UsageError(
            "keyless signatures need the package sigstore", hint='pip install "comp-toolkit[keyless]"'
        ) from None
