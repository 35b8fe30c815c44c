"""Answering `WWW-Authenticate`: Basic, and Bearer with tokens from the server that the challenge names.

Follows RFC 9110 section 11 and the distribution project's token and OAuth 2 specifications. Tokens are kept per
host and scopes for as long as they live; nothing is sent to a server before it asks.
"""

import base64
import logging
import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from toolkit.errors import OutsideError, RemoteError
from toolkit.http.answers import error_text, invalid, read_json, read_url, reading
from toolkit.http.hosts import InsecureHosts
from toolkit.http.transport import Answer, Request
from toolkit.redaction import learn
from toolkit.remote.credentials import Credential, Credentials

log = logging.getLogger(__name__)

CLIENT_ID = "comp"
TOKEN_HOSTS = "COMP_TOKEN_HOSTS"  # noqa: S105 (a variable's name)
_LEAST_LIFE = 60
_OK = 200
_REFUSED = {400, 401, 403}

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 (RFC 9110's word for a word)
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|,|$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Challenge:
    """One way in that a server offers; the scheme is lower case, and so are the names of the parameters."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a `WWW-Authenticate` header, all of its challenges; what cannot be read ends the list."""
    challenges = []
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters = {}
        while found := _PARAMETER.match(header, position):
            quoted = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
            parameters[found[1].lower()] = quoted
            position = found.end()
        challenges.append(Challenge(scheme=match[1].lower(), parameters=parameters))
    return tuple(challenges)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    header: str
    until: float


class Authenticator:
    """Knows what to put into `Authorization`, and learns it from challenges. Safe to share between threads."""

    def __init__(
        self,
        credentials: Credentials,
        insecure: InsecureHosts,
        send: Callable[[Request], Answer],
        origin: Callable[[str], str],
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._insecure = insecure
        self._send = send
        self._origin = origin
        listed = environ.get(TOKEN_HOSTS)
        self._token_hosts = None if listed is None else frozenset(re.split(r"[,\s]+", listed.lower()))
        self._clock = clock
        self._lock = threading.RLock()
        self._challenges: dict[str, Challenge] = {}
        self._kept: dict[tuple[str, frozenset[str]], _Kept] = {}

    def header(self, host: str, scopes: frozenset[str]) -> str | None:
        """Return the header for the next request, None while the host has not asked for one."""
        with self._lock:
            kept = self._kept.get((host, scopes))
            if kept and kept.until > self._clock():
                return kept.header
            challenge = self._challenges.get(host)
            return self._answer(host, scopes, challenge) if challenge else None

    def learn(self, host: str, scopes: frozenset[str], header: str, *, sent: str | None) -> bool:
        """Take a challenge that answered a request with `sent`; tell whether trying again makes sense."""
        with self._lock:
            kept = self._kept.get((host, scopes))
            if kept and kept.header != sent:
                return True  # another thread has been here
            self._kept.pop((host, scopes), None)
            offered = {challenge.scheme: challenge for challenge in reversed(parse_challenges(header))}
            chosen = offered.get("bearer") or offered.get("basic")
            if chosen is None:
                return False
            self._challenges[host] = chosen
            answer = self._answer(host, scopes, chosen)
            return answer is not None and answer != sent

    def describe(self, host: str, scopes: frozenset[str]) -> str:
        """Say which credentials are used for `host`, without telling them."""
        found = self._credentials.find(host, _repository(scopes))
        if found is None:
            return f"no credentials for {host} in {self._credentials.places()}"
        user = f" (user {found.username})" if found.username else ""
        return f"the credentials of {found.source}{user} were used"

    def _answer(self, host: str, scopes: frozenset[str], challenge: Challenge) -> str | None:
        credential = self._credentials.find(host, _repository(scopes))
        if challenge.scheme == "basic":
            if credential is None or credential.identity_token:
                return None
            kept = _Kept(header=_basic(credential), until=float("inf"))
        else:
            kept = self._fetch(host, scopes, challenge, credential)
        self._kept[host, scopes] = kept
        return kept.header

    def _fetch(self, host: str, scopes: frozenset[str], challenge: Challenge, credential: Credential | None) -> _Kept:
        realm = challenge.parameters.get("realm", "")
        if not realm:
            raise RemoteError(f"{host} asks for a token and does not say where to get one", status=401)
        self._check_realm(host, realm, credential)
        parts = urlsplit(realm)
        wanted = sorted(scopes) or challenge.parameters.get("scope", "").split()
        service = challenge.parameters.get("service", "")
        answer = self._send(_token_request(realm, service, wanted, credential))
        if answer.status in _REFUSED and credential and all(scope.endswith(":pull") for scope in wanted):
            log.warning("%s refuses the credentials of %s, trying without", parts.netloc, credential.source)
            answer = self._send(_token_request(realm, service, wanted, None))
        if answer.status != _OK:
            detail = error_text(answer.body)
            raise RemoteError(
                f"{parts.netloc} gives no token for {host}: status {answer.status}{f': {detail}' if detail else ''}",
                status=answer.status,
                hint=f"log in with `docker login {host}`; {self.describe(host, scopes)}",
            )
        token, life = _read_token(answer.body, parts.netloc)
        learn(token)
        # Half of its life: an upload that starts now must not outlive it.
        return _Kept(header=f"Bearer {token}", until=self._clock() + max(life, _LEAST_LIFE) / 2)

    def _check_realm(self, host: str, realm: str, credential: Credential | None) -> None:
        """See that a realm is an address that may be given the credentials of `host`.

        As docker does, another host may; but none without TLS if the one that names it has it, and none that
        `COMP_TOKEN_HOSTS` leaves out.
        """
        parts, origin = read_url(realm, host, "the realm of its challenge"), urlsplit(self._origin(host))
        encrypted = origin.scheme == "https"
        self._insecure.check(parts.scheme, parts.netloc, f"the challenge of {host}", encrypted=encrypted)
        if credential and encrypted and parts.scheme != "https":
            raise OutsideError(
                f"{host} wants the credentials of {credential.source} to go to {realm.partition('?')[0]}, unencrypted",
                hint="a server with TLS has no reason for that; ask who runs it",
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
    return parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _repository(scopes: frozenset[str]) -> str:
    """Find the repository that the request is about: the one with the widest access."""
    parts = [scope.split(":") for scope in scopes if scope.count(":") == 2]  # noqa: PLR2004 (type:name:actions)
    return max(parts, key=lambda part: (len(part[2]), part[1]))[1] if parts else ""


def _basic(credential: Credential) -> str:
    encoded = base64.b64encode(f"{credential.username}:{credential.password}".encode()).decode()
    learn(encoded)
    return f"Basic {encoded}"


def _token_request(realm: str, service: str, scopes: list[str], credential: Credential | None) -> Request:
    if credential and credential.identity_token:
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credential.identity_token,
        }
        return Request(
            method="POST",
            url=realm,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            follow=False,
        )
    query = [("service", service)] if service else []
    query += [("scope", scope) for scope in scopes]
    headers = {"Authorization": _basic(credential)} if credential else {}
    mark = "&" if urlsplit(realm).query else "?"
    return Request(method="GET", url=f"{realm}{mark}{urlencode(query)}" if query else realm, headers=headers)


def _read_token(body: bytes, server: str) -> tuple[str, float]:
    answer = read_json(body, server, "its token")
    token = answer.get("token") or answer.get("access_token")
    with reading(server, "its token"):
        life = float(answer.get("expires_in") or _LEAST_LIFE)
        if not math.isfinite(life):
            raise ValueError("it has no end")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise invalid(server, "its token")
    return token, life
