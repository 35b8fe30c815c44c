"""A small signed archive of Debian packages, made from text and served on loopback."""

import gzip
import hashlib
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from tests.images import Files, image_of, layer_of, tar_of_tree
from tests.web_registry import Site, serving
from toolkit.oci.blob import zstandard
from toolkit.oci.image import Image

_DATE = "%a, %d %b %Y %H:%M:%S +0000"
_TIME = 1_700_000_000
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "xz": lzma.compress,
    "gz": gzip.compress,
    "zst": lambda data: bytes(zstandard().compress(data)),
    "": bytes,
}
RELEASE = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_CODENAME=bookworm\n'


class Member(Struct, frozen=True, kw_only=True):
    """A member of a data tar that has more than a content: its mode, owner, kind, or link's target."""

    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    kind: bytes = tarfile.REGTYPE
    target: str = ""


Data = Mapping[str, bytes | str | Member | None]


def data_tar(files: Data) -> bytes:
    """Pack files, links (texts) and folders (None) as dpkg does: with `./` before each, and the folders above."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        seen: set[str] = set()
        for path, content in files.items():
            parts = path.split("/")
            for end in range(1, len(parts)):
                _add(archive, seen, "/".join(parts[:end]), None)
            _add(archive, seen, path, content)
    return buffer.getvalue()


def _add(archive: tarfile.TarFile, seen: set[str], path: str, content: bytes | str | Member | None) -> None:
    """Add a member unless its path was added."""
    if path in seen or path in {"", ".", ".."}:
        return
    seen.add(path)
    member = tarfile.TarInfo(path if path.startswith(("/", "..")) else f"./{path}")
    member.mtime = _TIME
    member.mode = 0o755 if content is None else 0o644
    data = content if isinstance(content, bytes) else b""
    if content is None:
        member.type = tarfile.DIRTYPE
    elif isinstance(content, str):
        member.type, member.linkname = tarfile.SYMTYPE, content
    elif isinstance(content, Member):
        member.type, member.linkname, member.mode = content.kind, content.target, content.mode
        member.uid, member.gid, data = content.uid, content.gid, content.content
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def ar_of(members: Mapping[str, bytes]) -> bytes:
    """Pack an ar archive (deb(5))."""
    packed = b"!<arch>\n"
    for name, data in members.items():
        packed += f"{name:<16}{_TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data
        packed += b"\n" * (len(data) % 2)
    return packed


def deb_of(fields: Mapping[str, str], files: Data, scripts: Mapping[str, str], *, compression: str = "xz") -> bytes:
    """Return the file of a package."""
    control = "".join(f"{name}: {value}\n" for name, value in fields.items()).encode()
    ending = f".{compression}" if compression else ""
    pack = COMPRESSIONS[compression]
    control_tar = data_tar({"control": control, **{name: text.encode() for name, text in scripts.items()}})
    return ar_of(
        {
            "debian-binary": b"2.0\n",
            f"control.tar{ending}": pack(control_tar),
            f"data.tar{ending}": pack(data_tar(files)),
        }
    )


class Made(Struct, kw_only=True):
    """A package of the archive: its fields, its file, and what the index says of the file."""

    fields: dict[str, str]
    content: bytes
    suite: str

    @property
    def path(self) -> str:
        """Its place below the archive's folder."""
        name, version = self.fields["Package"], self.fields["Version"].partition(":")[2] or self.fields["Version"]
        return f"pool/main/{name[0]}/{name}/{name}_{version}_{self.fields['Architecture']}.deb"

    @property
    def stanza(self) -> str:
        """Its paragraph in the index."""
        fields = self.fields | {
            "Filename": self.path,
            "Size": str(len(self.content)),
            "SHA256": hashlib.sha256(self.content).hexdigest(),
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


@cache
def made_key(name: str) -> Any:  # noqa: ANN401 (the library has no types)
    """Return an OpenPGP key, made once for a run of tests."""
    import pysequoia

    return pysequoia.Tsk.generate(f"{name} <{name}@example.com>")


class DebianArchive(Struct, kw_only=True):
    """An archive in a folder. `release` are fields to change in its Release files, None to leave one out."""

    folder: Path
    key: Any = field(default_factory=lambda: made_key("archive"))
    suites: Sequence[str] = ("bookworm", "bookworm-updates", "bookworm-security")
    made: list[Made] = field(default_factory=list)
    release: dict[str, str | None] = field(default_factory=dict)
    site: Site | None = None

    @property
    def keyring(self) -> Path:
        """The file of its public key."""
        path = self.folder / "keyring.gpg"
        path.write_bytes(public(self.key))
        return path

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which comp uses it."""
        assert self.site
        return {"COMP_DEBIAN_MIRROR": self.site.address.rstrip("/"), "COMP_DEBIAN_KEYRING": str(self.keyring)}

    def add(
        self,
        name: str,
        version: str = "1.0-1",
        *,
        architecture: str = "amd64",
        files: Data | None = None,
        scripts: Mapping[str, str] | None = None,
        suite: str = "bookworm",
        compression: str = "xz",
        **fields: str,
    ) -> Made:
        """Add a package; further fields are given with `_` for `-`. It is served from the next `publish` on."""
        control = {"Package": name, "Version": version, "Architecture": architecture}
        control |= {"Maintainer": "A <a@example.com>", **{key.replace("_", "-"): text for key, text in fields.items()}}
        content = files if files is not None else {f"usr/share/doc/{name}/copyright": b"License: MIT\n"}
        data = deb_of(control, content, scripts or {}, compression=compression)
        made = Made(fields=control, content=data, suite=suite)
        self.made.append(made)
        return made

    def publish(self, *architectures: str) -> None:
        """Write the files of all packages, the indexes, and the signed Release of each suite; by default for amd64."""
        for suite in self.suites:
            root = self.folder / ("debian-security" if suite.endswith("security") else "debian")
            chosen = [made for made in self.made if made.suite == suite]
            for made in chosen:
                _write(root / made.path, made.content)
            listing = lzma.compress("\n".join(made.stanza for made in chosen).encode())
            folder = root / "dists" / suite
            digest = hashlib.sha256(listing).hexdigest()
            listed = ""
            for architecture in architectures or ("amd64",):
                where = f"main/binary-{architecture}"
                _write(folder / where / "Packages.xz", listing)
                _write(folder / where / "by-hash" / "SHA256" / digest, listing)
                listed += f"\n {digest} {len(listing)} {where}/Packages.xz"
            now = datetime.now(UTC)
            fields: dict[str, str | None] = {
                "Suite": suite.replace("bookworm", "oldstable"),
                "Codename": suite,
                "Date": now.strftime(_DATE),
                "Valid-Until": (now + timedelta(days=7)).strftime(_DATE),
                "Acquire-By-Hash": "yes",
                "Components": "main",
                "SHA256": listed,
            }
            text = "".join(f"{name}: {value}\n" for name, value in (fields | self.release).items() if value is not None)
            _write(folder / "InRelease", signed(text, self.key))


@contextmanager
def serving_archive(archive: DebianArchive) -> Iterator[DebianArchive]:
    """Serve the archive's folder until the block ends."""
    with serving(archive.folder) as site:
        archive.site = site
        yield archive


def public(key: Any) -> bytes:  # noqa: ANN401 (as above)
    """Return the public part of a key."""
    return bytes(key.extract_certificate())


def signed(text: str, key: Any) -> bytes:  # noqa: ANN401 (as above)
    """Return a text with its signature around it, as InRelease has it."""
    import pysequoia

    return bytes(pysequoia.sign(key.signer(), text.encode(), mode=pysequoia.SignatureMode.CLEAR))


def debian_image(files: Files | None = None, *, packages: Sequence[str] = ("libc6",), merged: bool = True) -> Image:
    """Return a Debian base without a Python: its release, its packages, and the links of a merged /usr."""
    tree: dict[str, bytes | str | None] = {"usr/": None, "usr/bin": None, "usr/lib": None}
    if merged:
        tree |= {"bin": "usr/bin", "lib": "usr/lib"}
    tree["etc/os-release"] = RELEASE
    for text in packages:
        name, _, version = text.partition("=")
        record = f"Package: {name}\nVersion: {version or '2.36-9'}\nArchitecture: amd64\n"
        tree[f"var/lib/dpkg/status.d/{name}"] = record.encode()
    return image_of([layer_of(tar_of_tree({**tree, **(files or {})}))])


def _write(path: Path, content: bytes) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
