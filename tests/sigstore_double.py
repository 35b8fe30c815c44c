"""A Sigstore on loopback: Fulcio, which gives certificates to tokens, and Rekor, the log, with keys of its own.

Fulcio's API v2 (`signingCert`, with an SCT in the certificate: RFC 6962, section 3.3), Rekor's API v1 (`log/entries` of
the kind dsse, in a log of two entries each), and the client trust config of both. Strict: what is not signed right is
refused, a token is not.
"""

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct, field

from toolkit.digest import canonical_json
from toolkit.signing.dsse import pre_authentication

_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ISSUER_2 = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_SCTS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_HOUR = timedelta(hours=1)
_SHA256 = ec.ECDSA(hashes.SHA256())


def token_of(identity: str, issuer: str, *, minutes: int = 5, audience: str = "sigstore") -> str:
    """Return a token of an identity, signed by none: clients pass it on, and Fulcio here believes it."""
    now = datetime.now(UTC)
    claims: dict[str, str | int] = {"iss": issuer, "sub": identity, "email": identity, "aud": audience}
    claims["iat"] = int((now - _HOUR).timestamp())
    claims["exp"] = int((now + timedelta(minutes=minutes)).timestamp())
    parts = ({"alg": "ES256", "typ": "JWT"}, claims)
    words = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*words, "bm9uZQ"])


class SigstoreDouble(Struct):
    """The keys, and the answers; `refuses` answers every request with 403. `entries` are what the log was given."""

    ca: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    ct: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    rekor: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    root: x509.Certificate | None = None
    refuses: bool = False
    entries: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def certificate(self, request: x509.CertificateSigningRequest, identity: str, issuer: str) -> x509.Certificate:
        """Return a certificate of ten minutes for an identity, with the promise of the certificates' log in it."""
        now = datetime.now(UTC)
        key = request.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        name: x509.GeneralName = (
            x509.UniformResourceIdentifier(identity) if "://" in identity else x509.RFC822Name(identity)
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.authority().subject)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(minutes=10))
            .add_extension(_usage(signs=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([name]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER, issuer.encode()), critical=False)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_2, _der(0x0C, issuer.encode())), critical=False)
        )
        before = builder.sign(self.ca, hashes.SHA256())
        promise = x509.UnrecognizedExtension(_SCTS, _der(0x04, self._promise(before, now)))
        return builder.add_extension(promise, critical=False).sign(self.ca, hashes.SHA256())

    def authority(self) -> x509.Certificate:
        """Return the certificate of the authority."""
        if self.root is None:
            now = datetime.now(UTC)
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "double")])
            self.root = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(name)
                .public_key(self.ca.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - 24 * _HOUR)
                .not_valid_after(now + 24 * _HOUR)
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(_usage(signs=False), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.ca.public_key()), critical=False)
                .sign(self.ca, hashes.SHA256())
            )
        return self.root

    def _promise(self, certificate: x509.Certificate, now: datetime) -> bytes:
        """Return a list of one signed certificate timestamp (RFC 6962, sections 3.2 and 3.3)."""
        moment = struct.pack("!Q", int(now.timestamp() * 1000))
        tbs = certificate.tbs_certificate_bytes
        entry = _key_id(self.ca) + len(tbs).to_bytes(3, "big") + tbs
        signature = self.ct.sign(b"\0\0" + moment + b"\0\1" + entry + b"\0\0", _SHA256)
        one = b"\0" + _key_id(self.ct) + moment + b"\0\0" + b"\4\3" + _counted(signature)
        return _counted(_counted(one))

    def entry(self, envelope: dict[str, Any], verifier: str) -> dict[str, Any]:
        """Return the log's entry for an envelope. Raises if the certificate did not sign it."""
        payload, (signature,) = base64.b64decode(envelope["payload"]), envelope["signatures"]
        key = x509.load_pem_x509_certificate(base64.b64decode(verifier)).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(base64.b64decode(signature["sig"]), pre_authentication(envelope["payloadType"], payload), _SHA256)
        spec = {
            "envelopeHash": {"algorithm": "sha256", "value": hashlib.sha256(json.dumps(envelope).encode()).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
            "signatures": [{"signature": signature["sig"], "verifier": verifier}],
        }
        body = canonical_json({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        made = {
            "body": base64.b64encode(body).decode(),
            "integratedTime": int(datetime.now(UTC).timestamp()),
            "logID": _key_id(self.rekor).hex(),
            "logIndex": 1,
        }
        # The second entry of a log that begins with another one (RFC 6962, section 2.1).
        first, leaf = hashlib.sha256(b"\0first").digest(), hashlib.sha256(b"\0" + body).digest()
        root = hashlib.sha256(b"\1" + first + leaf).digest()
        proof = {"logIndex": 1, "rootHash": root.hex(), "treeSize": 2, "hashes": [first.hex()]}
        proof["checkpoint"] = self._note(root)
        promise = base64.b64encode(self.rekor.sign(canonical_json(made), _SHA256)).decode()
        self.entries.append(envelope)
        return {root.hex(): made | {"verification": {"inclusionProof": proof, "signedEntryTimestamp": promise}}}

    def _note(self, root: bytes) -> str:
        """Return the signed root of the log (C2SP, "signed-note" and "tlog-checkpoint")."""
        text = f"double - 1\n2\n{base64.b64encode(root).decode()}\n"
        signed = _key_id(self.rekor)[:4] + self.rekor.sign(text.encode(), _SHA256)
        return f"{text}\n\N{EM DASH} double {base64.b64encode(signed).decode()}\n"

    def answer(self, path: str, body: dict[str, Any], authorization: str) -> dict[str, Any] | None:
        """Return the answer to a request, None for an unknown path."""
        if path == "/api/v2/signingCert":
            token = authorization.removeprefix("Bearer ").split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(token + "=="))
            request = x509.load_pem_x509_csr(base64.b64decode(body["certificateSigningRequest"]))
            chain = [self.certificate(request, claims["sub"], claims["iss"]), self.authority()]
            pem = [each.public_bytes(Encoding.PEM).decode() for each in chain]
            return {"signedCertificateEmbeddedSct": {"chain": {"certificates": pem}}}
        if path == "/api/v1/log/entries":
            proposed = body["spec"]["proposedContent"]
            return self.entry(json.loads(proposed["envelope"]), proposed["verifiers"][0])
        return None

    def trusted_root(self) -> dict[str, Any]:
        """Return the trusted root of this Sigstore."""
        certificate = base64.b64encode(self.authority().public_bytes(Encoding.DER)).decode()
        authority = {
            "subject": {"organization": "double", "commonName": "double"},
            "uri": self.url,
            "certChain": {"certificates": [{"rawBytes": certificate}]},
            "validFor": {"start": "2020-01-01T00:00:00.000Z"},
        }
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self.rekor, self.url)],
            "ctlogs": [_log(self.ct, self.url)],
            "certificateAuthorities": [authority],
            "timestampAuthorities": [],
        }

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def write_trust(self, folder: Path) -> tuple[Path, Path]:
        """Write the client trust config and the trusted root, and return their paths."""
        service = {
            "url": self.url,
            "majorApiVersion": 1,
            "operator": "double",
            "validFor": {"start": "2020-01-01T00:00:00.000Z"},
        }
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [service],
            "rekorTlogUrls": [service],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaUrls": [],
        }
        config, root = folder / "trust-config.json", folder / "trusted-root.json"
        media = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        document = {"mediaType": media, "trustedRoot": self.trusted_root(), "signingConfig": signing}
        config.write_text(json.dumps(document))
        root.write_text(json.dumps(self.trusted_root()))
        return config, root


@contextmanager
def serving_sigstore() -> Iterator[SigstoreDouble]:
    """Serve a Sigstore while the block runs."""
    double = SigstoreDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = 403, None
            if not double.refuses:
                answer = double.answer(self.path, body, self.headers.get("Authorization", ""))
                # Rekor makes an entry, and Fulcio says nothing of the kind.
                made = 201 if self.path.endswith("/entries") else 200
                status = made if answer else 404
            data = json.dumps(answer or {}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if status == 201 and answer:
                self.send_header("ETag", next(iter(answer)))
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        double.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield double
        finally:
            server.shutdown()
            thread.join()


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a public key in DER."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return what logs are known by."""
    return hashlib.sha256(_spki(key)).digest()


def _log(key: ec.EllipticCurvePrivateKey, url: str) -> dict[str, Any]:
    """Return a log of the trusted root."""
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64.b64encode(_spki(key)).decode(),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00.000Z"},
        },
        "logId": {"keyId": base64.b64encode(_key_id(key)).decode()},
    }


def _usage(*, signs: bool) -> x509.KeyUsage:
    """Return the usage of a key: for signatures, or for certificates."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _counted(data: bytes) -> bytes:
    """Return data after its length in two bytes (RFC 8446, section 3.4)."""
    return struct.pack("!H", len(data)) + data


def _der(tag: int, data: bytes) -> bytes:
    """Return a primitive value of ASN.1 in DER."""
    length = len(data)
    if length < 0x80:
        return bytes([tag, length]) + data
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + data
