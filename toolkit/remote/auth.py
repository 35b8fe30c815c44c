"""Answers to `WWW-Authenticate`: Basic, and Bearer with tokens from the server that the challenge names.

Follows RFC 9110, section 11, and the distribution project's token and OAuth 2 specifications. Tokens are kept per host
and scopes while they are valid; nothing is sent to a server before it asks.
"""

import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

from msgspec import Struct

from toolkit.errors import OutsideError, RemoteError
from toolkit.http.answers import error_text, invalid, read_json, read_url, reading
from toolkit.http.hosts import InsecureHosts
from toolkit.http.logins import basic
from toolkit.http.transport import Answer, HttpRequest
from toolkit.redaction import learn
from toolkit.remote.credentials import Credential, CredentialFiles

log = logging.getLogger(__name__)

CLIENT_ID = "comp"
TOKEN_HOSTS = "COMP_TOKEN_HOSTS"  # noqa: S105 (a variable's name)
# The specification's default, and the least that clients have to assume.
_LEAST_SECONDS = 60
_OK = 200
_REFUSED = {400, 401, 403}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's word for a word)
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|,|$)")


class Challenge(Struct, frozen=True, kw_only=True):
    """One way to authenticate that a server offers; scheme and names of parameters are in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Return all challenges of a `WWW-Authenticate` header, up to the first that cannot be read."""
    # Commas separate both challenges and the parameters of one (RFC 9110, section 11.6.1), so a split at commas fails.
    challenges = []
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters = {}
        while parameter := _PARAMETER.match(header, position):
            name, quoted, token = parameter.groups()
            parameters[name.lower()] = token if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            position = parameter.end()
        challenges.append(Challenge(scheme=match[1].lower(), parameters=parameters))
    return tuple(challenges)


class _Kept(Struct, frozen=True, kw_only=True):
    """A value for `Authorization`, and the monotonic time until which to send it."""

    header: str
    until: float


class Authenticator:
    """Finds the values of `Authorization`, and learns from challenges. Safe to share between threads."""

    def __init__(
        self,
        credentials: CredentialFiles,
        insecure: InsecureHosts,
        send: Callable[[HttpRequest], Answer],
        origin: Callable[[str], str],
        environ: Mapping[str, str],
    ) -> None:
        self._credentials = credentials
        self._insecure = insecure
        self._send = send
        self._origin = origin
        # Set but empty, the variable forbids every other host; unset, it forbids none, as docker.
        listed = environ.get(TOKEN_HOSTS)
        self._token_hosts = None if listed is None else frozenset(re.split(r"[,\s]+", listed.lower()))
        self._lock = threading.RLock()
        self._challenges: dict[str, Challenge] = {}
        self._kept: dict[tuple[str, frozenset[str]], _Kept] = {}

    def header(self, host: str, scopes: frozenset[str]) -> str | None:
        """Return the header for the next request; None while the host has not asked for one."""
        with self._lock:
            kept = self._kept.get((host, scopes))
            if kept and kept.until > time.monotonic():
                return kept.header
            # A host that asked once asks in every scope, so its challenge is answered before the next request is
            # refused. The lock is held meanwhile: threads that need the same token fetch it once.
            challenge = self._challenges.get(host)
            return self._answer(host, scopes, challenge) if challenge else None

    def learn(self, host: str, scopes: frozenset[str], header: str, *, sent: str | None) -> bool:
        """Take in the challenge that answered a request with the header `sent`; return whether to try again."""
        with self._lock:
            kept = self._kept.get((host, scopes))
            if kept and kept.header != sent:
                return True  # Another thread has learnt meanwhile.
            self._kept.pop((host, scopes), None)
            # Of two challenges of one scheme, the server's first counts.
            offered = {challenge.scheme: challenge for challenge in reversed(parse_challenges(header))}
            chosen = offered.get("bearer") or offered.get("basic")
            if chosen is None:
                return False
            self._challenges[host] = chosen
            answer = self._answer(host, scopes, chosen)
            return answer is not None and answer != sent

    def describe(self, host: str, scopes: frozenset[str]) -> str:
        """Return a note for messages: which credentials are used for `host`, without the credentials."""
        credential = self._credentials.find(host, _repository(scopes))
        if credential is None:
            return f"no credentials for {host} in {self._credentials.places()}"
        user = f" (user {credential.username})" if credential.username else ""
        return f"the credentials of {credential.source}{user} were used"

    def _answer(self, host: str, scopes: frozenset[str], challenge: Challenge) -> str | None:
        """Return and keep the header that answers a challenge; None without credentials that can."""
        credential = self._credentials.find(host, _repository(scopes))
        if challenge.scheme == "basic":
            # An identity token is not a password: only a token server exchanges it.
            if credential is None or credential.identity_token:
                return None
            kept = _Kept(header=basic(credential.username, credential.password)["Authorization"], until=float("inf"))
        else:
            kept = self._fetch(host, scopes, challenge, credential)
        self._kept[host, scopes] = kept
        return kept.header

    def _fetch(self, host: str, scopes: frozenset[str], challenge: Challenge, credential: Credential | None) -> _Kept:
        """Get a token from the server that a challenge names, without credentials if those are refused for a pull."""
        realm = challenge.parameters.get("realm", "")
        if not realm:
            raise RemoteError(f"{host} asks for a token and names no server that gives it", status=401)
        self._check_realm(host, realm, credential)
        parts = urlsplit(realm)
        # A ping has no scopes of its own, but its challenge may name some.
        asked = sorted(scopes) or challenge.parameters.get("scope", "").split()
        service = challenge.parameters.get("service", "")
        answer = self._send(_token_request(realm, service, asked, credential))
        # A login that has expired must not hide public images; a push without a login could only fail later.
        if answer.status in _REFUSED and credential and all(scope.endswith(":pull") for scope in asked):
            log.warning("%s refuses the credentials of %s, trying without", parts.netloc, credential.source)
            answer = self._send(_token_request(realm, service, asked, None))
        if answer.status != _OK:
            detail = error_text(answer.body)
            raise RemoteError(
                f"{parts.netloc} gives no token for {host}: status {answer.status}{f': {detail}' if detail else ''}",
                status=answer.status,
                hint=f"log in with `docker login {host}`; {self.describe(host, scopes)}",
            )
        token, seconds = _read_token(answer.body, parts.netloc)
        learn(token)
        # Half of its time: an upload that starts now must not outlive it.
        return _Kept(header=f"Bearer {token}", until=time.monotonic() + max(seconds, _LEAST_SECONDS) / 2)

    def _check_realm(self, host: str, realm: str, credential: Credential | None) -> None:
        """Raise OutsideError for the address of a token server that must not get the credentials of `host`.

        As with docker, another host may get them, but not without TLS if `host` has TLS, and not if `COMP_TOKEN_HOSTS`
        is set and does not list it.
        """
        parts, origin = read_url(realm, host, "the realm of its challenge"), urlsplit(self._origin(host))
        encrypted = origin.scheme == "https"
        self._insecure.check(parts.scheme, parts.netloc, f"the challenge of {host}", encrypted=encrypted)
        if credential and encrypted and parts.scheme != "https":
            raise OutsideError(
                f"{host} wants the credentials of {credential.source} to go to {realm.partition('?')[0]}, unencrypted",
                hint="a server with TLS has no reason to ask for that; ask who runs it",
            )
        if credential is None or _server(parts) == _server(origin):
            return
        if self._token_hosts is not None and parts.netloc.lower() not in self._token_hosts:
            raise OutsideError(
                f"{host} wants the credentials of {credential.source} to go to {parts.netloc}",
                hint=f"{TOKEN_HOSTS} does not list it; if it belongs to {host}, add it there",
            )
        log.debug("the credentials for %s go to %s, which its challenge names", host, parts.netloc)


def _server(parts: SplitResult) -> tuple[str | None, int | None]:
    """Return the host and port of an address, so that `host` and `host:443` are equal."""
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _repository(scopes: frozenset[str]) -> str:
    """Return the repository that a request is about: the one with the widest access, empty without any."""
    parts = [scope.split(":") for scope in scopes if scope.count(":") == 2]  # noqa: PLR2004 (type:name:actions)
    return max(parts, key=lambda part: (len(part[2]), part[1]))[1] if parts else ""


def _token_request(realm: str, service: str, scopes: list[str], credential: Credential | None) -> HttpRequest:
    """Return the request for a token: OAuth 2 for an identity token, else a GET, with or without a password."""
    if credential and credential.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credential.identity_token,
        }
        return HttpRequest(
            method="POST",
            url=realm,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            # A redirect would hand the refresh token in the body to another server.
            follow=False,
        )
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = basic(credential.username, credential.password) if credential else {}
    # A realm may have a query of its own.
    mark = "&" if urlsplit(realm).query else "?"
    return HttpRequest(method="GET", url=f"{realm}{mark}{urlencode(query)}" if query else realm, headers=headers)


def _read_token(body: bytes, server: str) -> tuple[str, float]:
    """Return the token and its lifetime in seconds. Raises RemoteError if they cannot be read."""
    answer = read_json(body, server, "its token")
    # Docker's servers use the first name, OAuth 2 the second.
    token = answer.get("token") or answer.get("access_token")
    with reading(server, "its token"):
        seconds = float(answer.get("expires_in") or _LEAST_SECONDS)
        if not math.isfinite(seconds):
            raise ValueError("it never expires")
    # The token becomes a header's value, in which a line break would begin another header.
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise invalid(server, "its token")
    return token, seconds
