"""The cluster's certificate authority, and what it signs for the API server and its clients."""

import subprocess
from pathlib import Path

from toolkit.errors import OutsideError
from tools.cluster.places import API_SERVICE, HOST
from tools.cluster.reporting import last_lines

_SECONDS = 60
_DAYS = "365"
_SERVER_NAMES = f"IP:{HOST},IP:127.0.0.1,IP:{API_SERVICE},DNS:kubernetes.default.svc,DNS:localhost"


def make_certificates(folder: Path) -> None:
    """Write `ca`, `server`, `admin` and `api-client` as .pem and .key, and the key of service accounts."""
    folder.mkdir(mode=0o700)
    _openssl("req", "-x509", *_new_key(folder, "ca"), "-days", _DAYS, *_out(folder, "ca"), "-subj", "/CN=comp-cluster")
    _sign(folder, "server", subject="/CN=kube-apiserver", extensions=f"subjectAltName={_SERVER_NAMES}")
    # The group that may do everything (Kubernetes, "Using RBAC Authorization", user-facing roles).
    _sign(folder, "admin", subject="/O=system:masters/CN=admin", extensions="extendedKeyUsage=clientAuth")
    # The API server shows this one to the kubelet, for logs and exec.
    _sign(folder, "api-client", subject="/CN=kube-apiserver-kubelet", extensions="extendedKeyUsage=clientAuth")
    _openssl("genrsa", "-out", str(folder / "service-accounts.key"), "2048")


def _sign(folder: Path, name: str, *, subject: str, extensions: str) -> None:
    """Make a key and a certificate for it."""
    request, extended = folder / f"{name}.csr", folder / f"{name}.cnf"
    extended.write_text(f"{extensions}\n")
    _openssl("req", *_new_key(folder, name), "-out", str(request), "-subj", subject)
    signer = ("-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"), "-CAcreateserial")
    _openssl(
        *("x509", "-req", "-in", str(request), *signer, "-extfile", str(extended), "-days", _DAYS),
        *_out(folder, name),
    )


def _new_key(folder: Path, name: str) -> tuple[str, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    return (*curve, "-keyout", str(folder / f"{name}.key"))


def _out(folder: Path, name: str) -> tuple[str, str]:
    return ("-out", str(folder / f"{name}.pem"))


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=_SECONDS)
    if done.returncode:
        raise OutsideError(f"`openssl {arguments[0]}` failed:\n{last_lines(done.stderr)}")
