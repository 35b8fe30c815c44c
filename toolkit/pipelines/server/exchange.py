"""The HTTP of KFP's client: its requests go out, and its answers come in, through this project's transport.

KFP's generated client waits for ever, ignores proxies, follows redirects with its cookie, and takes a login page for
an answer. It sends everything through `rest_client.pool_manager.request`; the `Pool` here stands in for that.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from toolkit.errors import RemoteError
from toolkit.http.answers import error_text
from toolkit.http.hosts import InsecureHosts
from toolkit.http.retries import ATTEMPTS
from toolkit.http.transport import Answer, HttpRequest, Transport
from toolkit.pipelines.server.endpoint import TOKEN

PLAIN_TEXT = "text/plain"
INSECURE_VARIABLE = "COMP_INSECURE_ENDPOINTS"
_LOGIN = (
    f"get a new token and name it with --token-file FILE or {TOKEN}; or set COMP_KFP_COOKIE to the browser's cookie"
)
_NOT_KFP = "name the address that has KFP's API below it: in a full Kubeflow that is https://HOST/pipeline"
# The code of gRPC for what does not exist, which KFP's server puts into its answers.
_NOT_FOUND = 5
_FIRST_ERROR, _FIRST_REDIRECT = 400, 300
_SHOWN = 80


class Response(Struct, frozen=True):
    """An answer as KFP's generated client reads it: the parts of urllib3's response that it uses."""

    answer: Answer

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.answer.status

    @property
    def reason(self) -> str:
        """The words after the status, which nothing here uses."""
        return ""

    @property
    def data(self) -> bytes:
        """The body."""
        return self.answer.body

    def getheaders(self) -> Mapping[str, str]:
        """Return all headers."""
        return self.answer.headers

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """Return one header."""
        return self.answer.headers.get(name, default)


class Pool:
    """What KFP's generated client takes for urllib3's PoolManager."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | bytes | None = None,
        fields: Sequence[Any] | None = None,
        encode_multipart: bool = False,
        **_unused: object,
    ) -> Response:
        """Send a request and return an answer of 2xx with JSON in it. Raises RemoteError for any other.

        A request that makes something is sent once: a second one would make a second run.
        """
        sent, headers = body.encode() if isinstance(body, str) else body, dict(headers)
        if encode_multipart:
            from urllib3.filepost import encode_multipart_formdata

            sent, headers["Content-Type"] = encode_multipart_formdata(fields or [])
        elif fields:
            url = f"{url}?{urlencode(fields)}"
        as_text = headers.get("Accept") == PLAIN_TEXT
        attempts = ATTEMPTS if method == "GET" and not as_text else 1
        # Redirects lead to login pages; the cookie must not go to another server.
        request = HttpRequest(method=method, url=url, headers=headers, body=sent, attempts=attempts, follow=False)
        answer = self._transport.send(request)
        check(answer, method, url, text=as_text)
        return Response(answer)


def transport_for(environ: Mapping[str, str]) -> Transport:
    """Return the transport to KFP servers: TLS and proxies as everywhere, with its own list of insecure hosts."""
    return Transport(InsecureHosts.of(environ, variable=INSECURE_VARIABLE, plain=True), environ)


def check(answer: Answer, method: str, url: str, *, text: bool = False) -> None:
    """Raise RemoteError unless an answer is the JSON of a success, or any `text` if that was asked for."""
    where = f"{method} {shown(url)}"
    if answer.status >= _FIRST_REDIRECT:
        raise _failure(answer, where)
    if _is_page(answer):
        raise RemoteError(f"{where}: expected JSON, found a web page, probably that of a login", hint=_LOGIN)
    if text:
        return
    try:
        document = json.loads(answer.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise RemoteError(f"{where}: the answer is invalid JSON: {error}", hint=_NOT_KFP) from error
    if not isinstance(document, dict):
        raise RemoteError(f"{where}: expected a JSON object, found {type(document).__name__}", hint=_NOT_KFP)


def _failure(answer: Answer, where: str) -> RemoteError:
    """Return the error for an answer that is a redirect or a refusal."""
    status, message = answer.status, _message(answer.body)
    if status < _FIRST_ERROR:
        target = shown(answer.headers.get("Location", ""))
        return RemoteError(
            f"{where}: redirected to {target or 'nowhere'}, probably a login", status=status, hint=_LOGIN
        )
    words = f": {message}" if message else ""
    if status == 401:  # noqa: PLR2004 (RFC 9110, Unauthorized)
        return RemoteError(f"{where}: the server wants a valid token (status 401{words})", status=status, hint=_LOGIN)
    if status == 403:  # noqa: PLR2004 (RFC 9110, Forbidden)
        hint = "ask who runs the server for the right, or name your own namespace with --namespace"
        return RemoteError(f"{where}: not allowed (status 403{words})", status=status, hint=hint)
    if status == 404 and not _is_missing(answer):  # noqa: PLR2004 (RFC 9110, Not Found)
        # Another status than 404, since this says nothing of what was asked for.
        return RemoteError(f"{where}: the server has no KFP API here (status 404{words})", hint=_NOT_KFP)
    return RemoteError(
        f"{where}: status {status}{words}", status=status, hint="try again, or look into the server's log"
    )


def shown(url: str) -> str:
    """Return an address for messages, without its query; as it is if it is invalid."""
    try:
        parts = urlsplit(url)
    except ValueError:
        # A server wrote it.
        return repr(url[:_SHOWN])
    return f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path


def _is_page(answer: Answer) -> bool:
    """Whether an answer is a web page, whatever its type claims."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in {"text/html", "application/xhtml+xml"} or answer.body.lstrip()[:1] == b"<"


def _is_missing(answer: Answer) -> bool:
    """Whether KFP's server itself says that something does not exist."""
    return _document(answer.body).get("code") == _NOT_FOUND


def _message(body: bytes) -> str:
    """Return the words of a refusal: KFP's server puts the code of gRPC beside them, which says no more."""
    document = _document(body)
    words = document.get("message") or document.get("error")
    return error_text(json.dumps({"message": words}).encode() if isinstance(words, str) else body)


def _document(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a refusal; empty if it has none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
