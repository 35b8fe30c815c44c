"""Make a base image from Debian packages with `mmdebstrap`, where no base can be pulled.

The packages are only unpacked, and no maintainer script runs: the files that scripts would make and that Python needs
are written here. zlib compresses the layer, so its digest depends on the packages and on zlib. A base is made once, and
named by its digest from then on.
"""

import gzip
import hashlib
import io
import logging
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from toolkit.digest import Digest, canonical_json
from toolkit.errors import OutsideError
from toolkit.oci.descriptor import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, Platform, host_platform
from toolkit.oci.image import Built, Image, ImageIndex, Layer
from toolkit.oci.layout import read_layout, write_layout
from toolkit.system import temporary
from toolkit.system.atomic import made_parents

log = logging.getLogger(__name__)

SUITE = "bookworm"
PACKAGES = (
    *("python3", "libpython3-stdlib", "libstdc++6", "libgcc-s1", "ca-certificates", "tzdata", "netbase"),
    *("base-files", "dash", "coreutils", "grep", "sed"),
)

# Seconds for each platform.
_TIMEOUT = 600
_FILE_TIME = 315532800  # 1980-01-01, as in every layer of ours
_CHUNK = 1 << 20
_LEFT_OUT = (
    *("dev", "var/cache", "var/log", "var/lib/apt", "usr/share/man", "usr/share/locale"),
    # mmdebstrap copies these from this machine.
    *("etc/apt", "etc/hostname", "etc/machine-id", "etc/resolv.conf"),
)
# Of the documents, licences come along, as most of them ask, and the links between the folders of packages.
_DOCUMENTS = "usr/share/doc/"
# Packages that are only unpacked do not reach dpkg's database. Scanners read this form of it, which images without
# dpkg have: a file with its control fields for each package.
_RECORD = (
    'mkdir -p "$1/var/lib/dpkg/status.d"; for deb in "$1"/var/cache/apt/archives/*.deb; do '
    'dpkg-deb --field "$deb" > "$1/var/lib/dpkg/status.d/$(dpkg-deb --field "$deb" Package)" || exit 1; done'
)
# Links that Debian's usrmerge makes before any package is unpacked; mmdebstrap passes the root folder as $1.
_MERGE_USR = 'for name in {names}; do mkdir -p "$1/usr/$name"; ln -s "usr/$name" "$1/$name"; done'
_MERGED = {"amd64": "bin sbin lib lib64"}
_MERGED_ELSEWHERE = "bin sbin lib"
_CERTIFICATES = "usr/share/ca-certificates/"
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
_GROUP = b"root:x:0:\nnogroup:x:65534:\n"


def make_debian_base(
    folder: Path, *, suite: str = SUITE, packages: Sequence[str] = (), platforms: Sequence[Platform] = ()
) -> Built:
    """Make a base with Python, write it as an OCI layout to `folder`, and return it: an index for several platforms.

    The default of `platforms` is this machine's. Others need no emulation, since packages are only unpacked. `packages`
    are added to the built-in list. mmdebstrap needs Debian's package servers, and root or user namespaces. Raises
    OutsideError.
    """
    program = shutil.which("mmdebstrap")
    if program is None:
        raise OutsideError("mmdebstrap is not installed", hint="apt-get install mmdebstrap, or name another base")
    wanted = tuple(dict.fromkeys(platforms)) or (host_platform(),)
    with made_parents(folder), temporary.folder("base", beside=folder.parent) as beside:
        images = []
        for platform in wanted:
            log.info("making a base from Debian %s packages for %s", suite, platform)
            blob = beside / platform.architecture
            diff_id, newest = _unpacked(_command(program, suite, packages, platform), blob)
            images.append(_image(blob, diff_id, newest, platform))
        staged = beside / "layout"
        built = images[0] if len(images) == 1 else ImageIndex.of(images, annotations={})
        write_layout(built, staged, name=f"debian-{suite}")
        # Late, so that a failure leaves an older base as it is.
        if folder.exists():
            shutil.rmtree(folder)
        staged.rename(folder)
    # The images made above read their layers from the removed folder.
    images = [read_layout(folder, platform=platform) for platform in wanted]
    return images[0] if len(images) == 1 else ImageIndex.of(images, annotations={})


def _command(program: str, suite: str, packages: Sequence[str], platform: Platform) -> list[str]:
    """Return mmdebstrap's command line, which writes a tar to stdout."""
    include = ",".join((*PACKAGES, *packages))
    merged = _MERGE_USR.format(names=_MERGED.get(platform.architecture, _MERGED_ELSEWHERE))
    command = [program, "--quiet", "--variant=extract", f"--include={include}", f"--setup-hook={merged}"]
    command.append(f"--extract-hook={_RECORD}")
    return [*command, f"--architectures={platform.architecture}", "--format=tar", suite, "-"]


def _unpacked(command: Sequence[str], blob: Path) -> tuple[Digest, int]:
    """Run mmdebstrap and write its tar as a layer. Return the layer's diff_id, and the time of its newest file."""
    with (
        # A file, since a pipe would fill up while only the other one is read.
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        # It may hang while its output is read, which has no time limit.
        timer = threading.Timer(_TIMEOUT, process.kill)
        timer.start()
        try:
            written = _write_layer(process.stdout, blob)
            failed = process.wait()
        except (tarfile.TarError, EOFError):
            # mmdebstrap failed, and its tar ends early. Its pipe is closed so that it cannot wait for a reader.
            if process.stdout:
                process.stdout.close()
            failed = process.wait() or 1
        finally:
            timer.cancel()
            process.kill()
        if failed:
            raise OutsideError(
                f"mmdebstrap failed: {_last_lines(errors)}",
                hint="check the suite, the packages and the platform, and the sources of apt",
            )
    return written


def _write_layer(packed: IO[bytes] | None, blob: Path) -> tuple[Digest, int]:
    """Rewrite mmdebstrap's tar as a layer. Return its diff_id, and the time of its newest file."""
    certificates: list[bytes] = []
    seen: set[str] = set()
    newest = 0
    # Without a name and a time in the header, equal files have one digest.
    with blob.open("wb") as out, gzip.GzipFile("", "wb", 6, out, mtime=0) as zipped:
        hashing = _Hashing(zipped)
        with (
            tarfile.open(fileobj=packed, mode="r|") as source,
            tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as target,  # type: ignore[call-overload]
        ):
            for member in source:
                path = member.name.removeprefix("./")
                if path in {"", "."} or _is_left_out(member, path.rstrip("/")):
                    continue
                content = source.extractfile(member) if member.isreg() else None
                data = content.read() if content else b""
                if path.startswith(_CERTIFICATES) and path.endswith(".crt"):
                    certificates.append(data)
                # Packages bring these with the times of their release; elsewhere files are made on this day.
                if member.isreg() and path.startswith("usr/"):
                    newest = max(newest, int(member.mtime))
                seen.add(path.rstrip("/"))
                _add(target, _cleaned(member, path), data)
            for info, data in _written(certificates):
                # A package may bring the file itself, and a layer holds each path once.
                if info.name not in seen:
                    _add(target, info, data)
    return Digest(hashing.hasher.hexdigest()), newest


def _is_left_out(member: tarfile.TarInfo, path: str) -> bool:
    """Return whether a base does without a file."""
    if path.startswith(_DOCUMENTS):
        _, slash, inside = path.removeprefix(_DOCUMENTS).partition("/")
        return inside != "copyright" if slash else not (member.isdir() or member.issym())
    return any(path == name or path.startswith(f"{name}/") for name in _LEFT_OUT)


class _Hashing:
    """A stream that hashes everything that passes through it."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self.stream = stream
        self.hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Pass bytes on, and hash them (the part of a stream that tarfile uses)."""
        self.hasher.update(data)
        return self.stream.write(data)


def _cleaned(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    """Return a member without the traces of this machine and day."""
    member.name = path
    member.linkname = member.linkname.removeprefix("./")
    member.mtime = _FILE_TIME
    member.uname = member.gname = ""
    member.pax_headers = {}
    return member


def _written(certificates: list[bytes]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Return the files that the packages' scripts would have made."""
    yield _info("etc/passwd"), _PASSWD
    yield _info("etc/group"), _GROUP
    yield _info(_BUNDLE), b"".join(certificates)
    for path, mode in (("dev", 0o755), ("proc", 0o755), ("sys", 0o755), ("tmp", 0o1777), ("var/tmp", 0o1777)):
        directory = _info(path, mode=mode)
        directory.type = tarfile.DIRTYPE
        yield directory, b""


def _info(path: str, *, mode: int = 0o644) -> tarfile.TarInfo:
    """Return the header of a file that is made here."""
    info = tarfile.TarInfo(path)
    info.mode = mode
    info.mtime = _FILE_TIME
    return info


def _add(target: tarfile.TarFile, info: tarfile.TarInfo, data: bytes) -> None:
    """Add one member, with its content if it is a file."""
    if info.isreg():
        info.size = len(data)
        target.addfile(info, io.BytesIO(data))
    else:
        target.addfile(info)


def _image(blob: Path, diff_id: Digest, newest: int, platform: Platform) -> Image:
    """Return the image of one layer."""
    with blob.open("rb") as stream:
        digest = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
    layer = Layer(
        descriptor=Descriptor(media_type=OCI_LAYER, digest=digest, size=blob.stat().st_size),
        diff_id=diff_id,
        chunks=partial(_chunks, blob),
    )
    # The time of the newest package and not that of the clock: the same packages give the same image.
    created = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = canonical_json(
        {
            "architecture": platform.architecture,
            "config": {
                "Cmd": ["python3"],
                "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
            },
            "created": created,
            "history": [{"created": created, "created_by": "comp base: Debian packages, unpacked"}],
            "os": platform.os,
            "rootfs": {"diff_ids": [str(diff_id)], "type": "layers"},
        }
    )
    described = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(config), size=len(config))
    manifest = canonical_json(
        {
            "config": described.to_dict(),
            "layers": [layer.descriptor.to_dict()],
            "mediaType": OCI_MANIFEST,
            "schemaVersion": 2,
        }
    )
    return Image(media_type=OCI_MANIFEST, manifest=manifest, config=config, layers=(layer,))


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _last_lines(stream: BinaryIO, count: int = 5) -> str:
    """Return the end of what a program printed, on one line."""
    stream.seek(0)
    return " / ".join(stream.read().decode(errors="replace").strip().splitlines()[-count:]) or "no output"
