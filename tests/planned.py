"""Plans of small images, what the embedded builder makes of them, and the trees that they hold."""

import tarfile
from io import BytesIO
from pathlib import Path

from tests.artifacts import base_image, base_of, installed, pack_wheel
from toolkit.builders.embedded import EmbeddedBuilder
from toolkit.builders.plan import Plan
from toolkit.builders.planning import make_plan
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.oci.image import Image
from toolkit.progress import silent
from toolkit.wheels.wheel import Wheel


def make(project: Project, wheels: tuple[Wheel, ...] = (), *, docker: bool = False) -> Plan:
    base = base_image(docker=docker)
    return make_plan(project, base_of(base), installed(wheels, base), environ={})


def build(project: Project, cache: Path, wheels: tuple[Wheel, ...] = (), *, docker: bool = False) -> Image:
    return EmbeddedBuilder(Cache(cache)).build(make(project, wheels, docker=docker), silent)


def two_wheels(folder: Path) -> tuple[Wheel, ...]:
    return (
        pack_wheel(
            folder, {"one/__init__.py": "1", "shared.py": "one", "one-1.0.data/scripts/x": "#!python\n"}, name="one"
        ),
        pack_wheel(folder, {"two/__init__.py": "2", "shared.py": "two"}, name="two"),
    )


def layer_trees(image: Image) -> dict[str, tuple[str, int, float, bytes | str]]:
    """Unpack the layers above the base, the upper over the lower."""
    found: dict[str, tuple[str, int, float, bytes | str]] = {}
    for layer in image.layers[1:]:
        with tarfile.open(fileobj=BytesIO(b"".join(layer.chunks()))) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isfile() else None
                content: bytes | str = stream.read() if stream else member.linkname
                kind = "d" if member.isdir() else "l" if member.issym() else "f"
                found[member.name] = (kind, 0o777 if kind == "l" else member.mode, member.mtime, content)
    return found


def folder_tree(root: Path) -> dict[str, tuple[str, int, float, bytes | str]]:
    found: dict[str, tuple[str, int, float, bytes | str]] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        status = path.lstat()
        if path.is_symlink():
            found[name] = ("l", 0o777, status.st_mtime, str(path.readlink()))
        elif path.is_dir():
            found[name] = ("d", status.st_mode & 0o7777, status.st_mtime, "")
        else:
            found[name] = ("f", status.st_mode & 0o7777, status.st_mtime, path.read_bytes())
    return found
