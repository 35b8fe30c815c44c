"""A package index on loopback with wheels in memory (simple repository API), strict about paths and users."""

import hashlib
import io
import json
import os
import threading
import time
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from msgspec import Struct, field

from toolkit.cache.store import Cache
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, SourceDistribution
from toolkit.requirements.requirement_set import RequirementSet
from toolkit.requirements.resolve import resolve


def small_wheel(name: str, version: str, *, requires: str = "", content: str = "", python: str = "") -> bytes:
    """Make a wheel of one module, without hashes in its RECORD."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Python: {python}\n" if python else ""
    members = {
        f"{name}/__init__.py": content,
        f"{info}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    members[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*members, f"{info}/RECORD"))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path, text in members.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return stream.getvalue()


class PackageIndex(Struct):
    """What is served: `files` by name; `wrong` gives other bytes than the page promises.

    `failures` counts down the answers 503 that a file gives first, `breaks` those that break off half-way, `slow` is
    how many seconds one takes; `user` is `name:password`; `requests` are the paths that were asked for, `ranges` the
    parts (RFC 9110, section 14), which are given if `gives_parts`. Pages are HTML; with `provenance`, the objects of
    files by their names, they are JSON (PEP 691, PEP 740), and other files have null there.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    wrong: dict[str, bytes] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    breaks: dict[str, int] = field(default_factory=dict)
    gives_parts: bool = True
    ranges: list[str] = field(default_factory=list)
    cut_short: set[str] = field(default_factory=set)
    user: str | None = None
    slow: dict[str, float] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    refuses: bool = False
    provenance: dict[str, bytes] | None = None
    plain: dict[str, bytes] = field(default_factory=dict)  # By whole path, whatever else is there.
    port: int = 0
    token: str = field(default_factory=lambda: uuid4().hex)  # So that uv's cache never takes one index for another.

    @property
    def url(self) -> str:
        """Where the index is, with its user."""
        return f"http://{self.user + '@' if self.user else ''}127.0.0.1:{self.port}/{self.token}/simple"

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        """Return status and body of the answer to a request."""
        if self.user and authorization != f"Basic {b64encode(self.user.encode()).decode()}":
            return 401, b""
        if (plain := self.plain.get(path.partition("?")[0])) is not None:
            return 200, plain
        if self.refuses:
            return 403, b""
        kind, _, name = path.removeprefix(f"/{self.token}").strip("/").partition("/")
        if kind in {"simple", "integrity"}:
            found = self._page(name) if kind == "simple" else (self.provenance or {}).get(name)
            return (404, b"") if found is None else (200, found)
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            return 503, b""
        data = self.wrong.get(name, self.files.get(name))
        return (404, b"") if kind != "files" or data is None else (200, data)

    def _page(self, name: str) -> bytes | None:
        """Return a package's page; None without any file of it."""
        files = {
            file: data for file, data in self.files.items() if file.split("-", maxsplit=1)[0] == name.replace("-", "_")
        }
        if not files:
            return None
        if self.provenance is not None:
            return self._json_page(name, files, self.provenance)
        page = "".join(
            f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a>\n'
            for file, data in files.items()
        )
        return f"<!DOCTYPE html><html><body>{page}</body></html>".encode()

    def _json_page(self, name: str, files: dict[str, bytes], provenance: dict[str, bytes]) -> bytes:
        """Return a package's page in JSON."""
        place = f"http://127.0.0.1:{self.port}/{self.token}/integrity"
        entries = [
            {
                "filename": file,
                "url": f"/files/{file}",
                "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
                "size": len(data),
                "provenance": f"{place}/{file}" if file in provenance else None,
            }
            for file, data in files.items()
        ]
        return json.dumps({"meta": {"api-version": "1.3"}, "name": name, "files": entries}).encode()

    def media_type(self, path: str) -> str:
        """Return the media type of what lies at a path."""
        if "/simple/" not in path:
            return "application/zip"
        return "text/html" if self.provenance is None else "application/vnd.pypi.simple.v1+json"


@contextmanager
def serving_index(index: PackageIndex) -> Iterator[PackageIndex]:
    """Serve the index while the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            index.requests.append(self.path)
            self._answer(with_body=True)

        def _answer(self, *, with_body: bool) -> None:
            status, data = index.answer(self.path, self.headers.get("Authorization"))
            name = self.path.rpartition("/")[2]
            wanted, whole = self.headers.get("Range"), len(data)
            if wanted and status == 200:
                index.ranges.append(wanted)
            if wanted and status == 200 and index.gives_parts:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
                status, data = (206, data[start:]) if start < whole else (416, b"")
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.send_header("Content-Type", index.media_type(self.path))
            self.send_header("Content-Length", str(len(data)))
            if status == 206:
                self.send_header("Content-Range", f"bytes {whole - len(data)}-{whole - 1}/{whole}")
            self.end_headers()
            if with_body:
                time.sleep(index.slow.get(name, 0))
                broken = index.breaks.get(name, 0) > 0 or name in index.cut_short
                index.breaks[name] = index.breaks.get(name, 0) - 1
                with suppress(ConnectionError):  # The client may have had enough.
                    self.wfile.write(data[: len(data) // 2] if broken else data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()


# Where uv looks for packages with the variables of the process that runs the tests.
HERE = Indexes(environ=os.environ)


def wanting(requirements: Iterable[str], target: Target, *, indexes: Indexes = HERE, **options: Any) -> RequirementSet:  # noqa: ANN401
    """Make a set of requirements."""
    return RequirementSet(requirements=tuple(requirements), target=target, indexes=indexes, **options)


def chosen(requirements: Iterable[str], target: Target, **options: Any) -> tuple[Pin | SourceDistribution, ...]:  # noqa: ANN401
    """Resolve for what `wanting` makes."""
    return resolve(wanting(requirements, target, **options), Cache.default())


def resolved(requirements: Iterable[str], target: Target, **options: Any) -> tuple[Pin, ...]:  # noqa: ANN401
    """Resolve, and expect wheels only."""
    found = chosen(requirements, target, **options)
    pins = tuple(pin for pin in found if isinstance(pin, Pin))
    assert pins == found
    return pins
