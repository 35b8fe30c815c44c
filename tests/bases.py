"""Small bases of Debian with a Python, of which each test says the packages."""

from collections.abc import Mapping

from tests.images import image_of, layer_of, tar_of_tree
from toolkit.oci.image import Image

OLD = {"base-files": "12.4", "libssl3": "3.0.15-1~deb12u1", "zlib1g": "1:1.2.13"}
NEW = {"base-files": "12.4", "libssl3": "3.0.16-1~deb12u1", "libzstd1": "1.5.4"}


def debian_base(
    packages: Mapping[str, str] = OLD,
    *,
    python: str = "3.11.2",
    labels: Mapping[str, str] | None = None,
    created: str = "2026-01-01T00:00:00Z",
) -> Image:
    """Make a base whose list of packages is as in distroless images."""
    minor = ".".join(python.split(".")[:2])
    files: dict[str, bytes | str | None] = {
        "usr/bin/python3": f"python{minor}",
        f"usr/bin/python{minor}": f"\x7fELF\0junk\0{python}\0more".encode(),
        "usr/lib/x86_64-linux-gnu/libc.so.6": b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n",
        "etc/os-release": b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n',
        **{
            f"var/lib/dpkg/status.d/{name}": f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n".encode()
            for name, version in packages.items()
        },
    }
    settings = {"Env": ["PATH=/usr/bin"], "Labels": dict(labels or {})}
    return image_of([layer_of(tar_of_tree(files))], config=lambda data: data.update(config=settings, created=created))
