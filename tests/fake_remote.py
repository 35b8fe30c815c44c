"""A strict OCI distribution server in memory that can misbehave on request: the test double of a remote.

It checks digests, sizes, upload sessions and that a manifest's parts are there, and records every request.
"""

import base64
import hashlib
import json
import re
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from msgspec import Struct, field

from toolkit.oci.image import Image

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
INDEX_TYPES = {
    OCI_INDEX,
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_NAME = r"(?P<name>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
_MANIFEST = re.compile(rf"/v2/{_NAME}/manifests/(?P<id>[A-Za-z0-9_.:-]+)")
_REFERRERS = re.compile(rf"/v2/{_NAME}/referrers/(?P<digest>sha256:[0-9a-f]{{64}})")
_TAGS = re.compile(rf"/v2/{_NAME}/tags/list")
_BLOB = re.compile(rf"/v2/{_NAME}/blobs/(?P<digest>sha256:[0-9a-f]{{64}})")
_UPLOAD = re.compile(rf"/v2/{_NAME}/blobs/uploads/(?P<session>[a-z0-9]*)")


class Call(Struct, frozen=True):
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    authorization: str | None
    range: str | None = None
    size: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Reply(Struct):
    """An answer to send in place of the right one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Faults(Struct):
    """What to do wrong.

    `replies` holds answers for requests that match (method, part of the path), each used once; `truncate` cuts the
    connection after so many bytes of a blob, once per entry; `drop_uploads` breaks so many uploads in the middle.
    `cut_chunks` stores so many bytes of a chunk and then drops the connection, once per entry; `forget` makes it lose
    an upload when it is asked about it; `done_is` gives the status that stands for success, by method; `most` is how
    many bytes it takes in one request; `redirect_uploads_to` is where it sends PATCH and PUT of uploads;
    `refuse_mounts` is the status that mounts get;
    `ignore_conditions` replaces tags whatever `If-None-Match` says; `immutable_tags` refuses to replace one;
    `whole_lists` sends lists in one page; `no_delete` and `no_catalog` are the statuses that those requests get;
    `only` is how many requests are still served, before all others get 400;
    `before_put` is called with the repository and identifier before a manifest is stored.
    `tell_less` is how many bytes fewer it then claims to have, and `stall` for how many seconds it stays silent, once
    per entry; `expire_after` makes tokens worthless after so many requests.
    """

    replies: list[tuple[str, str, Reply]] = field(default_factory=list)
    truncate: list[int] = field(default_factory=list)
    ignore_range: bool = False
    cut_chunks: list[int] = field(default_factory=list)
    no_chunks: int | None = None
    forget: int = 0
    tell_less: list[int] = field(default_factory=list)
    stall: list[float] = field(default_factory=list)
    expire_after: int | None = None
    drop_uploads: int = 0
    lose_uploads: int = 0
    refuse_mounts: int = 0
    ignore_mounts: bool = False
    absolute_locations: bool = False
    uploads_at: str | None = None
    no_digest_header: bool = False
    wrong_digest_header: str | None = None
    redirect_blobs_to: str | None = None
    corrupt_blobs: bool = False
    content_type: str | None = None
    no_referrers: bool = False
    done_is: dict[str, int] = field(default_factory=dict)
    relative_locations: bool = False
    redirect_uploads_to: str | None = None
    most: int | None = None
    ignore_conditions: bool = False
    immutable_tags: bool = False
    whole_lists: bool = False
    no_delete: int | None = None
    no_catalog: int | None = None
    before_put: Callable[[str, str], None] | None = None
    only: int | None = None

    def fail(self, method: str, path: str, status: int, *, times: int = 1, **headers: str) -> None:
        """Answer the next `times` matching requests with `status`."""
        reply = Reply(status, {name.replace("_", "-"): value for name, value in headers.items()})
        self.replies += [(method, path, reply)] * times

    def take(self, method: str, path: str) -> Reply | None:
        for index, (wanted, part, reply) in enumerate(self.replies):
            if wanted == method and part in path:
                del self.replies[index]
                return reply
        return None


class Access(Struct):
    """Who may: Basic or Bearer, one user; with `anonymous_pull`, tokens to pull are for everybody."""

    kind: str
    user: str = "ann"
    password: str = "s3cret"
    identity_token: str = "id-t0ken"
    anonymous_pull: bool = False
    realm: str | None = None
    tokens: dict[str, set[str]] = field(default_factory=dict)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


class FakeRemote:
    """The server's content and behaviour; `host` is what references name."""

    def __init__(self) -> None:
        self.host = ""
        self.scheme = "http"
        self.blobs: dict[str, dict[str, bytes]] = {}
        self.manifests: dict[str, dict[str, tuple[str, bytes]]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.uploads: dict[str, tuple[str, bytearray]] = {}
        self.calls: list[Call] = []
        self.faults = Faults()
        self.access: Access | None = None
        self.lock = threading.Lock()
        self.counter = 0
        self.problems: list[BaseException | None] = []

    def called(self, method: str, part: str = "") -> list[str]:
        """List the paths of the requests so far that match."""
        return [call.path for call in self.calls if call.method == method and part in call.path]

    def put_blob(self, name: str, data: bytes) -> str:
        """Store a blob, past the protocol."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs.setdefault(name, {})[digest] = data
        return digest

    def put_manifest(self, name: str, data: bytes, media_type: str, *, tag: str | None = None) -> str:
        """Store a manifest, past the protocol."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.manifests.setdefault(name, {})[digest] = (media_type, data)
        if tag:
            self.tags.setdefault(name, {})[tag] = digest
        return digest


@contextmanager
def serving(remote: FakeRemote, *, tls: ssl.SSLContext | None = None) -> Iterator[FakeRemote]:
    """Run the server on a free port of this machine; a request that it cannot make sense of fails the test."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"remote": remote}))
    server.remote = remote
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        remote.scheme = "https"
    remote.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield remote
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert not remote.problems


class _Server(ThreadingHTTPServer):
    remote: FakeRemote
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        self.remote.problems.append(sys.exc_info()[1])


class _Handler(BaseHTTPRequestHandler):
    remote: FakeRemote
    protocol_version = "HTTP/1.1"
    timeout = 20
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            # The client went away, which is its right.
            self.close_connection = True

    def do_GET(self) -> None:
        self._dispatch()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 (the names that http.server calls)

    def _dispatch(self) -> None:
        parts = urlsplit(self.path)
        call = Call(
            method=self.command,
            path=parts.path,
            query=parse_qs(parts.query),
            authorization=self.headers.get("Authorization"),
            range=self.headers.get("Range") or self.headers.get("Content-Range"),
            size=int(self.headers.get("Content-Length") or 0),
        )
        with self.remote.lock:
            self.remote.calls.append(call)
            reply = self._exhausted() or self.remote.faults.take(self.command, parts.path)
            faults, access = self.remote.faults, self.remote.access
            silence = faults.stall.pop(0) if faults.stall and self.command != "GET" else 0
            if access and faults.expire_after is not None:
                faults.expire_after -= 1
                if faults.expire_after == 0:
                    access.tokens.clear()
        if silence:
            time.sleep(silence)
        if not reply and "/uploads/" in parts.path and self.command in {"PATCH", "PUT"}:
            reply = self._misplaced(call, faults)
        if reply:
            self._body()
            self._send(reply.status, reply.body, reply.headers)
        elif parts.path == "/token":
            self._token(call)
        elif self._allowed(call):
            self._route(call)

    def _exhausted(self) -> Reply | None:
        if self.remote.faults.only is None:
            return None
        self.remote.faults.only -= 1
        return Reply(400) if self.remote.faults.only < 0 else None

    def _misplaced(self, call: Call, faults: Faults) -> Reply | None:
        if faults.redirect_uploads_to:
            return Reply(307, {"Location": f"{faults.redirect_uploads_to}{self.path}"})
        if faults.most is not None and call.size > faults.most:
            return Reply(413, {"Connection": "close"}, b"<html><h1>413 Request Entity Too Large</h1></html>")
        return None

    def _route(self, call: Call) -> None:
        routes: list[tuple[re.Pattern[str], str, Callable[..., None]]] = [
            (re.compile("/v2/"), "GET", lambda _: self._send(200, b"{}")),
            (_MANIFEST, "HEAD", self._get_manifest),
            (_MANIFEST, "GET", self._get_manifest),
            (_MANIFEST, "PUT", self._put_manifest),
            (_MANIFEST, "DELETE", self._delete_manifest),
            (_TAGS, "GET", self._get_tags),
            (re.compile("/v2/_catalog"), "GET", self._get_catalog),
            (_REFERRERS, "GET", self._get_referrers),
            (_BLOB, "HEAD", self._get_blob),
            (_BLOB, "GET", self._get_blob),
            (_UPLOAD, "POST", self._post_upload),
            (_UPLOAD, "PUT", self._put_upload),
            (_UPLOAD, "PATCH", self._patch_upload),
            (_UPLOAD, "GET", self._get_upload),
        ]
        for pattern, method, answer in routes:
            match = pattern.fullmatch(call.path)
            if match and method == call.method:
                answer(call, **match.groupdict()) if match.groupdict() else answer(call)
                return
        self._body()
        self._error(404, "UNSUPPORTED", "no such endpoint")

    # Access

    def _allowed(self, call: Call) -> bool:
        access = self.remote.access
        if access is None:
            return True
        needed = self._needed(call)
        if access.kind == "basic":
            allowed = call.authorization == access.basic
            challenge = 'Basic realm="fake, with a comma"'
        else:
            granted = access.tokens.get((call.authorization or "").removeprefix("Bearer "))
            allowed = granted is not None and needed <= granted
            realm = access.realm or f"{self.remote.scheme}://{self.remote.host}/token"
            challenge = f'Bearer realm="{realm}",service="fake",scope="{" ".join(sorted(needed))}"'
        if not allowed:
            self._body()
            self._error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})
        return allowed

    def _needed(self, call: Call) -> set[str]:
        if call.path == "/v2/_catalog":
            return {"catalog:*"}
        for pattern in (_MANIFEST, _REFERRERS, _TAGS, _UPLOAD, _BLOB):
            if match := pattern.fullmatch(call.path):
                actions = ["pull"] if call.method in {"GET", "HEAD"} else ["pull", "push"]
                actions = ["delete"] if call.method == "DELETE" else actions
                needed = {f"{match['name']}:{action}" for action in actions}
                return needed | {f"{source}:pull" for source in call.query.get("from", [])}
        return set()

    def _token(self, call: Call) -> None:
        access = self.remote.access
        assert access is not None
        if call.method == "POST":
            form = parse_qs(self._body().decode())
            assert form["grant_type"] == ["refresh_token"]
            known = form["refresh_token"] == [access.identity_token]
            asked, service = form.get("scope", [""])[0].split(), form["service"]
        else:
            known = call.authorization == access.basic
            asked, service = call.query.get("scope", []), call.query["service"]
        assert service == ["fake"]
        if not known and (call.authorization or not access.anonymous_pull):
            self._error(401, "UNAUTHORIZED", "who are you?")
            return
        granted = set()
        for scope in asked:
            kind, name, actions = scope.split(":")
            assert kind == ("registry" if name == "catalog" else "repository")
            granted |= {f"{name}:{action}" for action in actions.split(",") if known or action == "pull"}
        with self.remote.lock:
            self.remote.counter += 1
            token = f"token-{self.remote.counter}"
            access.tokens[token] = granted
        self._send(200, json.dumps({"token": token, "expires_in": 300}).encode())

    # Manifests

    def _get_manifest(self, _: Call, name: str, id: str) -> None:  # noqa: A002 (the pattern's group)
        digest = id if id.startswith("sha256:") else self.remote.tags.get(name, {}).get(id, "")
        found = self.remote.manifests.get(name, {}).get(digest)
        if found is None:
            self._error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        media_type, data = found
        faults = self.remote.faults
        if not faults.content_type and media_type not in (self.headers.get("Accept") or ""):
            self._error(404, "MANIFEST_UNKNOWN", f"{media_type} is not accepted")
            return
        headers = {"Content-Type": faults.content_type or media_type, "ETag": f'"{digest}"'}
        if self.headers.get("If-None-Match") == f'"{digest}"' and not faults.ignore_conditions:
            self._send(304, b"", {"ETag": f'"{digest}"'})
            return
        if not faults.no_digest_header:
            headers["Docker-Content-Digest"] = faults.wrong_digest_header or digest
        self._send(200, data, headers)

    def _put_manifest(self, _: Call, name: str, id: str) -> None:  # noqa: A002 (the pattern's group)
        data = self._body()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        media_type = self.headers.get("Content-Type") or ""
        problem = self._manifest_problem(name, data, media_type)
        if id.startswith("sha256:") and id != digest:
            problem = ("DIGEST_INVALID", f"content is {digest}")
        if problem:
            self._error(400, *problem)
            return
        faults = self.remote.faults
        if faults.before_put:
            faults.before_put(name, id)
        tagged = self.remote.tags.get(name, {}).get(id)
        if tagged and self.headers.get("If-None-Match") == "*" and not faults.ignore_conditions:
            self._error(412, "PRECONDITION_FAILED", "the tag exists")
            return
        if tagged and tagged != digest and faults.immutable_tags:
            self._error(409, "TAG_IMMUTABLE", "the tag exists")
            return
        with self.remote.lock:
            self.remote.put_manifest(name, data, media_type, tag=None if id.startswith("sha256:") else id)
        self._send(
            201,
            b"",
            {
                "Location": f"/v2/{name}/manifests/{digest}",
                "Docker-Content-Digest": self.remote.faults.wrong_digest_header or digest,
            },
        )

    def _delete_manifest(self, _: Call, name: str, id: str) -> None:  # noqa: A002 (the pattern's group)
        if self.remote.faults.no_delete:
            self._error(self.remote.faults.no_delete, "UNSUPPORTED", "no deletes here")
            return
        tags, manifests = self.remote.tags.get(name, {}), self.remote.manifests.get(name, {})
        if id not in tags and id not in manifests:
            self._error(404, "MANIFEST_UNKNOWN", "manifest unknown")
            return
        with self.remote.lock:
            manifests.pop(id, None)
            self.remote.tags[name] = {tag: digest for tag, digest in tags.items() if id not in {tag, digest}}
        self._send(202, b"")

    def _get_tags(self, call: Call, name: str) -> None:
        if name not in self.remote.manifests:
            self._error(404, "NAME_UNKNOWN", "repository name not known")
            return
        self._send_list(call, "tags", sorted(self.remote.tags.get(name, {})), {"name": name})

    def _get_catalog(self, call: Call) -> None:
        if self.remote.faults.no_catalog:
            self._error(self.remote.faults.no_catalog, "DENIED", "no catalog for you")
            return
        self._send_list(call, "repositories", sorted(self.remote.manifests), {})

    def _send_list(self, call: Call, key: str, every: list[str], more: dict[str, str]) -> None:
        """Send a list after `last`, of at most `n` texts."""
        last, size = call.query.get("last", [""])[0], int(call.query.get("n", ["0"])[0])
        left = [text for text in every if text > last]
        page = left if self.remote.faults.whole_lists or not size else left[:size]
        link = {"Link": f'<{call.path}?last={page[-1]}&n={size}>; rel="next"'} if page and len(page) < len(left) else {}
        self._send(200, json.dumps({**more, key: page}).encode(), link)

    def _manifest_problem(self, name: str, data: bytes, media_type: str) -> tuple[str, str] | None:
        parsed: dict[str, Any] = json.loads(data)
        if parsed.get("mediaType", media_type) != media_type:
            return "MANIFEST_INVALID", f"Content-Type is {media_type}"
        if media_type in INDEX_TYPES:
            known = self.remote.manifests.get(name, {})
            missing = [entry["digest"] for entry in parsed["manifests"] if entry["digest"] not in known]
        else:
            blobs = self.remote.blobs.get(name, {})
            entries = [parsed["config"], *parsed["layers"]]
            missing = [entry["digest"] for entry in entries if entry["digest"] not in blobs]
            wrong = [e for e in entries if e["digest"] in blobs and len(blobs[e["digest"]]) != e["size"]]
            if wrong:
                return "SIZE_INVALID", wrong[0]["digest"]
        return ("MANIFEST_BLOB_UNKNOWN", ", ".join(missing)) if missing else None

    def _get_referrers(self, call: Call, name: str, digest: str) -> None:
        """List one manifest a page, so that a client that reads only the first misses some."""
        if self.remote.faults.no_referrers:
            self._error(404, "UNSUPPORTED", "no such endpoint")
            return
        found = []
        for one, (media_type, data) in self.remote.manifests.get(name, {}).items():
            parsed = json.loads(data)
            if (parsed.get("subject") or {}).get("digest") == digest:
                kind = parsed.get("artifactType") or parsed["config"]["mediaType"]
                found.append({"mediaType": media_type, "digest": one, "size": len(data), "artifactType": kind})
        page = int(call.query.get("page", ["0"])[0])
        more = {"Link": f'</v2/{name}/referrers/{digest}?page={page + 1}>; rel="next"'} if page + 1 < len(found) else {}
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found[page : page + 1]}
        self._send(200, json.dumps(index).encode(), {"Content-Type": OCI_INDEX, **more})

    # Blobs

    def _get_blob(self, call: Call, name: str, digest: str) -> None:
        data = self.remote.blobs.get(name, {}).get(digest)
        faults = self.remote.faults
        if data is None:
            self._error(404, "BLOB_UNKNOWN", "blob unknown")
            return
        if faults.redirect_blobs_to and call.method == "GET":
            signature = "signature=hush-hush"
            self._send(307, b"", {"Location": f"{faults.redirect_blobs_to}{call.path}?{signature}"})
            return
        if faults.corrupt_blobs:
            data = bytes(len(data))
        start = int(call.range[6:-1]) if call.range and not faults.ignore_range else 0
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        cut = faults.truncate.pop(0) if faults.truncate and call.method == "GET" else None
        self._send(206 if start else 200, data[start:], headers, cut=cut)

    def _post_upload(self, call: Call, name: str, session: str) -> None:
        assert session == ""
        assert self._body() == b""
        mount, source = call.query.get("mount"), call.query.get("from")
        if mount and source and self.remote.faults.refuse_mounts:
            self._error(self.remote.faults.refuse_mounts, "UNSUPPORTED", "no mounts here")
            return
        data = self.remote.blobs.get(source[0], {}).get(mount[0]) if mount and source else None
        if data is not None and not self.remote.faults.ignore_mounts:
            self.remote.put_blob(name, data)
            self._send(201, b"", {"Location": f"/v2/{name}/blobs/{mount}"})
            return
        with self.remote.lock:
            self.remote.counter += 1
            session = f"s{self.remote.counter}"
            self.remote.uploads[session] = (name, bytearray())
        self._send(202, b"", {"Location": self._upload_location(name, session), "Range": "0-0"})

    def _upload_location(self, name: str, session: str) -> str:
        """Say where an upload goes on; the state changes with what is stored, as real servers' does."""
        base = f"{self.remote.scheme}://{self.remote.host}" if self.remote.faults.absolute_locations else ""
        base = self.remote.faults.uploads_at or base
        if self.remote.faults.relative_locations:
            return f"{session}?_state={quote('a+b/c=', safe='')}"
        state = quote("a+b/c=", safe="")
        return f"{base}/v2/{name}/blobs/uploads/{session}?_state={state}"

    def _patch_upload(self, call: Call, name: str, session: str) -> None:
        faults = self.remote.faults
        if faults.no_chunks:
            self._body()
            self._error(faults.no_chunks, "UNSUPPORTED", "no chunks here")
            return
        known = self.remote.uploads.get(session)
        if known is None or known[0] != name or call.query.get("_state") != ["a+b/c="]:
            self._body()
            self._error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
            return
        data = known[1]
        start = len(data)
        if call.range != f"{start}-{start + call.size - 1}":
            self._body()
            self._error(416, "BLOB_UPLOAD_INVALID", f"have {start} bytes, got {call.range}")
            return
        if faults.cut_chunks:
            data += self.rfile.read(faults.cut_chunks.pop(0))
            self.close_connection = True
            self.connection.close()
            return
        data += self._body()
        self._send(202, b"", {"Location": self._upload_location(name, session), "Range": f"0-{len(data) - 1}"})

    def _get_upload(self, call: Call, name: str, session: str) -> None:
        faults = self.remote.faults
        if faults.forget:
            faults.forget -= 1
            self.remote.uploads.pop(session, None)
        known = self.remote.uploads.get(session)
        if known is None or known[0] != name or call.query.get("_state") != ["a+b/c="]:
            self._error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
            return
        stored = len(known[1]) - (faults.tell_less.pop(0) if faults.tell_less else 0)
        headers = {"Location": self._upload_location(name, session), "Range": f"0-{max(0, stored - 1)}"}
        self._send(204, b"", headers)

    def _put_upload(self, call: Call, name: str, session: str) -> None:
        faults = self.remote.faults
        if faults.drop_uploads:
            faults.drop_uploads -= 1
            self.rfile.read(10)
            self.close_connection = True
            self.connection.close()
            return
        data = self._body()
        if faults.lose_uploads:
            faults.lose_uploads -= 1
            self.remote.uploads.pop(session, None)
        known = self.remote.uploads.pop(session, None)
        data = bytes(known[1]) + data if known else data
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if known is None or known[0] != name:
            self._error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        elif call.query.get("_state") != ["a+b/c="]:
            self._error(400, "BLOB_UPLOAD_INVALID", "the state is missing")
        elif call.query.get("digest") != [digest]:
            self._error(400, "DIGEST_INVALID", f"content is {digest}")
        elif self.headers.get("Content-Type") != "application/octet-stream":
            self._error(415, "UNSUPPORTED", "expected application/octet-stream")
        else:
            self.remote.put_blob(name, data)
            self._send(201, b"", {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    # The wire

    def _body(self) -> bytes:
        assert "Transfer-Encoding" not in self.headers, "a body must say its length"
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _error(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message, "detail": None}]}).encode()
        self._send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def _send(
        self, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, cut: int | None = None
    ) -> None:
        if status in {201, 202, 204}:
            status = self.remote.faults.done_is.get(self.command, status)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True


def store(fake: FakeRemote, image: Image, *, tag: str | None = "3.11") -> None:
    """Put an image into the repository base/python."""
    fake.put_blob("base/python", image.config)
    for layer in image.layers:
        fake.put_blob("base/python", b"".join(layer.chunks()))
    fake.put_manifest("base/python", image.manifest, image.media_type, tag=tag)
