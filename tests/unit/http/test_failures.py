import errno
import ssl

import pytest

from toolkit.errors import SlowError
from toolkit.http.failures import cannot_connect, connection_broke, proxy_refused, refused_certificate, too_slow
from toolkit.http.hosts import InsecureHosts
from toolkit.http.pace import Pace

HOST, PROXY = "registry.example.com", "proxy.example.com:3128"


@pytest.mark.parametrize(
    ("host", "proxy", "message", "hint"),
    [
        (HOST, None, f"cannot connect to {HOST}: refused", "the network"),
        ("127.0.0.1:5000", None, "cannot connect to 127.0.0.1:5000: refused", "start the server"),
        (HOST, PROXY, f"cannot connect to {HOST} through the proxy {PROXY}: refused", "HTTPS_PROXY"),
    ],
)
def test_a_host_that_does_not_answer(host: str, proxy: str | None, message: str, hint: str) -> None:
    failure = cannot_connect(host, OSError(errno.ECONNREFUSED, "refused"), proxy)
    assert (failure.message, failure.status) == (message, 0)
    assert hint in str(failure.hint)


def test_the_reason_is_the_systems_and_never_the_address() -> None:
    inner = OSError(errno.ECONNRESET, "reset by peer")
    wrapped = ValueError(f"https://{HOST}/?signature=x failed", inner)
    assert connection_broke(HOST, wrapped).message == f"the connection to {HOST} broke: reset by peer"
    assert connection_broke(HOST, TimeoutError()).message.endswith("broke: no answer in time")
    assert connection_broke(HOST, ValueError("https://x")).message.endswith("broke: the server closed it early")


def test_a_proxy_that_wants_credentials_has_its_own_message() -> None:
    asks = proxy_refused(HOST, 407, PROXY)
    assert asks.message == f"the proxy {PROXY} wants credentials before it connects to {HOST}"
    assert "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT" in str(asks.hint)
    refuses = proxy_refused(HOST, 403, PROXY)
    assert (refuses.message, refuses.status) == (f"the proxy {PROXY} does not connect to {HOST}: status 403", 403)


def test_a_slow_answer_and_a_slow_transfer_name_the_limits() -> None:
    answer, transfer = too_slow(HOST, Pace(seconds=3)), too_slow(HOST, Pace(seconds=3, streamed=True), PROXY)
    assert isinstance(answer, SlowError)
    assert answer.message == f"{HOST} gave no whole answer within 3 seconds"
    assert f"the transfer with {HOST} through the proxy {PROXY} is too slow: " in transfer.message
    assert "COMP_LIMIT_" in str(answer.hint)


def test_a_certificate_and_a_host_without_tls_have_their_own_messages() -> None:
    insecure = InsecureHosts.of({})
    untrusted = ssl.SSLCertVerificationError(1, "x")
    untrusted.verify_message = "self-signed certificate"
    outer = OSError("wrapped")
    outer.__cause__ = untrusted
    failure = refused_certificate(HOST, outer, insecure)
    assert failure.message == f"the TLS certificate of {HOST} is not trusted: self-signed certificate"
    assert f"COMP_INSECURE_REGISTRIES={HOST}" in str(failure.hint)
    plain = refused_certificate(HOST, ssl.SSLError(1, "wrong version"), insecure)
    assert plain.message.startswith(f"no TLS connection to {HOST}: ")
