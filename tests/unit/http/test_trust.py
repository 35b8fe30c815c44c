import ssl
from pathlib import Path

import pytest

from tests.certificates import make_certificates
from toolkit.errors import InputError
from toolkit.http.pace import PacedTls
from toolkit.http.trust import trust


def test_the_users_authority_is_added(tmp_path: Path) -> None:
    authority = make_certificates(tmp_path).authority
    context = trust({"SSL_CERT_FILE": str(authority)})
    assert "Test CA" in str(context.get_ca_certs())
    assert (context.verify_mode, context.sslsocket_class) == (ssl.CERT_REQUIRED, PacedTls)


def test_a_listed_host_is_not_verified() -> None:
    context = trust({"SSL_CERT_FILE": "/missing"}, verify=False)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_file_without_certificates_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=f"SSL_CERT_FILE names {path}") as caught:
        trust({"SSL_CERT_FILE": str(path)})
    assert "PEM" in str(caught.value.hint)
