"""Bases that contain the Python of this machine, with some files replaced by a test."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.images import image_of, tar_with
from toolkit.digest import Digest
from toolkit.oci.descriptor import OCI_LAYER, Descriptor, host_platform
from toolkit.oci.image import Image, Layer
from toolkit.python.base import BaseFacts

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHON = f"usr/local/bin/python{MINOR}"
STANDARD = f"usr/local/lib/python{MINOR}"
FACTS = BaseFacts(
    python=f"/{PYTHON}",
    version=sys.version.split()[0],
    libc="glibc",
    libc_version="2.31",
    os_id="debian",
    os_version="12",
    user="",
    packages={},
)
_LIBRARY = re.compile(r"(/\S+)\s\(0x")


def machine_base(replaced: Mapping[str, bytes] | None = None) -> Image:
    """Make a base of this machine's Python, with these files in the place of its own, by their paths."""
    tar = tar_with({**_files(), **(replaced or {})})
    # Not compressed, which takes longer than all else.
    descriptor = Descriptor(media_type=OCI_LAYER.removesuffix("+gzip"), digest=Digest.of(tar), size=len(tar))
    layer = Layer(descriptor=descriptor, diff_id=descriptor.digest, chunks=lambda: iter((tar,)))
    return image_of([layer], config=lambda data: data.update(architecture=host_platform().architecture))


def poisoned(code: str) -> Image:
    """Make a base whose Python runs this code before anything else, as a module that every Python imports first."""
    name = f"{STANDARD}/encodings/__init__.py"
    return machine_base({name: code.encode() + b"\n" + _files()[name]})


@cache
def _files() -> Mapping[str, bytes]:
    program = Path(sys.executable).resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    dynamic = sorted((standard / "lib-dynload").glob("*.so"))
    files = {PYTHON: program.read_bytes()}
    for path in (*standard.glob("*.py"), *standard.glob("encodings/*.py"), *dynamic):
        files[f"{STANDARD}/{path.relative_to(standard)}"] = path.read_bytes()
    libraries: set[str] = set()
    for path in (program, *dynamic):
        said = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout
        libraries.update(_LIBRARY.findall(said))
    for library in sorted(libraries):
        files[_place(library)] = Path(library).read_bytes()
    return files


def _place(library: str) -> str:
    """Say where a library of this machine goes: where an image has it."""
    return library.lstrip("/") if library.startswith(("/lib", "/usr/lib")) else f"usr/local/lib/{Path(library).name}"
