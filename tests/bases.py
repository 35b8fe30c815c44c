"""Small bases of Debian with a Python and the packages that a test names, and an archive to make them from."""

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.debian_archive import RELEASE, DebianArchive
from tests.images import image_of, layer_of, tar_of_tree
from toolkit.bases.making import PACKAGES, make_base
from toolkit.bases.recipe import Recipe
from toolkit.bases.suites import DEFAULT
from toolkit.bases.writing import write_base
from toolkit.cache.store import Cache
from toolkit.job.context import BuildContext
from toolkit.oci.descriptor import Platform, host_platform
from toolkit.oci.image import Built, Image

GLIBC = b"\0GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"
# Of a test that is not about Debian's archive, nothing asks it.
NO_MIRROR = {"COMP_DEBIAN_MIRROR": "http://127.0.0.1:9"}
OLD = {"base-files": "12.4", "libssl3": "3.0.15-1~deb12u1", "zlib1g": "1:1.2.13"}
NEW = {"base-files": "12.4", "libssl3": "3.0.16-1~deb12u1", "libzstd1": "1.5.4"}


def debian_base(
    packages: Mapping[str, str] = OLD,
    *,
    python: str = "3.11.2",
    labels: Mapping[str, str] | None = None,
    created: str = "2026-01-01T00:00:00Z",
    pip: str | None = None,
) -> Image:
    """Make a base whose list of packages is as in distroless images; with a version of pip, if there is one."""
    minor = ".".join(python.split(".")[:2])
    files: dict[str, bytes | str | None] = {
        "usr/bin/python3": f"python{minor}",
        f"usr/bin/python{minor}": f"\x7fELF\0junk\0{python}\0more".encode(),
        "usr/lib/x86_64-linux-gnu/libc.so.6": GLIBC,
        "etc/os-release": RELEASE,
        **{
            f"var/lib/dpkg/status.d/{name}": f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n".encode()
            for name, version in packages.items()
        },
    }
    if pip:
        metadata = f"usr/local/lib/python{minor}/site-packages/pip-{pip}.dist-info/METADATA"
        files[metadata] = f"Metadata-Version: 2.1\nName: pip\nVersion: {pip}\n".encode()
    settings = {"Env": ["PATH=/usr/bin"], "Labels": dict(labels or {})}
    return image_of([layer_of(tar_of_tree(files))], config=lambda data: data.update(config=settings, created=created))


def base_archive(folder: Path, *architectures: str) -> DebianArchive:
    """Make an archive with what every made base needs, each package with a file or two; by default for amd64."""
    architecture = "all" if architectures else "amd64"
    archive = DebianArchive(folder=folder)
    files: dict[str, dict[str, bytes | str]] = {
        "base-files": {"etc/os-release": RELEASE, "usr/share/doc/base-files/changelog.gz": b"x"},
        "ca-certificates": {"usr/share/ca-certificates/a.crt": b"A\n", "usr/share/ca-certificates/b.crt": b"B\n"},
        "python3": {"usr/bin/python3": "python3.11"},
        "dash": {"bin/sh": "dash", "bin/dash": b"dash"},
    }
    for name in PACKAGES:
        depends = "python3.11-minimal, libssl3" if name == "python3" else "libc6"
        version = "3.11.2-1+b1" if name == "python3" else "1.0-1"
        content = {f"usr/share/doc/{name}/copyright": b"License: MIT\n", **files.get(name, {})}
        archive.add(name, version, files=content, Depends=depends, architecture=architecture)
    further: dict[str, tuple[str, str, dict[str, bytes]]] = {
        "python3.11-minimal": ("3.11.2-6", "python3.11", {"usr/bin/python3.11": b"\x7fELF\0junk\x003.11.2\0"}),
        "libc6": ("2.36-9", "glibc", {"lib/x86_64-linux-gnu/libc.so.6": GLIBC}),
        "libssl3": ("3.0.15-1", "openssl", {"usr/lib/libssl.so.3": b"old"}),
        "gawk": ("5.2-1", "gawk", {"usr/bin/gawk": b"gawk"}),
    }
    for name, (version, source, held) in further.items():
        provided = "awk" if name == "gawk" else ""
        archive.add(name, version, files=held, Source=source, Provides=provided, architecture=architecture)
    archive.publish(*architectures)
    return archive


def fix_openssl(archive: DebianArchive) -> None:
    """Put a newer package into the security archive, and another one beside it."""
    changelog = (
        "openssl (3.0.16-1) bookworm-security; urgency=high\n\n  * Fix CVE-2026-1234 and CVE-2025-9999.\n\n"
        " -- A <a@example.com>  Thu, 01 Jan 2026 00:00:00 +0000\n\n"
        "openssl (3.0.15-1) bookworm; urgency=low\n\n  * Fix CVE-2024-0001.\n\n"
        " -- A <a@example.com>  Wed, 01 Jan 2025 00:00:00 +0000\n"
    )
    archive.add(
        "libssl3",
        "3.0.16-1",
        suite="bookworm-security",
        Depends="libc6",
        Source="openssl",
        files={
            "usr/lib/libssl.so.3": b"new",
            "usr/share/doc/libssl3/changelog.Debian.gz": gzip.compress(changelog.encode()),
        },
    )
    archive.add("tzdata", "1.0-2", suite="bookworm-updates", Depends="libc6")
    archive.publish()


def make_debian_base(
    folder: Path, *, cache: Path | None = None, packages: Sequence[str] = (), platforms: Sequence[Platform] = ()
) -> Built:
    """Make a real base of Debian bookworm from Debian's servers, as the layout `folder`."""
    context = BuildContext(cache=Cache(cache) if cache else Cache.default())
    recipe = Recipe(suite=DEFAULT, packages=tuple(packages))
    built = make_base(recipe, platforms or (host_platform(),), context)
    write_base(built, folder, name=f"debian-{recipe.suite}")
    return built
