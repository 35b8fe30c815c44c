"""Interpreters that can compile for an image: the base's own, run here through its own loader, or one like it.

Only what an interpreter needs to start is unpacked. It runs without privileges, without the user's environment,
in a folder of its own, and is given sources to compile, never to import.
"""

import logging
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from toolkit.errors import InputError
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.oci.tree import Tree
from toolkit.python.base import BaseFacts
from toolkit.python.bytecode.elf import loader_of

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("program.py")

_SECONDS = 300
_NOBODY = 65534
_LARGEST_LIBRARY = 64 << 20
_LIBRARY = re.compile(r"(?:usr/|usr/local/|opt/[^/]+/)?lib(?:32|64)?/(?:[^/]+-linux-[^/]+/)?[^/]+\.so(?:\.[\w.]+)?")
# The parts of the standard library that an interpreter needs to start and to compile.
_STANDARD = re.compile(r"(?:encodings/)?[^/]+\.py|lib-dynload/[^/]+\.so")


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A Python that can be called: the words before its options, and the environment it needs.

    One that is not `ours` but an image's gives up root's rights.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False

    def compile(self, data: bytes) -> bytes:
        """Run the program over `data`, in the form that it describes. Raises OSError and SubprocessError."""
        environment = {"PYTHONHASHSEED": "0", "PATH": os.defpath, **self.environment}
        # -s and -S: neither a user's packages nor those of the environment are looked at.
        command = [*self.command, "-s", "-S", "-B", "-W", "ignore", "-c", PROGRAM.read_text()]
        drop = not self.ours and _may_become_nobody()
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            cwd="/",
            env=environment,
            user=_NOBODY if drop else None,
            group=_NOBODY if drop else None,
            extra_groups=[] if drop else None,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise subprocess.SubprocessError(f"it ended with {done.returncode}: {' '.join(said)}")
        return done.stdout

    def versions(self) -> str | None:
        """Ask for the versions of Python and zlib, in that order; None when it does not run."""
        try:
            return self.compile(b"").decode(errors="replace").strip()
        except (OSError, subprocess.SubprocessError) as error:
            log.debug("%s does not run here: %s", self.command[-1], error)
            return None


def _may_become_nobody() -> bool:
    """Tell whether this is root, in a namespace that has the user nobody."""
    if os.geteuid() != 0:
        return False
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True  # No namespaces here.
    return any(int(first) <= _NOBODY < int(first) + int(count) for first, _, count in map(str.split, lines))


def runs_here(image: Image) -> bool:
    """Tell whether programs of an image are for this machine's processor and system."""
    return sys.platform == "linux" and image.platform.architecture == host_platform().architecture


def unpack(image: Image, facts: BaseFacts, folder: Path) -> Interpreter | None:
    """Put the base's interpreter under `folder`, readable by everybody; None when it is not to be had from there."""
    interpreter = facts.python.lstrip("/")
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    tree = _Unpacking(folder, interpreter, f"{prefix}/lib/python{facts.minor}/")
    try:
        for layer in image.layers:
            tree.apply(layer)
    except InputError as error:
        log.debug("the base cannot be unpacked: %s", error.message)
        return None
    libraries = tree.link()
    program = folder / interpreter
    if not program.is_file():
        return None
    environment = {"PYTHONHOME": str(folder / prefix)}
    loader = loader_of(program)
    if loader is None:
        return Interpreter(command=(str(program),), environment=environment)
    found = tree.resolve(loader)
    if found is None or not (folder / found).is_file():
        return None
    paths = ":".join(str(folder / path) for path in libraries)
    command = (str(folder / found), "--library-path", paths, str(program))
    return Interpreter(command=command, environment=environment)


def of_this_machine(version: str) -> Interpreter | None:
    """Find a Python of exactly this version on the PATH."""
    minor = ".".join(version.split(".")[:2])
    names = [sys.executable, *filter(None, [shutil.which(f"python{minor}"), shutil.which("python3")])]
    for name in dict.fromkeys(names):
        found = Interpreter(command=(name,), ours=True)
        if (found.versions() or "").split(" ")[0] == version:
            return found
    return None


class _Unpacking(Tree):
    """Writes what an interpreter needs while it goes through the layers."""

    def __init__(self, folder: Path, interpreter: str, standard: str) -> None:
        super().__init__()
        self._folder = folder
        self._interpreter = interpreter
        self._standard = standard
        self._written: set[str] = set()

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Write a file that is needed."""
        if not self._wanted(path, member):
            return
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if member.islnk():
            original = posixpath.normpath(member.linkname).lstrip("/")
            if original in self._written:
                shutil.copyfile(self._folder / original, target)
        else:
            stream = archive.extractfile(member)
            if stream is None:
                return
            with target.open("wb") as file:
                shutil.copyfileobj(stream, file)
        if target.is_file():
            target.chmod(0o755)
            self._written.add(path)

    def forget(self, path: str) -> None:
        """Drop a path, and what was written of it."""
        super().forget(path)
        if path in self._written:
            (self._folder / path).unlink()
            self._written.discard(path)

    def link(self) -> list[str]:
        """Make the links between what was written; give the folders that hold libraries."""
        for path in self.links:
            target = self.resolve(path)
            if target in self._written and _LIBRARY.fullmatch(path) and path not in self._written:
                place = self._folder / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(self._folder / str(target))
        names = (*self._written, *self.links)
        return sorted({posixpath.dirname(path) for path in names if _LIBRARY.fullmatch(path)})

    def _wanted(self, path: str, member: tarfile.TarInfo) -> bool:
        if path == self._interpreter:
            return True
        if path.startswith(self._standard):
            return _STANDARD.fullmatch(path.removeprefix(self._standard)) is not None
        return member.size <= _LARGEST_LIBRARY and _LIBRARY.fullmatch(path) is not None
