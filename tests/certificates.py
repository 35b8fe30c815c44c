"""A certificate authority of our own and a server certificate for this machine, made with openssl."""

import subprocess
from pathlib import Path

from msgspec import Struct


class Certificates(Struct, frozen=True):
    """Paths of PEM files."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a certificate for 127.0.0.1 and localhost that it signed.

    The authority has no key usage extension, like many that companies make; every Python has to accept it.
    """
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    names = folder / "names.cnf"
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    authority_key, request = str(folder / "ca.key"), str(folder / "server.csr")
    days = ["-days", "30"]
    _openssl("req", "-x509", *key, *days, "-keyout", authority_key, "-out", str(made.authority), "-subj", "/CN=Test CA")
    _openssl("req", *key, "-keyout", str(made.key), "-out", request, "-subj", "/CN=127.0.0.1")
    signer = ["-CA", str(made.authority), "-CAkey", authority_key, "-CAcreateserial", "-extfile", str(names)]
    _openssl("x509", "-req", "-in", request, *signer, *days, "-out", str(made.certificate))
    return made


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=60)
