"""A quick look whether a manifest is already there, without the cost of the whole client.

It answers only when it is sure; for anything else (a challenge, a proxy, an error) it leaves the question to
`toolkit.remote.client`.
"""

import http.client
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from toolkit.http.hosts import InsecureHosts, is_loopback
from toolkit.http.pace import Pace, PacedTls, paced
from toolkit.oci.reference import Reference
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
    """Tell whether the remote has `reference`'s digest, and every one of `tags` on it; None when it cannot tell."""
    host = api_host(reference.host)
    if reference.digest is None or _needs_client(reference.host, environ):
        return None
    connection = _connection(host)
    try:
        _connect(connection)
        for identifier in (str(reference.digest), *tags):
            path = f"/v2/{reference.repository}/manifests/{quote(identifier, safe=':')}"
            connection.request("HEAD", path, headers={"Accept": _ACCEPT})
            answer = connection.getresponse()
            answer.read()
            if answer.status == http.client.NOT_FOUND:
                return False
            if answer.status != http.client.OK:
                return None
            found = answer.headers.get("Docker-Content-Digest")
            if found != str(reference.digest):
                return False if found else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    else:
        return True
    finally:
        connection.close()


def _needs_client(host: str, environ: Mapping[str, str]) -> bool:
    if is_loopback(host):
        return False
    proxied = any(name.lower() in {"https_proxy", "all_proxy"} and value for name, value in environ.items())
    own_trust = any(environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    return proxied or own_trust or InsecureHosts.of((), environ).lists(host)


def _connection(host: str) -> http.client.HTTPConnection:
    if is_loopback(host):
        return http.client.HTTPConnection(host, timeout=_SECONDS)
    context = ssl.create_default_context()
    context.sslsocket_class = PacedTls
    return http.client.HTTPSConnection(host, timeout=_SECONDS, context=context)


def _connect(connection: http.client.HTTPConnection) -> None:
    """Connect, and hold all that follows to a few seconds."""
    connection.connect()
    # Another connection would not be held to it.
    connection.auto_open = 0
    if not isinstance(connection.sock, PacedTls):
        connection.sock = paced(connection.sock)
    connection.sock.pace = Pace(seconds=_SECONDS)
