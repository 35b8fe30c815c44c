"""Docker by its SDK: load, build, save and run. Every failure of the daemon becomes an OutsideError."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

from toolkit.errors import InputError, OutsideError
from toolkit.oci.archive import archive_chunks
from toolkit.oci.folder import folder_tar
from toolkit.oci.image import Image
from toolkit.system.signals import undone

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

log = logging.getLogger(__name__)

_TIMEOUT = 600
# Answers to a removal (Docker Engine API, "Remove a container"): it is gone, or it is being removed.
_GONE = frozenset({404, 409})
# The socket that docker's own programs take without DOCKER_HOST.
_USUAL = "/var/run/docker.sock"
# As of a pod under Kubernetes' `restricted` Pod Security Standard, with an emptyDir as /tmp. The daemon's own filter of
# system calls stays on.
_RESTRICTED = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "network_mode": "none",
    "tmpfs": {"/tmp": "rw,exec,nosuid,nodev,mode=1777"},  # noqa: S108 (in the container)
}


class Ended(Struct, frozen=True, kw_only=True):
    """How a container ended; `out_of_memory` if the kernel killed a process in it at its limit of memory."""

    code: int
    out_of_memory: bool = False


def connect(environ: Mapping[str, str], *, timeout: float = _TIMEOUT) -> "DockerClient":
    """Return a client of the daemon that DOCKER_HOST names in `environ`, else of the usual one.

    `timeout` is in seconds, for each request of the client. Raises OutsideError when no daemon answers.
    """
    import docker

    address = (environ.get("DOCKER_HOST") or _USUAL).removeprefix("unix://")
    with failing(f"docker does not answer at {address}"):
        client = docker.from_env(timeout=int(timeout), environment=environ)
        # Making a client connects to nothing yet.
        client.ping()
    return client


def version(environ: Mapping[str, str], *, timeout: float = 2) -> str | None:
    """Return the daemon's version, None if no daemon answers."""
    import docker

    try:
        client = docker.from_env(timeout=int(timeout), environment=environ)
        return str(client.version()["Version"])
    except (docker.errors.DockerException, OSError, KeyError, ValueError):
        return None


def daemon_version(client: "DockerClient") -> str:
    """Return the version of a daemon that answers."""
    with failing("docker does not answer"):
        return str(client.version().get("Version"))


def load_image(client: "DockerClient", image: Image, *, names: Sequence[str]) -> str:
    """Load an image, and return its id in the daemon."""
    identity = str(image.config_descriptor.digest)
    # An image without a name is the same under its id. A name may belong to another image by now.
    if not names and has_image(client, identity):
        return identity
    with failing("docker cannot load the image"):
        # The SDK passes `data` to requests, which streams any iterator.
        loaded = client.images.load(archive_chunks(image, names=names))  # type: ignore[arg-type]
    # A daemon that keeps images in containerd names them by another digest.
    return identity if has_image(client, identity) else str(loaded[0].id)


def has_image(client: "DockerClient", name: str) -> bool:
    """Whether the daemon has an image of this name or id."""
    import docker

    with failing("docker failed"):
        try:
            client.images.get(name)
        except docker.errors.ImageNotFound:
            return False
    return True


def image_id(client: "DockerClient", name: str) -> str:
    """Return the id of an image, which is pulled if it is missing."""
    pull_missing(client, name)
    with failing(f"docker cannot run {name}"):
        return str(client.images.get(name).id)


def build_image(client: "DockerClient", context: Path) -> str:
    """Build the Dockerfile in `context`, and return the image's id. Raises OutsideError with the end of the log."""
    import docker

    lines: list[str] = []
    with failing("docker cannot build the image"):
        try:
            # Streamed: the SDK's own archive is a file as large as the context, which stays if the build is broken off.
            sent: Any = folder_tar(context)
            # Containers of a failed build go as well.
            image, output = client.images.build(fileobj=sent, custom_context=True, rm=True, forcerm=True)
        except docker.errors.BuildError as error:
            lines = [str(entry.get("stream") or entry.get("error") or "").strip() for entry in error.build_log]
            tail = " / ".join(line for line in lines if line)[-2000:]
            raise OutsideError(f"docker cannot build the image: {error.msg}: {tail}") from error
        for entry in output:
            if isinstance(entry, dict) and (text := str(entry.get("stream", "")).strip()):
                log.debug("docker: %s", text)
    return str(image.id)


def save_image(client: "DockerClient", name: str, path: Path) -> None:
    """Write an image as `docker save` does."""
    with failing(f"docker cannot save {name}"), path.open("wb") as stream:
        for chunk in client.images.get(name).save(chunk_size=1 << 20):
            stream.write(chunk)


def remove_image(client: "DockerClient", name: str, *, keep_parents: bool = False) -> None:
    """Remove an image from the daemon; its parents without a name, which make the next build quick, may stay."""
    with failing(f"docker cannot remove {name}"):
        client.images.remove(name, force=True, noprune=keep_parents)


def pull_missing(client: "DockerClient", image: str) -> None:
    """Pull an image unless the daemon has it."""
    if not has_image(client, image):
        log.info("pulling %s", image)
        with failing(f"docker cannot pull {image}"):
            client.images.pull(image)


def image_user(client: "DockerClient", image: str) -> str:
    """Return the user that an image names, empty if it names none. A missing image is pulled."""
    pull_missing(client, image)
    with failing(f"docker cannot look at {image}"):
        settings = client.images.get(image).attrs.get("Config") or {}
    return str(settings.get("User") or "")


def caller(client: "DockerClient") -> str:
    """Return this user as containers number their users: root of a container is the user of a rootless daemon."""
    with failing("docker does not answer"):
        options = client.info().get("SecurityOptions") or []
    return "0:0" if "name=rootless" in options else f"{os.geteuid()}:{os.getegid()}"


def give_to(client: "DockerClient", image: str, owner: str, inside: str, folder: Path) -> None:
    """Give a folder with its content to a user; in a container, whose root may do that if this user is not root."""
    if os.geteuid() == 0:
        return
    command = ("-R", "-h", owner, inside)
    try:
        run_container(
            client,
            image,
            entrypoint=["chown"],
            command=command,
            mounts={inside: (folder, "rw")},
            user="0",
            network="none",
        )
    except OutsideError as error:
        # An image without programs; what is readable can still be copied.
        log.debug("the outputs keep their owner: %s", error)


def run_container(  # noqa: PLR0913 (options of `docker run`)
    client: "DockerClient",
    image: str,
    *,
    entrypoint: Sequence[str],
    command: Sequence[str],
    mounts: Mapping[str, tuple[Path, str]],
    user: str | None = None,
    groups: Sequence[int] = (),
    network: str | None = None,
    environment: Mapping[str, str] | None = None,
    output: IO[bytes] | None = None,
    restricted: bool = False,
    limits: Mapping[str, Any] = MappingProxyType({}),
) -> Ended:
    """Run a container to its end; its output goes to `output`, or our stderr, as it comes.

    `mounts` maps paths in the container to a path of this machine and `ro` or `rw`. The container is removed in any
    case. A missing image is pulled. `user` is the image's own if it is None, and is also in `groups`; `network` is the
    daemon's usual one, or `host`. `restricted` leaves it no network, no capability, no way to gain one, and only /tmp
    to write to. `limits` are those of `docker_limits`.
    """
    from docker.types import Mount

    pull_missing(client, image)
    # Not `volumes`: these join paths by colons, which a path may hold, and take each path of this machine once.
    bound = [Mount(inside, str(path), type="bind", read_only=mode == "ro") for inside, (path, mode) in mounts.items()]
    options: dict[str, Any] = {"entrypoint": list(entrypoint), "user": user, "network_mode": network}
    options |= {"environment": dict(environment or {}), "group_add": list(groups)}
    options |= limits
    if restricted:
        options |= _RESTRICTED
    # Options that are left out keep the default of the image or of the daemon.
    options = {name: value for name, value in options.items() if value}
    with failing(f"docker cannot run {image}"):
        container = client.containers.create(image, list(command), mounts=bound, **options)
        # Not `auto_remove`: the exit code is read after the end.
        with undone(lambda: _remove(container), ends=True):
            container.start()
            # The output ends with the container, so waiting takes no time then.
            _follow(container, output or sys.stderr.buffer)
            code = int(container.wait()["StatusCode"])
            container.reload()
            return Ended(code=code, out_of_memory=bool(container.attrs.get("State", {}).get("OOMKilled")))


def _remove(container: "Container") -> None:
    """Remove a container, unless it is gone or another thread is removing it."""
    from docker.errors import APIError

    try:
        container.remove(force=True)
    except APIError as error:
        if error.status_code not in _GONE:
            raise


def _follow(container: "Container", output: IO[bytes]) -> None:
    """Pass on a container's output as it comes."""
    for chunk in container.logs(stream=True, follow=True):
        output.write(chunk)
        output.flush()


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Raise the SDK's exceptions as a CompError whose message begins with `what`."""
    import docker
    import requests
    import urllib3

    try:
        yield
    except docker.errors.ImageNotFound as error:
        raise InputError(f"{what}: {error.explanation}", hint="build and push it first: comp build --push") from error
    except docker.errors.APIError as error:
        raise OutsideError(f"{what}: {error.explanation or error}") from error
    except (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
        ValueError,
    ) as error:
        # The SDK lets errors of requests through, of urllib3 from an answer that breaks off, and ValueError for an
        # invalid address.
        old = "API versions below" in str(error)
        hint = "update docker" if old else "is the daemon running, and may you use it? `docker info` shows it"
        # The SDK's own words around the system's say nothing more.
        reason = _reason(error)
        raise OutsideError(f"{what}: {_text(reason)}", hint=hint) from reason


def _reason(error: BaseException) -> BaseException:
    """Return the error of the operating system, which the SDK and requests wrap into errors of theirs."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner
        inner = inner.__cause__ or inner.__context__
    return error


def _text(error: BaseException) -> str:
    """Return an error's message, of the operating system without its number."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
