"""Interpreters that can compile for an image: the base's own, run through its own loader, or one of this machine.

A base's interpreter runs in a jail and sees nothing but its own unpacked files. It gets sources to compile, never to
import, and the form of its output is checked.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from toolkit import limits
from toolkit.errors import CompError, InputError
from toolkit.jail.jail import Bounds, Jail, Room, run_bare
from toolkit.oci.descriptor import host_platform
from toolkit.oci.image import Image
from toolkit.python.base import BaseFacts
from toolkit.system.processes import Finished
from toolkit.wheels.bytecode.elf import read_elf
from toolkit.wheels.bytecode.unpacking import unpacked_interpreter

PROGRAM = Path(__file__).with_name("program.py")

# The exit code of program.py when memory runs out.
_OUT_OF_MEMORY = 75
# The text becomes part of keys and messages, so its form is narrow.
_VERSIONS = re.compile(rb"3\.\d{1,3}\.\d{1,3}\S{0,16} [0-9A-Za-z.+_-]{1,32}")


class DoesNotRunError(Exception):
    """An interpreter did not start, or returned an invalid answer."""


class TooMuchError(Exception):
    """An interpreter ran out of memory, or crashed, over the sources it was given."""


class Interpreter(Struct, frozen=True, kw_only=True):
    """A Python that can be called: the words before its options, and the environment it needs.

    With a `root` these are paths below that folder, which holds all that it needs; it then runs in `jail`, or, when
    that is None, bare, which only the user may allow. `identity` is a hash of what runs.
    """

    command: tuple[str, ...]
    identity: str
    environment: Mapping[str, str] = field(default_factory=dict)
    root: Path | None = None
    jail: Jail | None = None

    def compile(self, data: bytes) -> bytes:
        """Run the program over `data`, in the form that it describes.

        Raises DoesNotRunError, and TooMuchError when the reason may be one of the sources.
        """
        # -s and -S: neither a user's packages nor those of the environment are looked at.
        options = ["-s", "-S", "-B", "-W", "ignore", "-c", PROGRAM.read_text()]
        # It writes no files and starts no processes.
        bounds = Bounds(
            memory=limits.INTERPRETER_MEMORY.value, file=0, seconds=limits.INTERPRETER_SECONDS.value, alone=True
        )
        try:
            done = self._run(options, bounds, data)
        except subprocess.TimeoutExpired as error:
            took = limits.INTERPRETER_SECONDS.written(bounds.seconds)
            raise DoesNotRunError(f"it took longer than {took}") from error
        except (OSError, subprocess.SubprocessError, CompError) as error:
            raise DoesNotRunError(str(error)) from error
        if done.code == _OUT_OF_MEMORY:
            raise TooMuchError(f"more than {limits.INTERPRETER_MEMORY.written(bounds.memory)} of memory is needed")
        # A signal, such as that of a stack overflow: a source may nest deeper than the compiler can follow.
        if done.code < 0:
            raise TooMuchError(f"the compiler was ended by signal {-done.code}")
        if done.code:
            last = done.error_text.strip().splitlines()[-1:]
            raise DoesNotRunError(f"it ended with {done.code}: {' '.join(last)[:200]}")
        return done.out

    def _run(self, options: list[str], bounds: Bounds, data: bytes) -> Finished:
        """Run the interpreter over `data`: in the jail, bare below its root, or as this machine's own."""
        # The order of sets, which `marshal` writes, depends on the hash seed.
        environment = {"PYTHONHASHSEED": "0", "PATH": os.defpath, **self.environment}
        if self.root and self.jail:
            return self.jail.run(
                [*self.command, *options], Room(root=self.root), bounds, data=data, environment=environment
            )
        if self.root:
            command = [_below(self.root, word) for word in self.command]
            environment |= {name: _below(self.root, value) for name, value in self.environment.items()}
            return run_bare([*command, *options], bounds, data=data, environment=environment, nobody=True)
        return run_bare([*self.command, *options], bounds, data=data, environment=environment)

    def versions(self) -> str:
        """Ask for the versions of Python and zlib, in that order. Raises DoesNotRunError."""
        try:
            answer = self.compile(b"")
        except TooMuchError as error:
            raise DoesNotRunError(str(error)) from error
        if not _VERSIONS.fullmatch(answer.removesuffix(b"\n")):
            raise DoesNotRunError(f"it gives its version as {answer[:40]!r}")
        return answer.decode().strip()


def _below(root: Path, words: str) -> str:
    """Return paths of a root as paths of this machine, also several with colons; other words stay as they are."""
    return ":".join(f"{root}{word}" for word in words.split(":")) if words.startswith("/") else words


def runs_here(image: Image) -> bool:
    """Return whether programs of an image are for this machine's processor and system."""
    return sys.platform == "linux" and image.platform.architecture == host_platform().architecture


def of_base(image: Image, facts: BaseFacts, folder: Path, jail: Jail | None) -> Interpreter:
    """Put the base's interpreter into `folder`, to be run in a jail.

    Raises DoesNotRunError if it is missing there, or is not a program of this machine, such as a script.
    """
    try:
        found = unpacked_interpreter(image, facts, folder)
    except InputError as error:
        raise DoesNotRunError(error.message) from error
    program = read_elf(folder / found.program)
    if program is None or not program.runs_here:
        raise DoesNotRunError(f"/{found.program} is not a program of this machine")
    command: tuple[str, ...] = (f"/{found.program}",)
    if program.loader is not None:
        loader = found.tree.resolve(program.loader)
        read = read_elf(folder / loader) if loader and (folder / loader).is_file() else None
        # A loader with a loader would be a program like any other.
        if loader is None or read is None or not read.runs_here or read.loader:
            raise DoesNotRunError(f"its loader {program.loader[:200]} is not a program of this machine")
        # `ld.so.cache` is not unpacked, so the loader gets the folders by name.
        libraries = ":".join(f"/{path}" for path in found.libraries)
        # The loader is started itself, since without a jail the kernel would take this machine's.
        command = (f"/{loader}", "--library-path", libraries, *command)
    environment = {"PYTHONHOME": f"/{found.prefix}"}
    identity = hashlib.sha256(f"{found.identity} {command} {environment}".encode()).hexdigest()
    return Interpreter(command=command, identity=identity, environment=environment, root=folder, jail=jail)


def of_this_machine(version: str) -> tuple[Interpreter, str] | None:
    """Return a Python of exactly this version on the PATH, with its versions; None if absent."""
    minor = ".".join(version.split(".")[:2])
    names = [sys.executable, *filter(None, [shutil.which(f"python{minor}"), shutil.which("python3")])]
    for name in dict.fromkeys(names):
        try:
            path = Path(name).resolve()
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            found = Interpreter(command=(name,), identity=f"machine {path} {content}")
            versions = found.versions()
        except (OSError, DoesNotRunError):
            continue
        if versions.split(" ")[0] == version:
            return found, versions
    return None
