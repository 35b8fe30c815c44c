"""The trusted certificates: the system's, and those that the user's variables add."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from toolkit.errors import InputError
from toolkit.http.pace import PacedTls

# Debian and Alpine, Fedora and its relatives, the BSDs and macOS.
_CA_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def trust(environ: Mapping[str, str], *, verify: bool = True) -> ssl.SSLContext:
    """Return a TLS context that trusts the system's certificates and those of `SSL_CERT_FILE` and `SSL_CERT_DIR`.

    Raises InputError if the file has no certificates.
    """
    context = ssl.create_default_context()
    context.sslsocket_class = PacedTls
    # Python 3.13 and later also refuse authorities without a key usage extension. Companies have such authorities, and
    # a server must not become unreachable with another Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    file, folder = environ.get("SSL_CERT_FILE"), environ.get("SSL_CERT_DIR")
    if not file and not folder and not context.cert_store_stats()["x509_ca"]:
        # An interpreter that was built elsewhere may look for the system's certificates in other places.
        file = next((path for path in _CA_BUNDLES if Path(path).is_file()), None)
    if file:
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:
            raise InputError(
                f"SSL_CERT_FILE names {file}, which has no certificates that can be read: {error.strerror or error}",
                hint="name a file with PEM certificates, or unset it",
            ) from error
    if folder:
        context.load_verify_locations(capath=folder)
    return context
