"""What artifacts contain, from a store that speaks S3, and by KFP's pages."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.pipelines.server.artifacts import Artifact
from toolkit.pipelines.server.contents import contents, head

OBJECTS = {
    "v2/model": b"weights",
    "v2/model-card": b"another one",
    "v2/folder/a/b.txt": b"b",
    "v2/folder/c": b"c",
    "v2/folder/": b"",
    "v2/folder/a/": b"",
    "v2/folder/.c.crc": b"0",
    "v2/empty/": b"",
    "v2/twice//x": b"x",
    "v2/evil/../../x": b"x",
    "v2/text": "ä\n".encode() * 60_000,
    "v2/bytes": b"\0\1",
    "v2/table": b"name,count\na,1\nlonger,22\n",
    "v2/page": b"<html><style>p {}</style><h1>Title</h1><p>One <b>two</b></p><script>x()</script></html>",
}


class Store(BaseHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        key = unquote(parts.path).removeprefix("/b").removeprefix("/")
        if key:
            status, body = (200, OBJECTS[key]) if key in OBJECTS else (404, b"")
        else:
            prefix = parse_qs(parts.query).get("prefix", [""])[0]
            listed = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in OBJECTS if key.startswith(prefix))
            status, body = 200, f"<ListBucketResult>{listed}</ListBucketResult>".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield {"COMP_S3_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
        server.shutdown()


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def artifact(key: str, kind: str = "Artifact", **metadata: object) -> Artifact:
    return Artifact(step="train", output="x", type=kind, uri=f"minio://b/{key}", metadata=metadata)


def server(answer: object = None) -> Any:  # noqa: ANN401 (in place of a Server)
    def ask_pages(path: str, *, headers: dict[str, str]) -> object:
        assert headers
        asked.append(path)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(chunks=iter([answer]))

    asked: list[str] = []
    return SimpleNamespace(ask_pages=ask_pages, asked=asked, endpoint=SimpleNamespace(namespace="ada"))


def files(key: str, environ: dict[str, str]) -> dict[str, bytes]:
    found = contents(server(), artifact(key), environ)
    return {str(content.path): b"".join(content.chunks()) for content in found}


def test_file_of_the_store(environ: dict[str, str]) -> None:
    assert files("v2/model", environ) == {".": b"weights"}


def test_folder_of_the_store(environ: dict[str, str]) -> None:
    assert files("v2/folder", environ) == {"a/b.txt": b"b", "c": b"c", ".c.crc": b"0"}
    assert files("v2/empty", environ) == {}
    assert head(server(), artifact("v2/empty"), environ) == ""


def test_object_that_is_missing(environ: dict[str, str]) -> None:
    with pytest.raises(OutsideError, match="train/x is not at minio://b/v2/none"):
        files("v2/none", environ)


@pytest.mark.parametrize("key", ["v2/evil", "v2/twice"])
def test_key_that_is_not_a_path(key: str, environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match="which is not a path"):
        files(key, environ)


@pytest.mark.parametrize("uri", ["", "https://host/file", "/data/file"])
def test_no_object(uri: str) -> None:
    with pytest.raises(InputError, match="not an object in a bucket"):
        list(contents(server(), Artifact(step="train", output="x", type="Model", uri=uri), {}))


def test_pages_serve_it_too() -> None:
    pages = server(b"weights")
    (content,) = contents(pages, artifact("v2/a b"), {})
    assert list(content.chunks()) == [b"weights"]
    assert pages.asked == ["/artifacts/minio/b/v2/a%20b?namespace=ada"]


def test_pages_refuse() -> None:
    (content,) = contents(server(RemoteError("status 404", status=404)), artifact("v2/model"), {})
    with pytest.raises(OutsideError, match="cannot read train/x at minio://b/v2/model: status 404") as error:
        list(content.chunks())
    assert "KF_PIPELINES_UI_ENDPOINT" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("key", "kind", "lines"),
    [
        ("v2/model", "Model", ["weights"]),
        ("v2/folder", "Model", ["a/b.txt", "c", ".c.crc"]),
        ("v2/text", "Artifact", ["ä"] * 10 + ["…"]),
        ("v2/bytes", "Artifact", []),
        ("v2/table", "Dataset", ["name    count", "a       1", "longer  22"]),
        ("v2/page", "HTML", ["Title", "One two"]),
    ],
)
def test_head(environ: dict[str, str], key: str, kind: str, lines: list[str]) -> None:
    assert head(server(), artifact(key, kind), environ).splitlines() == lines


def test_metrics_are_their_metadata() -> None:
    assert head(server(), artifact("none", "Metrics", accuracy=0.5, name="a"), {}) == 'accuracy = 0.5\nname = "a"'
