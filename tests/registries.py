"""The real distribution server, `docker-registry`, on a free port: plain, with TLS, or with a password."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.certificates import Certificates
from tests.daemons import daemon, require

# ann:s3cret, as `htpasswd -B` writes it.
HTPASSWD = "ann:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n"
_LISTENING = re.compile(r"listening on ([0-9.]+:[0-9]+)[^0-9]")


_BLOB = re.compile(r'"GET /v2/\S*/blobs/(sha256:[0-9a-f]{64}) HTTP/1\.1" 20[06] ([0-9]+) ')
_REQUEST = re.compile(r'"([A-Z]+ /v2/\S*) HTTP/1\.1" ([0-9]{3}) ')


def requests_to(folder: Path) -> list[str]:
    """List the requests so far to the server of `folder`, which logs them: `GET /v2/… 200`."""
    return [f"{found[1]} {found[2]}" for found in _REQUEST.finditer((folder / "log").read_text())]


def blob_bytes_sent(folder: Path) -> Counter[str]:
    """Count the bytes that the server of `folder`, which logs requests, sent of each blob so far."""
    sent: Counter[str] = Counter()
    for blob in _BLOB.finditer((folder / "log").read_text()):
        sent[blob[1]] += int(blob[2])
    return sent


@contextmanager
def serving_registry(
    folder: Path,
    *,
    tls: Certificates | None = None,
    password: bool = False,
    log_requests: bool = False,
    address: str = "127.0.0.1",
) -> Iterator[str]:
    """Run a server that keeps its content in `folder`, and yield its host; see `requests_to` for `log_requests`."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "text", "accesslog": {"disabled": not log_requests}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": f"{address}:0", "secret": "for one test"},
    }
    if tls:
        config["http"]["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    if password:
        (folder / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    command = [require("docker-registry"), "serve", str(folder / "config.yml")]
    with daemon(command, log=folder / "log", ready=_LISTENING) as listening:
        yield listening[1]
