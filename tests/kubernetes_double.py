"""A double of a Kubernetes API server with Argo's workflows, and of a store that speaks S3, on loopback.

It answers what `toolkit.engines` asks, and refuses all else. A test says what becomes of a workflow by a script of
states, one for each time that the workflow is asked for.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

Json = dict[str, Any]
NAMESPACE, BUCKET = "ml", "artifacts"
_WORKFLOWS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/workflows"
_CORE = f"/api/v1/namespaces/{NAMESPACE}"


class State(Struct, kw_only=True):
    """The state of a workflow from one question to the next: its status, and its pods."""

    status: Json
    pods: list[Json] = field(default_factory=list)


class Double(Struct, kw_only=True):
    """What the server has, and what it was asked. `refusals` maps the beginning of a path to a status and words."""

    script: list[State] = field(default_factory=list)
    workflows: dict[str, Json] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    accounts: set[str] = field(default_factory=lambda: {"pipeline-runner"})
    log: bytes = b""
    events: list[Json] = field(default_factory=list)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)
    port: int = 0
    asked: list[str] = field(default_factory=list)

    def repository(self) -> Json:
        """Return what Argo says about the store that it chose."""
        secret = {name: {"name": "store", "key": name} for name in ("accessKeySecret", "secretKeySecret")}
        place = {"bucket": BUCKET, "endpoint": f"127.0.0.1:{self.port}", "insecure": True, **secret}
        return {"artifactRepositoryRef": {"default": True, "artifactRepository": {"s3": place}}}

    def answer(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        """Return the status and the body of an answer."""
        path, query = unquote(urlsplit(url).path), parse_qs(urlsplit(url).query)
        self.asked.append(f"{method} {path}")
        for beginning, (status, words) in self.refusals.items():
            if path.startswith(beginning):
                return status, json.dumps({"message": words}).encode()
        if "list-type" in query:
            return 200, self._listing(query["prefix"][0])
        if path.startswith(f"/{BUCKET}/"):
            return self._object(method, path.removeprefix(f"/{BUCKET}/"), body)
        version = {"gitVersion": "v1.36.3", "major": "1", "minor": "36", **dict.fromkeys(_VERSION, "x")}
        found = version if path == "/version/" else self._found(method, path, query, body)
        if found is None:
            return 404, json.dumps({"message": f"{path} not found"}).encode()
        return 200, found if isinstance(found, bytes) else json.dumps(found).encode()

    def _listing(self, prefix: str) -> bytes:
        keys = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in self.objects if key.startswith(prefix))
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode()

    def _object(self, method: str, key: str, body: bytes) -> tuple[int, bytes]:
        if method == "PUT":
            self.objects[key] = body
            return 200, b""
        if method == "DELETE":
            self.objects.pop(key, None)
            return 204, b""
        return (200, self.objects[key]) if key in self.objects else (404, b"")

    def _found(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Json | bytes | None:
        if path.startswith(_WORKFLOWS):
            return self._workflow(method, path.removeprefix(_WORKFLOWS).removeprefix("/"), body)
        if path == f"{_CORE}/pods":
            assert "workflows.argoproj.io/workflow=" in query["labelSelector"][0]
            return {"items": self.script[0].pods if self.script else []}
        if re.fullmatch(rf"{_CORE}/pods/[^/]+/log", path):
            assert query["container"] == ["main"]
            return self.log
        if path == f"{_CORE}/events":
            return {"items": self.events}
        if path == f"{_CORE}/secrets/store":
            return {
                "data": {name: base64.b64encode(b"key").decode() for name in ("accessKeySecret", "secretKeySecret")}
            }
        name = path.removeprefix(f"{_CORE}/serviceaccounts/")
        return {"metadata": {"name": name}} if name in self.accounts else None

    def _workflow(self, method: str, name: str, body: bytes) -> Json | None:
        if method == "POST":
            made: Json = json.loads(body)
            self.workflows[made["metadata"]["name"]] = made
            return made
        if name not in self.workflows:
            return None
        if method == "DELETE":
            self.deleted.append(name)
            return self.workflows.pop(name)
        workflow = self.workflows[name]
        if method == "PATCH":
            for key, value in json.loads(body)["spec"].items():
                workflow["spec"].pop(key) if value is None else workflow["spec"].update({key: value})
            return workflow
        # Suspended workflows stay where they are.
        if len(self.script) > 1 and not workflow["spec"].get("suspend"):
            self.script.pop(0)
        return workflow | {"status": self.repository() | self.script[0].status}


_VERSION = ("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform")


class _Handler(BaseHTTPRequestHandler):
    double: Double
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.double.answer(self.command, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 (names of the library)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(double: Double, folder: Path) -> Iterator[Path]:
    """Serve the double, and yield the path of a kubeconfig for it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": double}))
    double.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    kubeconfig = folder / "kubeconfig"
    kubeconfig.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "here",
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}],
                "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{double.port}"}}],
                "users": [{"name": "u", "user": {"token": "secret-token"}}],
            }
        )
    )
    try:
        yield kubeconfig
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
