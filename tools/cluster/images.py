"""Images of the cluster's own programs, without a base, as archives that `ctr images import` reads."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from tools.cluster.programs import ARGO, KUBERNETES, Programs

PAUSE = "comp.test/pause:1"
ARGO_PROGRAMS = "comp.test/argo:1"
# Numeric and not root: a pod that sets runAsNonRoot must be able to see it.
_USER = "8737"
_PATH = "/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


class _Contents(Struct, frozen=True, kw_only=True):
    """An image: its name, the programs in /bin, and what it runs by default."""

    name: str
    programs: Sequence[Path]
    command: Sequence[str]


def write_images(programs: Programs, folder: Path) -> list[Path]:
    """Write an archive for each image, and return them."""
    folder.mkdir()
    pause = programs.path(KUBERNETES, "pause")
    argo = [programs.path(ARGO, name) for name in ARGO.packages]
    images = (
        _Contents(name=PAUSE, programs=[pause], command=["/bin/pause"]),
        # One image for controller and executor: fewer bytes to import.
        _Contents(name=ARGO_PROGRAMS, programs=argo, command=["/bin/argoexec"]),
    )
    return [_write_image(image, folder / f"{number}.tar") for number, image in enumerate(images)]


def _write_image(image: _Contents, archive: Path) -> Path:
    """Write an image in the form of `docker save` (Docker image specification 1.2)."""
    layer = archive.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        _add_folder(tar, "bin", 0o755)
        # Argo's executor writes here as any user.
        _add_folder(tar, "tmp", 0o1777)
        for program in image.programs:
            tar.add(program, f"bin/{program.name}", filter=_as_program)
    with layer.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": list(image.command), "Env": [f"PATH={_PATH}"], "User": _USER},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest: list[dict[str, Any]] = [{"Config": "config.json", "RepoTags": [image.name], "Layers": ["layer.tar"]}]
    with tarfile.open(archive, "w") as tar:
        tar.add(layer, "layer.tar")
        for name, data in (("config.json", config), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    layer.unlink()
    return archive


def _add_folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    tar.addfile(info)


def _as_program(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.mode, info.uid, info.gid = 0o755, 0, 0
    return info
