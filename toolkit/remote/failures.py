"""What a failure of a remote is called: one message per kind, naming the server, with advice."""

import json
import ssl
from typing import Any

from toolkit.errors import RemoteError
from toolkit.remote.hosts import INSECURE_VARIABLE, is_loopback

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
_SERVER_FAULT = 500
_MAX_DETAIL = 300


def cannot_connect(host: str, error: Exception) -> RemoteError:
    """Nobody answers."""
    if is_loopback(host):
        hint = "start the server, or correct the port"
    else:
        hint = "check the host's name, the network and the proxy settings"
    return RemoteError(f"cannot connect to {host}: {_reason(error)}", hint=hint)


def connection_broke(host: str, error: Exception) -> RemoteError:
    """The answer did not come, or not all of it."""
    return RemoteError(f"the connection to {host} broke: {_reason(error)}", hint="try again")


def refused_certificate(host: str, error: Exception) -> RemoteError:
    """TLS did not come about."""
    inner = _find_tls(error)
    if isinstance(inner, ssl.SSLCertVerificationError):
        return RemoteError(
            f"the TLS certificate of {host} is not trusted: {inner.verify_message}",
            hint=f"give its CA with SSL_CERT_FILE=ca.pem, or, if you trust the network, {INSECURE_VARIABLE}={host}",
        )
    return RemoteError(
        f"no TLS connection to {host}: {getattr(inner, 'reason', None) or type(inner).__name__}",
        hint=f"if it speaks plain HTTP and you trust the network, list it: {INSECURE_VARIABLE}={host}",
    )


def refused(host: str, status: int, body: bytes, *, what: str, attempts: int, credentials: str) -> RemoteError:
    """An answer with an error status; `credentials` says which were used or where they were looked for."""
    detail = server_says(body)
    said = f": {detail}" if detail else ""
    if status == UNAUTHORIZED:
        return RemoteError(
            f"{host} wants other credentials ({what}){said}",
            status=status,
            hint=f"log in with `docker login {host}`; {credentials}",
        )
    if status == FORBIDDEN:
        return RemoteError(
            f"{host} does not allow it ({what}){said}",
            status=status,
            hint=f"ask for access, or log in as another user with `docker login {host}`; {credentials}",
        )
    if status == NOT_FOUND:
        return RemoteError(f"{host} does not have it ({what}){said}", status=status, hint="check name, tag and digest")
    if status == TOO_MANY:
        return RemoteError(
            f"{host} limits the rate of requests ({what}), after {attempts} attempts{said}",
            status=status,
            hint=f"try later; logged-in users often have a higher limit: `docker login {host}`",
        )
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    return RemoteError(
        f"{host} answers {status}{tried} ({what}){said}",
        status=status,
        hint="the server has a problem; try again later" if status >= _SERVER_FAULT else None,
    )


def server_says(body: bytes) -> str:
    """Read the error document of a distribution server, shortened, on one line; empty when there is none."""
    try:
        errors: Any = json.loads(body)["errors"]
        texts = [": ".join(str(error[key]) for key in ("code", "message") if error.get(key)) for error in errors]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    line = " ".join("; ".join(texts).split())
    return "".join(character for character in line if character.isprintable())[:_MAX_DETAIL]


def _find_tls(error: BaseException) -> BaseException:
    seen = error
    while not isinstance(seen, ssl.SSLError):
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
    """Say it in the system's words: urllib3's own repeat the URL, which may hold a signature."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, TimeoutError):
            return "no answer in time"
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        arguments = (argument for argument in seen.args if isinstance(argument, BaseException))
        seen = seen.__cause__ or seen.__context__ or next(arguments, None)
    names = {"ReadTimeoutError": "no answer in time", "ConnectTimeoutError": "no answer in time"}
    return names.get(type(error).__name__, "the server closed it early")
