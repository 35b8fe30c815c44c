"""The files that pip installs, as the reference for an image's content, and the rules for allowed differences."""

import csv
import hashlib
import stat
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from configparser import ConfigParser
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from msgspec import Struct

from tests.commands import run_program
from tests.daemons import require
from toolkit.cache.store import Cache
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock_file import read_lock

# A virtual environment's own, from before anything is installed: `activate` is for shells, `lib64` and the empty
# `include` are for compilers; pyvenv.cfg names the base's folders.
_OF_VENV = ("pyvenv.cfg", "bin/activate*", "bin/Activate.ps1", "lib64", "include/python3.*")
# Each is a link to another of them or to the base's interpreter; which is which depends on what made them.
_INTERPRETERS = "bin/python*"
# Notes on who installed, at whose wish, and from which address.
_OF_INSTALLERS = ("INSTALLER", "REQUESTED", "direct_url.json")
# Images have it from the base's Python, and this pip compiles nothing: test_bytecode.py compares it.
_BYTECODE = "__pycache__"
# The first line of a script that names this environment's interpreter.
_SHEBANG = b"#!the environment's python\n"


def pip_install(lock: Path, cache: Cache, folder: Path) -> "Environment":
    """Make an environment in `folder` with pip, of the wheels that a lock of comp's names, taken from the cache."""
    locked = read_lock(lock)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    for pin in locked.pins[Platform("linux", "amd64")]:
        (wheels / pin.filename).symlink_to(cache.blob_path(pin.digest))
    venv = folder / "venv"
    python = venv / "bin" / "python"
    run_program(require(f"python{locked.python}"), "-m", "venv", "--without-pip", venv, umask=0o022)
    pip = (sys.executable, "-m", "pip", "--python", python, "--isolated", "--disable-pip-version-check", "install")
    options = ("--quiet", "--no-index", "--find-links", wheels, "--no-deps", "--no-compile", "--require-hashes")
    run_program(*pip, *options, "-r", lock, umask=0o022)
    return Environment(root=venv, python=str(python))


class Environment(Struct, frozen=True, kw_only=True):
    """A virtual environment at `root`, whose scripts call `python`: elsewhere when `root` is in an image."""

    root: Path
    python: str

    def contents(self) -> dict[str, str]:
        """Describe every folder, file, link and row of a RECORD by kind, permissions and digest, as the rules allow."""
        worded = self._entry_points()
        described = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if _is_of_venv(name) or _is_of_installer(name):
                continue
            if name in worded:
                described[name] = f"file {_mode(path)} of an entry point"
            elif fnmatchcase(name, "*.dist-info/RECORD"):
                described[name] = f"file {_mode(path)} of rows"
                described |= self._rows(path, worded)
            else:
                described[name] = self._describe(path)
        return described

    def _entry_points(self) -> frozenset[str]:
        """Name the scripts that an installer words itself (PyPA specification "Entry points")."""
        names = set[str]()
        for text in self.root.glob("lib/python*/site-packages/*.dist-info/entry_points.txt"):
            points = ConfigParser(delimiters="=", interpolation=None)
            points.optionxform = str  # type: ignore[assignment,method-assign] # as the specification wants it
            points.read_string(text.read_text())
            names.update(*(points[kind] for kind in ("console_scripts", "gui_scripts") if points.has_section(kind)))
        return frozenset(f"bin/{name}" for name in names)

    def _describe(self, path: Path) -> str:
        if path.is_symlink():
            name = path.relative_to(self.root).as_posix()
            return "link to an interpreter" if fnmatchcase(name, _INTERPRETERS) else f"link to {path.readlink()}"
        if path.is_dir():
            return f"folder {_mode(path)}"
        if not path.is_file():
            return f"neither folder, file nor link, {_mode(path)}"
        data = path.read_bytes()
        if self._names_python(data):
            data = _SHEBANG + data.partition(b"\n")[2]
        return f"file {_mode(path)} sha256:{hashlib.sha256(data).hexdigest()}"

    def _names_python(self, data: bytes) -> bool:
        return data.startswith(f"#!{self.python}\n".encode())

    def _rows(self, record: Path, worded: frozenset[str]) -> dict[str, str]:
        """Describe the rows of a RECORD; of a script that installers write, only whether its row is right."""
        rows: dict[str, str] = {}
        with record.open(newline="") as text:
            for name, digest, size in csv.reader(text):
                if _is_of_installer(name):
                    continue
                file = (record.parent.parent / name).resolve()
                row = f"row {digest},{size}"
                if file.relative_to(self.root).as_posix() in worded or self._names_python(file.read_bytes()):
                    row = "right row" if row == _row(file) else row
                key = f"{record.relative_to(self.root).as_posix()}, {name}"
                rows[key] = f"{rows[key]} and {row}" if key in rows else row
        return rows


def _is_of_venv(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _OF_VENV)


def _is_of_installer(name: str) -> bool:
    path = PurePosixPath(name)
    return path.name in _OF_INSTALLERS and path.parent.suffix == ".dist-info"


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def _row(file: Path) -> str:
    """Write the row that a RECORD should have for a file."""
    data = file.read_bytes()
    digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"row sha256={digest},{len(data)}"


def differences(ours: Mapping[str, str], pips: Mapping[str, str]) -> list[str]:
    """Compare the contents of two environments; one line for each thing that only one has, or that is not the same."""
    names = sorted(name for name in ours.keys() | pips.keys() if ours.get(name) != pips.get(name))
    return [
        f"{name}: {ours.get(name, 'nothing')}, with pip {pips.get(name, 'nothing')}"
        for name in names
        if _BYTECODE not in name
    ]
