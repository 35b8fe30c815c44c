"""Real engines that pull an image from a plain registry on loopback and unpack it; each returns the root file system.

Every engine keeps its images, state and mounts in a folder of its own, which is removed afterwards.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.commands import run_program
from tests.daemons import daemon, require, scratch

_BOOTED = re.compile("containerd successfully booted")
_LISTENING = re.compile("listening")
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
    with scratch("containerd") as folder, running_containerd(folder) as socket:
        images = (require("ctr"), "--address", socket, "images")
        root = folder / "mounted"
        root.mkdir()
        run_program(*images, "pull", "--plain-http", reference)
        run_program(*images, "mount", reference, root)
        yield root


@contextmanager
def by_stargz_snapshotter(reference: str) -> Iterator[Path]:
    """Start a containerd with stargz-snapshotter, pull with ctr-remote, and mount a snapshot that reads lazily."""
    with scratch("stargz") as folder:
        address = folder / "stargz.socket"
        snapshotter = [require("stargz-snapshotter"), str(folder / "stargz"), str(address)]
        plugin = f'[proxy_plugins.stargz]\ntype = "snapshot"\naddress = "{address}"\n'
        with (
            daemon(snapshotter, log=folder / "stargz.log", ready=_LISTENING),
            running_containerd(folder, more=plugin) as socket,
        ):
            ctr, lazily = (require("ctr-remote"), "--address", socket), ("--snapshotter", "stargz")
            root = folder / "mounted"
            root.mkdir()
            run_program(*ctr, "images", "rpull", *lazily, "--plain-http", reference)
            # Not `images mount`: it unpacks the image once more, from layers that were not fetched.
            snapshots = [line.split() for line in run_program(*ctr, "snapshots", *lazily, "ls").splitlines()[1:]]
            parents = {parent for _, parent, *rest in snapshots if rest}
            (top,) = (key for key, *_ in snapshots if key not in parents)
            mount = run_program(*ctr, "snapshots", *lazily, "view", "--target", root, "view", top)
            run_program("sh", "-ec", mount)
            yield root


@contextmanager
def running_containerd(folder: Path, *, more: str = "") -> Iterator[Path]:
    """Run a containerd that keeps its content in `folder`, with `more` in its settings, and yield its socket."""
    config, socket = folder / "config.toml", folder / "socket"
    config.write_text(_CONTAINERD.format(folder=folder, socket=socket) + more)
    with daemon([require("containerd"), "--config", str(config)], log=folder / "log", ready=_BOOTED):
        yield socket


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
