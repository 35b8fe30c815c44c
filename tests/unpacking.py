"""Real engines that pull an image from a plain registry on loopback and unpack it: each gives the root file system.

Every engine keeps its images, state and mounts in a folder of its own, and nothing of them stays.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands import run_program
from tests.daemons import daemon, require, scratch

_BOOTED = re.compile("containerd successfully booted")
# What kubelets and runtimes need, and pulling does not; the second makes a folder in /opt.
_CONTAINERD = """\
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "{socket}"
"""


@contextmanager
def by_docker(reference: str) -> Iterator[Path]:
    """Pull with the daemon that DOCKER_HOST names, and copy out of a container that never runs."""
    docker = require("docker")
    run_program(docker, "pull", "--quiet", reference)
    with scratch("docker") as folder:
        container = run_program(docker, "create", reference).strip()
        try:
            run_program(docker, "cp", "--archive", f"{container}:/", folder / "root")
        finally:
            run_program(docker, "rm", container)
        yield folder / "root"


@contextmanager
def by_containerd(reference: str) -> Iterator[Path]:
    """Start a containerd, pull with ctr, and mount a snapshot."""
    ctr, containerd = require("ctr"), require("containerd")
    with scratch("containerd") as folder:
        config, socket = folder / "config.toml", folder / "socket"
        config.write_text(_CONTAINERD.format(folder=folder, socket=socket))
        with daemon([containerd, "--config", str(config)], log=folder / "log", ready=_BOOTED):
            images = (ctr, "--address", socket, "images")
            root = folder / "mounted"
            root.mkdir()
            run_program(*images, "pull", "--plain-http", reference)
            run_program(*images, "mount", reference, root)
            yield root


@contextmanager
def by_buildah(reference: str) -> Iterator[Path]:
    """Pull into a storage of its own, make a working container, and mount it."""
    with scratch("buildah") as folder:
        buildah = (require("buildah"), *_storage(folder))
        name = run_program(*buildah, "from", "--quiet", "--isolation", "chroot", "--tls-verify=false", reference)
        yield Path(run_program(*buildah, "mount", name.strip()).strip())


@contextmanager
def by_podman(reference: str) -> Iterator[Path]:
    """Pull into a storage of its own, and mount the image."""
    with scratch("podman") as folder:
        podman = (require("podman"), *_storage(folder), "--tmpdir", folder / "tmp", "--cgroup-manager", "cgroupfs")
        run_program(*podman, "pull", "--quiet", "--tls-verify=false", reference)
        yield Path(run_program(*podman, "image", "mount", reference).strip())


@contextmanager
def by_umoci(reference: str) -> Iterator[Path]:
    """Copy into an image layout with skopeo, and unpack a bundle from there."""
    umoci = require("umoci")
    with scratch("umoci") as folder:
        skopeo_copy(f"docker://{reference}", f"oci:{folder}/layout:latest")
        run_program(umoci, "unpack", "--image", f"{folder}/layout:latest", folder / "bundle")
        yield folder / "bundle" / "rootfs"


def skopeo_copy(source: str, destination: str) -> None:
    """Copy an image from one place to another; registries are asked without TLS."""
    plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
    run_program(require("skopeo"), "--insecure-policy", "copy", "--quiet", *plain, source, destination)


def _storage(folder: Path) -> tuple[str | Path, ...]:
    return ("--root", folder / "root", "--runroot", folder / "run", "--storage-driver", "overlay")
