"""The real distribution server, `docker-registry`, on a free port of this machine: plain, with TLS, with a password."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.certificates import Certificates

# ann:s3cret, as `htpasswd -B` writes it.
HTPASSWD = "ann:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n"
_LISTENING = re.compile(r"listening on (127\.0\.0\.1:[0-9]+)")
_SECONDS = 30


@contextmanager
def serving_registry(folder: Path, *, tls: Certificates | None = None, password: bool = False) -> Iterator[str]:
    """Run a server that keeps its content in `folder`, and yield its host."""
    folder.mkdir(parents=True, exist_ok=True)
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "text", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": "127.0.0.1:0", "secret": "for one test"},
    }
    if tls:
        config["http"]["tls"] = {"certificate": str(tls.certificate), "key": str(tls.key)}
    if password:
        (folder / "htpasswd").write_text(HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    server = subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    host: list[str] = []
    listening = threading.Event()

    def read_log() -> None:
        assert server.stderr is not None
        with (folder / "log").open("wb") as log:
            for line in server.stderr:
                log.write(line)
                if match := _LISTENING.search(line.decode(errors="replace")):
                    host.append(match[1])
                    listening.set()
        listening.set()

    reader = threading.Thread(target=read_log)
    reader.start()
    try:
        listening.wait(_SECONDS)
        assert host, (folder / "log").read_text()
        yield host[0]
    finally:
        server.terminate()
        server.wait(_SECONDS)
        reader.join(_SECONDS)
        assert server.stderr is not None
        server.stderr.close()
