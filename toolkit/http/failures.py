"""Errors on the way to a server: one message per kind, with the server and the proxy before it."""

import ssl

from toolkit.errors import NoAnswerError, RemoteError, SlowError
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.pace import Pace
from toolkit.limits import REQUEST_TIME, TRANSFER_RATE

_PROXY = "check the proxy: HTTPS_PROXY and HTTP_PROXY name it, NO_PROXY lists the hosts that need none"


def cannot_connect(host: str, error: Exception, proxy: str | None = None) -> NoAnswerError:
    """Return the error for a server, or its proxy, that cannot be reached."""
    if is_loopback(host):
        hint = "start the server, or correct the port"
    else:
        hint = "check the host's name, the network and the proxy settings"
    through = f" through the proxy {proxy}" if proxy else ""
    return NoAnswerError(f"cannot connect to {host}{through}: {_reason(error)}", hint=_PROXY if proxy else hint)


def connection_broke(host: str, error: Exception, proxy: str | None = None) -> NoAnswerError:
    """Return the error for an answer that did not arrive whole."""
    through = f" through the proxy {proxy}" if proxy else ""
    return NoAnswerError(f"the connection to {host}{through} broke: {_reason(error)}", hint="try again")


def proxy_refused(host: str, status: int, proxy: str) -> RemoteError:
    """Return the error for a proxy that asks for credentials, or refuses the request."""
    if status == 407:  # noqa: PLR2004 (RFC 9110, Proxy Authentication Required)
        return RemoteError(
            f"the proxy {proxy} wants credentials before it connects to {host}",
            status=status,
            hint="name them in the proxy's address: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
        )
    return RemoteError(f"the proxy {proxy} does not connect to {host}: status {status}", status=status, hint=_PROXY)


def too_slow(host: str, pace: Pace, proxy: str | None = None) -> SlowError:
    """Return the error for a server, or the network before it, that took too long."""
    through = f" through the proxy {proxy}" if proxy else ""
    if pace.transferring:
        what = f"moved less than {TRANSFER_RATE.written(TRANSFER_RATE.value)}/s over {pace.seconds:.0f} seconds"
        return SlowError(
            f"the transfer with {host}{through} is too slow: it {what}",
            hint=f"try again; {REQUEST_TIME.variable} and {TRANSFER_RATE.variable} set other limits",
        )
    return SlowError(
        f"{host} gave no whole answer within {pace.seconds:.0f} seconds{through}",
        hint=f"try again; {REQUEST_TIME.variable}=… gives it more time",
    )


def refused_certificate(host: str, error: Exception, insecure: InsecureHosts) -> RemoteError:
    """Return the error for a failed TLS handshake."""
    inner = _find_tls(error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return RemoteError(
            f"the TLS certificate of {host} is not trusted: {inner.verify_message}",
            hint=f"give its CA with SSL_CERT_FILE=ca.pem, or, if you trust the network, {insecure.variable}={host}",
        )
    return RemoteError(
        f"no TLS connection to {host}: {getattr(inner, 'reason', None) or type(inner).__name__}",
        hint=f"if it speaks plain HTTP and you trust the network, list it: {insecure.variable}={host}",
    )


def _find_tls(error: BaseException) -> BaseException:
    """Return the TLS error that others wrap, or else the innermost error."""
    seen = error
    while not isinstance(seen, ssl.SSLError):
        # Some wrap an error by `raise … from`, others take it as an argument.
        following = (
            seen.__cause__
            or seen.__context__
            or next((argument for argument in seen.args if isinstance(argument, BaseException)), None)
        )
        if following is None:
            return seen
        seen = following
    return seen


def _reason(error: BaseException) -> str:
    """Return the system's words for a failure: a library's may repeat the URL, which may hold a signature."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TimeoutError):
            return "no answer in time"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        arguments = (argument for argument in seen.args if isinstance(argument, BaseException))
        seen = seen.__cause__ or seen.__context__ or next(arguments, None)
    return "the server closed it early"
