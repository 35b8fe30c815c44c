"""Quick questions to a remote, without the cost of the whole client: does it have a manifest, and what does a tag name?

It answers only if it is certain. Anything else (a challenge, a proxy, an error) is for `toolkit.remote.client`.
"""

import http.client
import ssl
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.http.agent import AGENT
from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.pace import Pace, PacedTls, paced
from toolkit.oci.reference import Reference
from toolkit.remote.mirrors import VARIABLE as MIRRORS
from toolkit.remote.servers import api_host

_SECONDS = 5.0
_ACCEPT = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "oci.image.manifest.v1",
        "oci.image.index.v1",
        "docker.distribution.manifest.v2",
        "docker.distribution.manifest.list.v2",
    )
)


def manifest_exists(reference: Reference, *, environ: Mapping[str, str], tags: Sequence[str] = ()) -> bool | None:
    """Return whether the remote has `reference`'s digest, with all of `tags` on it; None if that is not certain."""
    if reference.digest is None:
        return None
    wanted = str(reference.digest)
    for found in _digests(reference, (wanted, *tags), environ):
        if found != wanted:
            return None if found is None else False
    return True


def digest_of(reference: Reference, *, environ: Mapping[str, str]) -> Digest | None:
    """Return the digest that a reference names now; None if that is not certain."""
    found = next(_digests(reference, (reference.identifier,), environ))
    try:
        return Digest.parse(found) if found else None
    except InputError:
        return None


def _digests(reference: Reference, identifiers: Sequence[str], environ: Mapping[str, str]) -> Iterator[str | None]:
    """Yield the digest of each tag or digest in a repository: empty if it is missing, None if that is not certain."""
    if _needs_client(reference.host, environ):
        yield None
        return
    connection = _connection(api_host(reference.host))
    try:
        _connect(connection)
        # One connection for all requests: a handshake costs more than a request.
        for identifier in identifiers:
            path = f"/v2/{reference.repository}/manifests/{quote(identifier, safe=':')}"
            connection.request("HEAD", path, headers={"Accept": _ACCEPT, "User-Agent": AGENT})
            answer = connection.getresponse()
            answer.read()
            if answer.status == http.client.NOT_FOUND:
                yield ""
            else:
                # The header is optional.
                yield answer.headers.get("Docker-Content-Digest") if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        yield None
    finally:
        connection.close()


def _needs_client(host: str, environ: Mapping[str, str]) -> bool:
    """Whether the way to a host takes a proxy, a mirror, a trust store or permissions that are not read here."""
    if environ.get(MIRRORS):
        return True
    if is_loopback(host):
        return False
    proxied = any(name.lower() in {"https_proxy", "all_proxy"} and value for name, value in environ.items())
    own_trust = any(environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return proxied or own_trust or InsecureHosts.of(environ).lists(host)


def _connection(host: str) -> http.client.HTTPConnection:
    """Return a connection that is still to be opened: plain HTTP to this machine, TLS to any other."""
    if is_loopback(host):
        return http.client.HTTPConnection(host, timeout=_SECONDS)
    # Stricter than `toolkit.http.trust`: a certificate that only that accepts fails here, and the client decides.
    context = ssl.create_default_context()
    context.sslsocket_class = PacedTls
    return http.client.HTTPSConnection(host, timeout=_SECONDS, context=context)


def _connect(connection: http.client.HTTPConnection) -> None:
    """Connect, with a limit of a few seconds for all that follows."""
    connection.connect()
    # A new connection would not have that limit.
    connection.auto_open = 0
    if not isinstance(connection.sock, PacedTls):
        connection.sock = paced(connection.sock)
    connection.sock.pace = Pace(seconds=_SECONDS)
