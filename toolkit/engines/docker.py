"""Docker by its SDK: load, build, save and run. Every failure of the daemon becomes an OutsideError."""

import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.errors import InputError, OutsideError
from toolkit.leaving import undone
from toolkit.oci.archive import archive_chunks
from toolkit.oci.image import Image

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

log = logging.getLogger(__name__)

_TIMEOUT = 600
_LOG_LINES = 20


def connect(*, timeout: float = _TIMEOUT) -> "DockerClient":
    """Connect to the daemon that the environment names (DOCKER_HOST), or the usual one.

    `timeout` is in seconds, and holds for every request of the client.
    """
    import docker

    with failing("docker does not answer"):
        client = docker.from_env(timeout=int(timeout))
        client.ping()
    return client


def version(*, timeout: float = 2) -> str | None:
    """Give the daemon's version, quietly None when there is none."""
    import docker

    try:
        client = docker.from_env(timeout=int(timeout))
        return str(client.version()["Version"])
    except (docker.errors.DockerException, OSError, KeyError, ValueError):
        return None


def load_image(client: "DockerClient", image: Image, *, names: Sequence[str]) -> str:
    """Load an image and give the id by which the daemon knows it."""
    identity = str(image.config_descriptor.digest)
    if not names and has_image(client, identity):
        return identity
    with failing("docker cannot load the image"):
        # The SDK hands `data` on to requests, which streams any iterator.
        loaded = client.images.load(archive_chunks(image, names=names))  # type: ignore[arg-type]
    return identity if has_image(client, identity) else str(loaded[0].id)


def has_image(client: "DockerClient", name: str) -> bool:
    """Tell whether the daemon has an image of this name or id."""
    import docker

    try:
        client.images.get(name)
    except docker.errors.ImageNotFound:
        return False
    except docker.errors.APIError as error:
        raise OutsideError(f"docker failed: {error.explanation or error}") from error
    return True


def build_image(client: "DockerClient", context: Path) -> str:
    """Build the Dockerfile in `context` and give the image's id; the last lines of the log are in the error."""
    import docker

    lines: list[str] = []
    with failing("docker cannot build the image"):
        try:
            image, output = client.images.build(path=str(context), rm=True, forcerm=True)
        except docker.errors.BuildError as error:
            lines = [str(entry.get("stream") or entry.get("error") or "").strip() for entry in error.build_log]
            tail = " / ".join(line for line in lines if line)[-2000:]
            raise OutsideError(f"docker cannot build the image: {error.msg}: {tail}") from error
        for entry in output:
            if isinstance(entry, dict) and (text := str(entry.get("stream", "")).strip()):
                log.debug("docker: %s", text)
    return str(image.id)


def save_image(client: "DockerClient", name: str, path: Path) -> None:
    """Write what `docker save` gives."""
    with failing(f"docker cannot save {name}"), path.open("wb") as stream:
        for chunk in client.images.get(name).save(chunk_size=1 << 20):
            stream.write(chunk)


def remove_image(client: "DockerClient", name: str) -> None:
    """Remove an image that was made on the way."""
    with failing(f"docker cannot remove {name}"):
        client.images.remove(name, force=True)


def run_container(
    client: "DockerClient",
    image: str,
    *,
    entrypoint: Sequence[str],
    command: Sequence[str],
    mounts: Mapping[str, tuple[Path, str]],
    user: str | None = None,
    network: str | None = None,
) -> int:
    """Run a container to its end and give its exit code; its output goes to our stderr as it comes.

    `mounts` says for a path in the container which host path appears there and whether `ro` or `rw`. The container
    is removed, whatever happens. An image that is missing is pulled. `user` is the image's own, if it is None, and
    `network` the daemon's usual one, or `host`.
    """
    from docker.types import Mount

    if not has_image(client, image):
        log.info("pulling %s", image)
        with failing(f"docker cannot pull {image}"):
            client.images.pull(image)
    # Not `volumes`: those are joined by colons, which a path may hold, and take each host path once.
    bound = [Mount(inside, str(path), type="bind", read_only=mode == "ro") for inside, (path, mode) in mounts.items()]
    options: dict[str, Any] = {"entrypoint": list(entrypoint), "user": user, "network_mode": network}
    options = {name: value for name, value in options.items() if value}
    with failing(f"docker cannot run {image}"):
        container = client.containers.create(image, list(command), mounts=bound, **options)
        with undone(lambda: container.remove(force=True)):
            container.start()
            _follow(container)
            return int(container.wait()["StatusCode"])


def _follow(container: "Container") -> None:
    for chunk in container.logs(stream=True, follow=True):
        sys.stderr.buffer.write(chunk)
        sys.stderr.buffer.flush()


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into one of ours that begins with `what`."""
    import docker
    import requests

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise InputError(f"{what}: {error.explanation}", hint="build and push it first: comp build --push") from error
    except docker.errors.APIError as error:
        raise OutsideError(f"{what}: {error.explanation or error}") from error
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError, ValueError) as error:
        raise OutsideError(
            f"{what}: {_reason(error)}", hint="is the daemon running, and may you use it? `docker info` tells"
        ) from error


def _reason(error: BaseException) -> str:
    """Find the operating system's own words under what the SDK and requests wrap around them."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return str(error)
