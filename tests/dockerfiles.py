"""Components whose image a Dockerfile describes."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.images import image_of, layer_of
from toolkit.oci.contents import layer_tar
from toolkit.oci.image import Image

_PROGRAMS = ("sh", "dash", "cat", "sleep", "ls", "mkdir", "dirname", "wc")
_LIBRARIES = ("libc.so", "ld-linux", "libselinux", "libpcre2-8")
_FOLDERS = {"dev", "etc", "proc", "run", "sys", "tmp"}

CONTRACT = """name: Count lines
inputs:
- {name: text, type: String, default: hello}
outputs:
- {name: lines, type: Integer}
metadata:
  annotations: {version: 1.2.0}
implementation:
  container:
    image: count-lines:1.2.0
    command: [sh, -ec, 'mkdir -p "$(dirname "$1")"; echo "$0" | wc -l > "$1"', {inputValue: text}, {outputPath: lines}]
"""


def write_dockerfile_component(
    folder: Path, dockerfile: str, *, settings: str = "", files: Mapping[str, str] | None = None
) -> Path:
    """Write a component with a Dockerfile; `settings` are lines of [tool.comp], `files` more of its files."""
    given = {
        "pyproject.toml": '[project]\nname = "count-lines"\nversion = "1.2.0"\ndescription = "Count."\n\n[tool.comp]\n'
        f'dockerfile = "Dockerfile"\n{settings}\n',
        "component.yaml": CONTRACT,
        "Dockerfile": dockerfile,
        **(files or {}),
    }
    for path, text in given.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def tiny_image(base: Image) -> Image:
    """Return an image with a few files of a Debian base: a shell, its libraries, and the folders that steps need."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tiny:
        for layer in base.layers:
            with layer_tar(layer) as archive:
                for member in archive:
                    member.name = member.name.removeprefix("./").rstrip("/")
                    if _is_tiny(member):
                        tiny.addfile(member, archive.extractfile(member) if member.isreg() else None)
    path = {"config": {"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["sh"]}}
    return image_of([layer_of(buffer.getvalue())], config=lambda data: data.update(path))


def _is_tiny(member: tarfile.TarInfo) -> bool:
    """Return whether a file of a Debian base is one of the few."""
    folder, _, name = member.name.rpartition("/")
    if not folder:
        return member.issym() or name in _FOLDERS
    if folder == "etc":
        return name in {"passwd", "group"}
    if folder == "usr/bin":
        return name in _PROGRAMS
    return folder.startswith("usr/lib") and name.startswith(_LIBRARIES) and not member.isdir()
