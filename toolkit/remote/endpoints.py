"""Endpoints of the distribution specification 1.1, one short function each.

An endpoint is data: the request, the answers to accept, and its name in errors. `toolkit.remote.session` sends it.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from msgspec import Struct, field

from toolkit.digest import Digest
from toolkit.http.retries import ATTEMPTS, RETRYABLE
from toolkit.http.transport import Body
from toolkit.oci.descriptor import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, Descriptor
from toolkit.oci.image import Built
from toolkit.oci.reference import Reference
from toolkit.remote.failures import TOO_LARGE

# The quotes around a parameter's value are optional (RFC 8288, section 3).
_NEXT = re.compile(r'<([^<>]+)>[^,]*;\s*rel="?next"?(?:[;,\s]|$)')
# Servers differ in which of these they answer for success, and the specification lets clients take any.
DONE = frozenset({200, 201, 202, 204})
# docker-registry 2 converts an image to the obsolete schema 1 for a client that does not accept its type.
MANIFEST_TYPES = (OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX)


class Endpoint(Struct, frozen=True, kw_only=True):
    """A request to one host. `path` begins with `/v2/`, or is a URL from the host; `ok` are the accepted answers."""

    method: str
    host: str
    path: str
    what: str
    scopes: frozenset[str] = frozenset()
    ok: frozenset[int] = frozenset({200})
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Body | None = None
    stream: bool = False
    restart: Callable[[], str] | None = None
    attempts: int = ATTEMPTS


def pull_scope(repository: str) -> str:
    """Return the scope for reading a repository."""
    return f"repository:{repository}:pull"


def push_scope(repository: str) -> str:
    """Return the scope for reading and writing a repository."""
    # A push looks for blobs and manifests before it sends them, so it needs both rights.
    return f"repository:{repository}:pull,push"


def ping(host: str) -> Endpoint:
    """Ask whether `host` speaks the protocol and accepts us."""
    return Endpoint(method="GET", host=host, path="/v2/", what="the check of its API")


def head_manifest(reference: Reference, *, ok: frozenset[int], scope: str) -> Endpoint:
    """Ask for a manifest's type, digest and size."""
    return Endpoint(
        method="HEAD",
        host=reference.host,
        path=f"/v2/{reference.repository}/manifests/{reference.identifier}",
        what=f"look up {reference}",
        scopes=frozenset({scope}),
        ok=ok,
        headers={"Accept": ", ".join(MANIFEST_TYPES)},
    )


def get_manifest(reference: Reference, *, unless: Digest | None = None) -> Endpoint:
    """Fetch a manifest or index; with `unless`, 304 is the answer if it has that digest still."""
    return Endpoint(
        method="GET",
        host=reference.host,
        path=f"/v2/{reference.repository}/manifests/{reference.identifier}",
        what=f"pull {reference}",
        scopes=frozenset({pull_scope(reference.repository)}),
        ok=frozenset({200, 304} if unless else {200}),
        # Servers that have entity tags use the digest, in quotes (RFC 9110, section 13.1.2).
        headers={"Accept": ", ".join(MANIFEST_TYPES)} | ({"If-None-Match": f'"{unless}"'} if unless else {}),
    )


def put_manifest(built: Built, reference: Reference, identifier: str, *, only_new: bool = False) -> Endpoint:
    """Store a manifest or an index under its digest or a tag.

    With `only_new` the server is asked to refuse with 412 if the tag exists (RFC 9110, section 13.1.2). The
    specification leaves that to the servers, and many replace the tag.
    """
    return Endpoint(
        method="PUT",
        host=reference.host,
        path=f"/v2/{reference.repository}/manifests/{identifier}",
        what=f"push {reference.name}, manifest {identifier}",
        scopes=frozenset({push_scope(reference.repository)}),
        ok=DONE | {412} if only_new else DONE,
        headers={"Content-Type": built.media_type} | ({"If-None-Match": "*"} if only_new else {}),
        body=built.document,
    )


def delete_manifest(reference: Reference) -> Endpoint:
    """Remove a tag, or a manifest with all its tags; any refusal is an answer, since many servers forbid it."""
    return Endpoint(
        method="DELETE",
        host=reference.host,
        path=f"/v2/{reference.repository}/manifests/{reference.identifier}",
        what=f"delete {reference}",
        scopes=frozenset({f"repository:{reference.repository}:pull,push,delete"}),
        ok=DONE | {400, 401, 403, 404, 405, 409, 501},
    )


def get_tags(reference: Reference, *, page: int) -> Endpoint:
    """List the tags of a repository, `page` of them at once; 404 for a missing repository."""
    return Endpoint(
        method="GET",
        host=reference.host,
        path=f"/v2/{reference.repository}/tags/list?n={page}",
        what=f"list the tags of {reference.name}",
        scopes=frozenset({pull_scope(reference.repository)}),
        ok=frozenset({200, 404}),
    )


def get_catalog(host: str, *, page: int) -> Endpoint:
    """List the repositories of a host, `page` of them at once (the distribution project's API, "Catalog")."""
    return Endpoint(
        method="GET",
        host=host,
        path=f"/v2/_catalog?n={page}",
        what=f"list the repositories of {host}",
        scopes=frozenset({"registry:catalog:*"}),
    )


def get_referrers(reference: Reference, digest: Digest) -> Endpoint:
    """List the manifests that name a manifest as their subject."""
    return Endpoint(
        method="GET",
        host=reference.host,
        path=f"/v2/{reference.repository}/referrers/{digest}",
        what=f"list what refers to {reference.name}@{digest}",
        scopes=frozenset({pull_scope(reference.repository)}),
        headers={"Accept": OCI_INDEX},
    )


def next_page(link: str) -> str | None:
    """Return the address of the next part of a list from a `Link` header (RFC 8288, section 3); None at its end."""
    match = _NEXT.search(link)
    return match[1] if match else None


def head_blob(reference: Reference, digest: Digest) -> Endpoint:
    """Ask whether a repository has a blob, before a push."""
    return Endpoint(
        method="HEAD",
        host=reference.host,
        path=f"/v2/{reference.repository}/blobs/{digest}",
        what=f"look for blob {digest} in {reference.name}",
        # The scope of the push that follows, so that one token serves for both.
        scopes=frozenset({push_scope(reference.repository)}),
        ok=frozenset({200, 404}),
    )


def get_blob(reference: Reference, blob: Descriptor, *, start: int) -> Endpoint:
    """Fetch a blob from byte `start` on."""
    return Endpoint(
        method="GET",
        host=reference.host,
        path=f"/v2/{reference.repository}/blobs/{blob.digest}",
        what=f"pull blob {blob.digest} of {reference.name}",
        scopes=frozenset({pull_scope(reference.repository)}),
        ok=frozenset({200, 206}),
        headers={"Range": f"bytes={start}-"} if start else {},
        stream=True,
    )


def mount_blob(reference: Reference, digest: Digest, source: str) -> Endpoint:
    """Take a blob over from the repository `source` of the same host; the answer 202 opens an upload instead."""
    query = urlencode({"mount": str(digest), "from": source})
    return Endpoint(
        method="POST",
        host=reference.host,
        path=f"/v2/{reference.repository}/blobs/uploads/?{query}",
        what=f"mount blob {digest} from {source} into {reference.name}",
        # The server takes over only what the token may read at the source.
        scopes=frozenset({push_scope(reference.repository), pull_scope(source)}),
        ok=DONE,
        headers={"Content-Length": "0"},
        # Some servers fail at every mount, and an upload serves as well.
        attempts=2,
    )


def start_upload(reference: Reference) -> Endpoint:
    """Open an upload."""
    return Endpoint(
        method="POST",
        host=reference.host,
        path=f"/v2/{reference.repository}/blobs/uploads/",
        what=f"start an upload to {reference.name}",
        scopes=frozenset({push_scope(reference.repository)}),
        ok=DONE,
        # Required before chunks (distribution specification 1.1, "Pushing a blob in chunks").
        headers={"Content-Length": "0"},
    )


def closing_url(location: str, digest: Digest) -> str:
    """Return the URL that closes an upload, from the upload's location with its query."""
    return f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': str(digest)})}"


def put_blob(
    reference: Reference, digest: Digest, url: str, *, body: bytes | Body, restart: Callable[[], str] | None
) -> Endpoint:
    """Send a blob, or the rest of it, to the closing `url` of an upload."""
    return Endpoint(
        method="PUT",
        host=reference.host,
        path=url,
        what=f"push blob {digest} to {reference.name}",
        scopes=frozenset({push_scope(reference.repository)}),
        ok=DONE,
        headers={"Content-Type": "application/octet-stream"},
        body=body,
        restart=restart,
    )


def patch_blob(reference: Reference, url: str, data: bytes | Body, start: int) -> Endpoint:
    """Send bytes of a blob, from `start` on, to an upload; not again, since the answer decides what comes next."""
    size = len(data) if isinstance(data, bytes) else data.size
    return Endpoint(
        method="PATCH",
        host=reference.host,
        path=url,
        what=f"push a chunk to {reference.name}",
        scopes=frozenset({push_scope(reference.repository)}),
        # Failures are answers too: the upload asks what the server has, and decides how to continue.
        ok=DONE | {400, 404, 405, TOO_LARGE, 415, 416, 501} | RETRYABLE,
        headers={"Content-Type": "application/octet-stream", "Content-Range": f"{start}-{start + size - 1}"},
        body=data,
        attempts=1,
    )


def blob_status(reference: Reference, url: str) -> Endpoint:
    """Ask how far an upload is."""
    return Endpoint(
        method="GET",
        host=reference.host,
        path=url,
        what=f"ask for the state of an upload to {reference.name}",
        scopes=frozenset({push_scope(reference.repository)}),
        ok=DONE | {404},
    )
