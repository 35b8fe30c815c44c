"""What an artifact contains: its files, from their store or by KFP's pages, and the head of it as people read it."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html.parser import HTMLParser
from itertools import islice
from pathlib import PurePosixPath
from urllib.parse import quote, urlencode

from msgspec import Struct

from toolkit.engines.s3 import Place, Store
from toolkit.errors import InputError, OutsideError, RemoteError
from toolkit.pipelines.server.artifacts import Address, Artifact
from toolkit.pipelines.server.client import Server
from toolkit.pipelines.server.endpoint import UI_ENDPOINT
from toolkit.system.paths import leads_elsewhere

# The same variable as for `comp run --runner argo`.
S3_ENDPOINT = "COMP_S3_ENDPOINT"

# How much of an artifact is read for its head, and how many lines, columns and characters of those are shown.
_HEAD = 64 << 10
_LINES = 10
_WIDTH = 100
_METRICS = {"Metrics", "ClassificationMetrics", "SlicedClassificationMetrics"}


class Content(Struct, frozen=True, kw_only=True):
    """One file of an artifact: its path below the artifact, `.` for an artifact that is a file, and its bytes."""

    path: PurePosixPath
    chunks: Callable[[], Iterator[bytes]]


def contents(server: Server, artifact: Artifact, environ: Mapping[str, str]) -> Iterator[Content]:
    """Yield the files of an artifact: from the store itself if the environment names it, else by KFP's pages.

    The pages have no list of a folder's files. Raises InputError for a URI that is not an object in a bucket, and for
    names that are not paths; OutsideError if the store does not have it.
    """
    address = Address.parse(artifact.uri)
    if address is None:
        raise InputError(
            f"{artifact.name} lies at {artifact.uri or 'no URI'}, which is not an object in a bucket",
            hint="fetch it with the program that the address needs",
        )
    endpoint = environ.get(S3_ENDPOINT)
    if address.scheme == "gs" or not (endpoint or (address.scheme == "s3" and environ.get("AWS_ACCESS_KEY_ID"))):
        yield Content(path=PurePosixPath(), chunks=partial(_by_pages, server, artifact, address))
        return
    store = Store(Place(bucket=address.bucket, endpoint=endpoint), None, environ)
    keys = store.keys_below(address.key)
    if not keys:
        raise OutsideError(f"{artifact.name} is not at {artifact.uri}", hint="did the step succeed?")
    for key in keys:
        parts = key.removeprefix(address.key).removeprefix("/").split("/") if key != address.key else []
        if parts[-1:] == [""]:
            # Some programs mark a folder by an empty object.
            continue
        if any(map(leads_elsewhere, parts)):
            raise InputError(
                f"{artifact.name} has a file {key!r}, which is not a path", hint="download it by other means"
            )
        yield Content(path=PurePosixPath(*parts), chunks=partial(store.chunks, key))


def _by_pages(server: Server, artifact: Artifact, address: Address) -> Iterator[bytes]:
    """Yield an artifact's bytes by the server of KFP's pages. Raises OutsideError."""
    path = f"/artifacts/{address.scheme}/{quote(address.bucket, safe='')}/{quote(address.key)}"
    query = f"?{urlencode({'namespace': server.endpoint.namespace})}" if server.endpoint.namespace else ""
    try:
        answer = server.ask_pages(path + query, headers={"Accept": "*/*"})
    except RemoteError as error:
        raise OutsideError(
            f"cannot read {artifact.name} at {artifact.uri}: {error.message}",
            hint=f"name the address of KFP's pages, which serve artifacts, with {UI_ENDPOINT}; or that of the store "
            f"with {S3_ENDPOINT}",
        ) from error
    yield from answer.chunks


def head(server: Server, artifact: Artifact, environ: Mapping[str, str]) -> str:
    """Return the first lines of an artifact: of a page its text, of metrics their values, of a folder its files.

    Empty for other data.
    """
    if artifact.type in _METRICS:
        return "\n".join(f"{name} = {json.dumps(value)}" for name, value in artifact.metadata.items())
    files = list(contents(server, artifact, environ))
    if not files:
        return ""
    if files[0].path.parts:
        names = [str(file.path) for file in files[:_LINES]]
        return "\n".join(names + (["…"] if len(files) > len(names) else []))
    data = bytearray()
    for chunk in files[0].chunks():
        data += chunk
        if len(data) >= _HEAD:
            break
    try:
        # The end may be in the middle of a character.
        text = bytes(data[:_HEAD]).decode("utf-8", "strict" if len(data) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return ""
    if "\0" in text:
        return ""
    if artifact.type == "HTML":
        text = _page_text(text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    shown = lines[:_LINES] if artifact.type != "Dataset" else _table(lines[: _LINES + 1])
    more = ["…"] if len(lines) > len(shown) else []
    return "\n".join([line if len(line) <= _WIDTH else f"{line[:_WIDTH]}…" for line in shown] + more)


def _table(lines: list[str]) -> list[str]:
    """Return lines of CSV with columns of equal width; other lines as they are."""
    rows = [row for row in islice(csv.reader(lines), _LINES + 1) if row]
    if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) == 1:
        return lines
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


class _Text(HTMLParser):
    """Collects the text of a page that a browser would show."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in {"script", "style"}
        # Within a line, words of different elements stay apart.
        self.parts.append("\n" if tag in {"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "title"} else " ")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in {"script", "style"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(" ".join(data.split()))


def _page_text(page: str) -> str:
    """Return the text of an HTML page."""
    reader = _Text()
    reader.feed(page)
    reader.close()
    return "\n".join(" ".join(line.split()) for line in "".join(reader.parts).splitlines())
