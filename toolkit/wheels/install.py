"""The files that a wheel installs: members that are taken over, and files that are made here.

Follows the PyPA specifications "Binary distribution format", "Recording installed projects" and "Entry
points". Installing is for the image, never for this machine: the interpreter in scripts is the image's.
"""

import base64
import csv
import hashlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from configparser import Error as ConfigError
from typing import NamedTuple

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.image_paths import PYTHON, VENV, absolute, site_packages
from toolkit.oci.file import File
from toolkit.wheels.wheel import Member, OpenWheel
from toolkit.words import some_of

_log = logging.getLogger(__name__)

_HINT = "the wheel is broken; choose another version, or tell its authors"
# The installer writes these; a wheel's own files of these names say nothing about this installation.
_INSTALLERS_OWN = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_NOT_LISTED = _INSTALLERS_OWN | {"RECORD.jws", "RECORD.p7s"}
_SCHEMES = ("purelib", "platlib", "headers", "scripts", "data")
_SHEBANG = b"#!python"
_LONGEST_NAME = 255  # bytes, of a file on Linux

# Our own words, not those of a library: they are part of layer digests.
_SCRIPT = """\
#!{interpreter}
import sys

from {module} import {name}

if __name__ == "__main__":
    sys.exit({call}())
"""


class PlacedFile(NamedTuple):
    """A file in the image, and the member of the wheel that it comes from, None for one that is made here."""

    file: File
    member: Member | None = None


class _Row(Struct, frozen=True, kw_only=True):
    """One line of RECORD: `path` as a wheel would name it, so that the order is the usual one."""

    path: str
    digest: str
    size: int | None


class _Recorded(Struct, frozen=True, kw_only=True):
    """What a wheel's RECORD says of one file."""

    digest: str
    size: int | None


def installed_files(wheel: OpenWheel, *, minor: str) -> Iterator[PlacedFile]:
    """List what a wheel installs into the virtual environment of a Python of this minor version.

    Members come in archive order, then what is made here: scripts, INSTALLER, RECORD. Every path comes once.
    Raises InputError when the wheel does not follow the specifications.
    """
    yield from _Installation(wheel, minor=minor).files()


def placed_files(wheel: OpenWheel, *, minor: str) -> Iterator[PlacedFile]:
    """List what comes out of a wheel's members and entry points, without the notes of an installer."""
    yield from _Installation(wheel, minor=minor).placed()


class _Installation:
    """One wheel on its way to one environment."""

    def __init__(self, wheel: OpenWheel, *, minor: str) -> None:
        self.wheel = wheel
        self.minor = minor
        self.site_packages = site_packages(minor)
        self.interpreter = absolute(PYTHON)
        self.dist_info = _dist_info(wheel)
        self.data_folder = self.dist_info.removesuffix(".dist-info") + ".data"

    def files(self) -> Iterator[PlacedFile]:
        """List the files; see `installed_files`."""
        _check_version(self._text("WHEEL"), self.wheel.wheel.filename)
        recorded = self._recorded()
        rows = []
        for placed in self.placed():
            yield placed
            rows.append(self._row(placed, recorded))
        metadata = f"{self.site_packages}/{self.dist_info}"
        installer = self._made(f"{metadata}/INSTALLER", b"comp\n")
        yield installer
        rows.append(self._row(installer, recorded))
        rows.append(_Row(path=self._relative(f"{metadata}/RECORD"), digest="", size=None))
        yield self._made(f"{metadata}/RECORD", _record_text(rows))

    def placed(self) -> Iterator[PlacedFile]:
        """List what comes out of the wheel's members and entry points, without the notes of an installer."""
        # As with pip, an entry point wins over a script of its name that the wheel brings.
        scripts = {placed.file.path: placed for placed in self._scripts()}
        seen = set(scripts)
        for member in self.wheel.members:
            placed = self._place(member)
            if placed is None or placed.file.path in scripts:
                continue
            if placed.file.path in seen:
                raise self._broken(f"installs {placed.file.path} twice")
            seen.add(placed.file.path)
            yield placed
        yield from scripts.values()

    def _place(self, member: Member) -> PlacedFile | None:
        """Return a member as an installed file; None if it is not installed."""
        parts = member.name.split("/")
        # The interpreter of the wheel's author made it; the base's own compiles instead.
        if "__pycache__" in parts[:-1]:
            _log.debug("%s: bytecode in a wheel is left out", self.wheel.what(member))
            return None
        if parts[0] == self.dist_info and "/".join(parts[1:]) in _INSTALLERS_OWN:
            return None
        if parts[0] != self.data_folder:
            return self._taken(f"{self.site_packages}/{member.name}", member)
        if len(parts) <= 2 or parts[1] not in _SCHEMES:  # noqa: PLR2004 (folder, scheme, name)
            raise self._broken(f"{member.name} is in no folder of {self.data_folder} that the specification knows")
        path = f"{self._scheme(parts[1])}/{'/'.join(parts[2:])}"
        self._refuse_environment(path)
        if parts[1] != "scripts":
            return self._taken(path, member)
        data = self._with_shebang(member)
        return self._taken(path, member, mode=0o755) if data is None else self._made(path, data, mode=0o755)

    def _taken(self, path: str, member: Member, *, mode: int | None = None) -> PlacedFile:
        """Place a member as it is; executables keep their bit."""
        chosen = mode or (0o755 if member.executable else 0o644)
        content, origin = self.wheel.stream(member), self.wheel.what(member)
        return PlacedFile(File(path=path, mode=chosen, content=content, origin=origin), member)

    def _made(self, path: str, content: bytes, *, mode: int = 0o644) -> PlacedFile:
        """Place a file that is made here."""
        return PlacedFile(File(path=path, mode=mode, content=content, origin=f"{self.wheel.wheel.filename}: {path}"))

    def _scheme(self, scheme: str) -> str:
        """Return the folder of a scheme (PyPA, "Binary distribution format", the `.data` directory)."""
        name = self.dist_info.removesuffix(".dist-info").rpartition("-")[0]
        return {
            "purelib": self.site_packages,
            "platlib": self.site_packages,
            "headers": f"{VENV}/include/site/python{self.minor}/{name}",
            "scripts": f"{VENV}/bin",
            "data": VENV,
        }[scheme]

    def _refuse_environment(self, path: str) -> None:
        """Refuse a path in the place of a file or folder of the environment itself."""
        # Through a replaced interpreter or `pyvenv.cfg`, one wheel would decide how all others run.
        python = [f"bin/{name}" for name in ("python", "python3", f"python{self.minor}")]
        files = [f"{VENV}/{name}" for name in (*python, "pyvenv.cfg")]
        folders = [f"{VENV}/bin/", f"{self.site_packages}/"]
        if any(f"{path}/".startswith(f"{file}/") for file in files) or any(
            folder.startswith(f"{path}/") for folder in folders
        ):
            raise self._broken(f"wants to replace {path}, which is the virtual environment's own")

    def _with_shebang(self, member: Member) -> bytes | None:
        """Return a script with the image's interpreter in its first line; None if it needs no change."""
        start = b""
        chunks = self.wheel.chunks(member)
        # A script may be a binary of many megabytes: only its beginning is read, unless it has to change.
        for chunk in chunks:
            start += chunk
            if len(start) >= len(_SHEBANG):
                break
        if not start.startswith(_SHEBANG):
            return None
        return f"#!{self.interpreter}\n".encode() + self.wheel.read(member).partition(b"\n")[2]

    def _scripts(self) -> Iterator[PlacedFile]:
        """Make the scripts of the entry points."""
        from installer.utils import parse_entrypoints

        if self.wheel.find(f"{self.dist_info}/entry_points.txt") is None:
            return
        try:
            points = list(parse_entrypoints(self._text("entry_points.txt")))
        except (ConfigError, AssertionError) as error:
            # The library asserts that an entry point has the form module:attribute.
            raise self._broken("entry_points.txt does not parse") from error
        for name, module, attribute, _ in points:
            path = f"{VENV}/bin/{name}"
            # The name comes from the wheel and becomes a path.
            if "/" in name or "\0" in name or name in {"", ".", ".."} or len(name.encode()) > _LONGEST_NAME:
                raise self._broken(f"the script name {name!r} is not a file name")
            self._refuse_environment(path)
            text = _SCRIPT.format(
                interpreter=self.interpreter, module=module, name=attribute.split(".")[0], call=attribute
            )
            yield self._made(path, text.encode(), mode=0o755)

    def _recorded(self) -> dict[str, _Recorded]:
        """Read the digests and sizes in RECORD, by file."""
        from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file

        lines = io.StringIO(self._text("RECORD"), newline="")
        try:
            entries = [RecordEntry.from_elements(*row) for row in parse_record_file(lines)]
        except (InvalidRecordEntry, csv.Error) as error:
            raise self._broken("RECORD does not parse") from error
        recorded = {entry.path: _Recorded(digest=str(entry.hash_ or ""), size=entry.size) for entry in entries}
        sizes = {member.name: member.size for member in self.wheel.members}
        # The lock has checked the whole wheel; like pip and uv, trust its members where RECORD differs.
        wrong = [name for name, known in recorded.items() if known.size not in {None, sizes.get(name, known.size)}]
        unlisted = sizes.keys() - recorded.keys() - {f"{self.dist_info}/{name}" for name in _NOT_LISTED}
        self._warn("RECORD lists files that are not there", [name for name in recorded if name not in sizes])
        self._warn("RECORD gives other sizes of files", wrong)
        self._warn("RECORD does not list files", unlisted)
        return {name: known for name, known in recorded.items() if name not in wrong}

    def _warn(self, what: str, names: Iterable[str]) -> None:
        """Warn of these files, if any; names of folders do not count."""
        files = sorted(name for name in names if not name.endswith("/"))
        if files:
            _log.warning("%s: %s: %s", self.wheel.wheel.filename, what, some_of(files))

    def _row(self, placed: PlacedFile, recorded: Mapping[str, _Recorded]) -> _Row:
        """Return a file's line of RECORD; a member keeps the digest that stands in its wheel's RECORD."""
        path = self._relative(placed.file.path)
        given = recorded.get(placed.member.name) if placed.member else None
        digest = given.digest if given else _digest(placed.file.chunks())
        return _Row(path=path, digest=digest, size=placed.file.size)

    def _relative(self, path: str) -> str:
        """Write a path as RECORD does: relative to site-packages."""
        if path.startswith(self.site_packages + "/"):
            return path[len(self.site_packages) + 1 :]
        # From `lib/pythonX.Y/site-packages` up to the environment.
        return "../../../" + path[len(VENV) + 1 :]

    def _text(self, name: str) -> str:
        """Return a file of the metadata as text. Raises InputError if it is missing or not UTF-8."""
        member = self.wheel.find(f"{self.dist_info}/{name}")
        if member is None:
            raise self._broken(f"missing {self.dist_info}/{name}")
        try:
            return self.wheel.read(member).decode()
        except UnicodeDecodeError as error:
            raise self._broken(f"{name} is not UTF-8") from error

    def _broken(self, problem: str) -> InputError:
        """Return the error for a wheel that does not follow the specifications."""
        return InputError(f"{self.wheel.wheel.filename}: {problem}", hint=_HINT)


def _dist_info(wheel: OpenWheel) -> str:
    """Find the folder of metadata and check that it belongs to this wheel."""
    from packaging.utils import canonicalize_name

    tops = {member.name.partition("/")[0] for member in wheel.members if "/" in member.name}
    folders = sorted(top for top in tops if top.endswith(".dist-info"))
    filename = wheel.wheel.filename
    if len(folders) != 1:
        raise InputError(f"{filename} has {len(folders)} .dist-info folders, expected one", hint=_HINT)
    name = folders[0].removesuffix(".dist-info").rpartition("-")[0]
    if canonicalize_name(name) != canonicalize_name(filename.partition("-")[0]):
        raise InputError(f"{filename}: {folders[0]} is the metadata of another distribution", hint=_HINT)
    return folders[0]


def _check_version(text: str, filename: str) -> None:
    """Refuse a wheel of another major version of the format; purelib and platlib are one folder here."""
    from installer.utils import parse_metadata_file

    version = str(parse_metadata_file(text)["Wheel-Version"] or "")
    if not version.startswith("1."):
        raise InputError(f"{filename}: Wheel-Version is {version!r}, expected 1.x", hint=_HINT)


def _digest(chunks: Iterable[bytes]) -> str:
    """Hash content as RECORD does: urlsafe base64 without padding."""
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return f"sha256={base64.urlsafe_b64encode(hasher.digest()).rstrip(b'=').decode()}"


def _record_text(rows: Sequence[_Row]) -> bytes:
    """Return the content of RECORD."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    # In order of path, so that the bytes do not depend on the order of the members.
    for row in sorted(rows, key=lambda row: row.path):
        writer.writerow((row.path, row.digest, "" if row.size is None else str(row.size)))
    return stream.getvalue().encode()
