"""The keys that an archive's signatures are checked with: named by the user, the base's own, or this machine's."""

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from toolkit.debian.sources import Source
from toolkit.errors import OutsideError

VARIABLE = "COMP_DEBIAN_KEYRING"
# A base's files of keys: those of its archive, and those of apt.
IN_BASE = re.compile(
    r"usr/share/keyrings/[^/]+\.(?:gpg|pgp|asc)|etc/apt/(?:trusted\.gpg|(?:trusted\.gpg\.d|keyrings)/[^/]+)"
)
_USUAL = re.compile(
    r"usr/share/keyrings/(?:debian|ubuntu)-archive-keyring\.(?:gpg|pgp)|etc/apt/trusted\.gpg(?:\.d/[^/]+)?"
)
_HERE = ("/usr/share/keyrings", "/etc/apt/trusted.gpg.d")
_LARGEST = 4_000_000


class Keyring(Struct, frozen=True, kw_only=True):
    """Files of OpenPGP keys, and where they are from in messages."""

    place: str
    files: tuple[bytes, ...]


def keyring_for(source: Source, base: Mapping[str, str], environ: Mapping[str, str]) -> Keyring:
    """Return the keys of a source; `base` has the base's own files of keys by path, in base64.

    Raises OutsideError if there are none.
    """
    if named := environ.get(VARIABLE):
        return _named(Path(named))
    if source.signed_by:
        if source.signed_by.lstrip().startswith("-----BEGIN"):
            # In a field, an empty line is written as a dot.
            armored = "\n".join("" if line.strip() == "." else line.strip() for line in source.signed_by.splitlines())
            return Keyring(place="the base's sources of apt", files=(armored.encode(),))
        paths = [path.strip().lstrip("/") for path in re.split(r"[,\s]+", source.signed_by) if path.strip()]
    else:
        paths = [path for path in sorted(base) if _USUAL.fullmatch(path)]
    if files := tuple(base64.b64decode(base[path]) for path in paths if path in base):
        return Keyring(place="the base's keyring", files=files)
    # A key of this machine vouches for the archives that everyone knows, and for no other.
    if "://" not in source.archive and (files := tuple(_here(source.archive))):
        return Keyring(place="this machine's keyring", files=files)
    raise OutsideError(
        f"no key is known for the archive {source.archive}",
        hint=f"{VARIABLE}=FILE names its keyring; Debian's is in the package debian-archive-keyring",
    )


def _named(path: Path) -> Keyring:
    """Read the keys that the user names: a file, or all files of a folder. Raises OutsideError."""
    try:
        files = sorted(each for each in path.iterdir() if each.is_file()) if path.is_dir() else [path]
        return Keyring(place=str(path), files=tuple(_content(file) for file in files))
    except OSError as error:
        raise OutsideError(f"cannot read {VARIABLE}={path}: {error.strerror}", hint="correct the variable") from error


def _here(archive: str) -> Iterator[bytes]:
    """Yield this machine's keys of an official archive."""
    system = archive.partition("-")[0]
    for folder in _HERE:
        for path in sorted(Path(folder).glob(f"{system}-*")):
            if path.suffix in {".gpg", ".pgp", ".asc"} and "removed" not in path.name:
                yield _content(path)


def _content(path: Path) -> bytes:
    """Read a file of keys."""
    with path.open("rb") as stream:
        return stream.read(_LARGEST)
