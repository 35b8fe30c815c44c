"""Make a base image from Debian packages with `mmdebstrap`, for places where no base can be pulled.

The packages are only unpacked: no maintainer script runs, so what their scripts would have made and Python
needs is written here. The layer is compressed by zlib, so its digest is the same for the same packages and
zlib, not everywhere; a base is made once and then named by its digest.
"""

import gzip
import hashlib
import io
import json
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

from toolkit import temporary
from toolkit.atomic import made_parents
from toolkit.errors import OutsideError
from toolkit.oci.descriptor import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, Platform, host_platform
from toolkit.oci.digest import Digest
from toolkit.oci.image import Built, Image, ImageIndex, Layer
from toolkit.oci.layout import read_layout, write_layout

log = logging.getLogger(__name__)

SUITE = "bookworm"
PACKAGES = (
    *("python3", "libpython3-stdlib", "libstdc++6", "libgcc-s1", "ca-certificates", "tzdata", "netbase"),
    *("base-files", "dash", "coreutils", "grep", "sed"),
)

_TIMEOUT = 600
_FILE_TIME = 315532800  # 1980-01-01, as in every layer of ours
_CHUNK = 1 << 20
_LEFT_OUT = (
    *("dev", "var/cache", "var/log", "var/lib/apt", "usr/share/doc", "usr/share/man", "usr/share/locale"),
    # mmdebstrap copies these from the machine that it runs on.
    *("etc/apt", "etc/hostname", "etc/machine-id", "etc/resolv.conf"),
)
# What Debian's usrmerge makes before any package is there; mmdebstrap hands the root folder over as $1.
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
    """Make a base with Python and write it as an OCI layout to `folder`: an index where there are several platforms.

    `platforms` are this machine's when none is named; packages of others need no emulation, since they are only
    unpacked. `packages` come on top of the built-in list. Needs mmdebstrap and Debian's package servers; root, or
    user namespaces. Raises OutsideError.
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
        made = images[0] if len(images) == 1 else ImageIndex.of(images, annotations={})
        write_layout(made, staged, name=f"debian-{suite}")
        if folder.exists():
            shutil.rmtree(folder)
        staged.rename(folder)
    # The images in hand read their layers from the folder that is gone.
    again = [read_layout(folder, platform=platform) for platform in wanted]
    return again[0] if len(again) == 1 else ImageIndex.of(again, annotations={})


def _command(program: str, suite: str, packages: Sequence[str], platform: Platform) -> list[str]:
    include = ",".join((*PACKAGES, *packages))
    merged = _MERGE_USR.format(names=_MERGED.get(platform.architecture, _MERGED_ELSEWHERE))
    command = [program, "--quiet", "--variant=extract", f"--include={include}", f"--setup-hook={merged}"]
    return [*command, f"--architectures={platform.architecture}", "--format=tar", suite, "-"]


def _unpacked(command: Sequence[str], blob: Path) -> tuple[Digest, int]:
    """Run mmdebstrap and write what it gives as a layer; return the layer's diff_id and its newest file's time."""
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        # It may hang while its output is read, where no time limit of ours applies.
        timer = threading.Timer(_TIMEOUT, process.kill)
        timer.start()
        try:
            written = _write_layer(process.stdout, blob)
            failed = process.wait()
        except (tarfile.TarError, EOFError):
            if process.stdout:
                process.stdout.close()
            failed = process.wait() or 1
        finally:
            timer.cancel()
            process.kill()
        if failed:
            raise OutsideError(f"mmdebstrap failed: {_last_lines(errors)}", hint="run it by hand to see more")
    return written


def _write_layer(packed: IO[bytes] | None, blob: Path) -> tuple[Digest, int]:
    """Rewrite mmdebstrap's tar as a layer; return its diff_id and the time of the newest file in it."""
    certificates: list[bytes] = []
    seen: set[str] = set()
    newest = 0
    with blob.open("wb") as out, gzip.GzipFile("", "wb", 6, out, mtime=0) as zipped:
        hashing = _Hashing(zipped)
        with (
            tarfile.open(fileobj=packed, mode="r|") as source,
            tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as target,  # type: ignore[call-overload]
        ):
            for member in source:
                path = member.name.removeprefix("./")
                if path == "." or not path or any(path == name or path.startswith(f"{name}/") for name in _LEFT_OUT):
                    continue
                content = source.extractfile(member) if member.isreg() else None
                data = content.read() if content else b""
                if path.startswith(_CERTIFICATES) and path.endswith(".crt"):
                    certificates.append(data)
                if member.isreg() and path.startswith("usr/"):
                    newest = max(newest, int(member.mtime))
                seen.add(path.rstrip("/"))
                _add(target, _cleaned(member, path), data)
            for info, data in _written(certificates):
                if info.name not in seen:
                    _add(target, info, data)
    return Digest(hashing.hasher.hexdigest()), newest


class _Hashing:
    """A stream that hashes what passes through it."""

    def __init__(self, stream: BinaryIO | gzip.GzipFile) -> None:
        self.stream = stream
        self.hasher = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.hasher.update(data)
        return self.stream.write(data)


def _cleaned(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
    member.name = path
    member.linkname = member.linkname.removeprefix("./")
    member.mtime = _FILE_TIME
    member.uname = member.gname = ""
    member.pax_headers = {}
    return member


def _written(certificates: list[bytes]) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """Give what the packages' scripts would have made."""
    yield _info("etc/passwd"), _PASSWD
    yield _info("etc/group"), _GROUP
    yield _info(_BUNDLE), b"".join(certificates)
    for path, mode in (("dev", 0o755), ("proc", 0o755), ("sys", 0o755), ("tmp", 0o1777), ("var/tmp", 0o1777)):
        directory = _info(path, mode=mode)
        directory.type = tarfile.DIRTYPE
        yield directory, b""


def _info(path: str, *, mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.mode = mode
    info.mtime = _FILE_TIME
    return info


def _add(target: tarfile.TarFile, info: tarfile.TarInfo, data: bytes) -> None:
    if info.isreg():
        info.size = len(data)
        target.addfile(info, io.BytesIO(data))
    else:
        target.addfile(info)


def _image(blob: Path, diff_id: Digest, newest: int, platform: Platform) -> Image:
    with blob.open("rb") as stream:
        digest = Digest(hashlib.file_digest(stream, "sha256").hexdigest())
    layer = Layer(
        descriptor=Descriptor(media_type=OCI_LAYER, digest=digest, size=blob.stat().st_size),
        diff_id=diff_id,
        chunks=partial(_chunks, blob),
    )
    created = datetime.fromtimestamp(newest, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    config = _json(
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
    manifest = _json(
        {
            "config": described.to_dict(),
            "layers": [layer.descriptor.to_dict()],
            "mediaType": OCI_MANIFEST,
            "schemaVersion": 2,
        }
    )
    return Image(media_type=OCI_MANIFEST, manifest=manifest, config=config, layers=(layer,))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _last_lines(stream: BinaryIO, count: int = 5) -> str:
    stream.seek(0)
    return " / ".join(stream.read().decode(errors="replace").strip().splitlines()[-count:]) or "no output"
