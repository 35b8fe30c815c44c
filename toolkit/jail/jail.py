"""Jails: what they show, what they allow, and how one is made on this machine."""

import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from subprocess import SubprocessError
from types import MappingProxyType

from toolkit import limits, temporary
from toolkit.errors import InputError
from toolkit.jail.enter import NOBODY, has_nobody
from toolkit.jail.filter import system_call_filter
from toolkit.processes import Finished, run

log = logging.getLogger(__name__)

ENTER = Path(__file__).with_name("enter.py")
# What the second process or bubblewrap gives for a program that a signal ended, as a shell does.
_BY_SIGNAL = 128
_PROBE_SECONDS = 20
# Where the programs and libraries of a machine are, and what its loader and its resolver of names read.
_MACHINE = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_MACHINE_FILES = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/os-release"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What a program in a jail may use: bytes of memory, of one file that it writes, seconds, and processes.

    `alone` is for a program that needs neither other processes nor sockets.
    """

    memory: int
    file: int
    seconds: int
    processes: int = 1
    alone: bool = False

    @property
    def of_resources(self) -> dict[str, int]:
        """The limits by their names in setrlimit(2)."""
        given = {"AS": self.memory, "FSIZE": self.file, "CORE": 0, "NOFILE": 1024}
        # Time of all processors; what sleeps is ended by the caller.
        given["CPU"] = self.seconds * (1 if self.alone else 1 + (os.cpu_count() or 1))
        return given if self.alone else given | {"NPROC": self.processes}


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a program in a jail sees: a folder as its root, or folders and files of this machine by their own paths.

    Everything can only be read but what is `writable`. With `root` that is all. Without it there are also an empty
    /tmp, /proc of the jail, and the devices that every program expects.
    """

    root: Path | None = None
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    @classmethod
    def of_machine(cls, *, readable: Sequence[Path] = (), writable: Sequence[Path] = ()) -> "Room":
        """Show the programs and libraries of this machine, and these folders and files; no home folder."""
        here = [path for name in (*_MACHINE, *_MACHINE_FILES) if (path := Path(name)).exists()]
        return cls(readable=(*here, *readable), writable=tuple(writable))

    def shown(self) -> list[tuple[str, str, bool]]:
        """List what is shown without a root: its path here, in the jail, and whether it can be written."""
        here = [path for path in self.readable if not _is_link(path)]
        # What is shown with a folder above it need not be shown again.
        found = [(path, False) for path in dict.fromkeys(here) if not set(path.parents) & set(here)]
        found += [(path, True) for path in self.writable]
        return [(os.path.realpath(path), str(path), writable) for path, writable in found]

    def links(self) -> list[tuple[str, str]]:
        """List the links among what is shown, such as /bin: path and target."""
        return [(str(path), str(path.readlink())) for path in self.readable if _is_link(path)]


def _is_link(path: Path) -> bool:
    return str(path) in _MACHINE and path.is_symlink()


@dataclass(frozen=True, kw_only=True, slots=True)
class Jail:
    """A way to make jails that works here: by `bubblewrap`, the path of that program, or by the kernel's calls."""

    bubblewrap: str | None = None

    def give(self, folders: Sequence[Path]) -> None:
        """Make folders, with all that is in them, those of the user that programs in the jail are."""
        if self.bubblewrap or os.geteuid() != 0 or not has_nobody():
            return
        for top in folders:
            for folder, inner, names in os.walk(top):
                for name in (".", *inner, *names):
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY, follow_symlinks=False)  # noqa: PTH118

    def run(
        self,
        command: Sequence[str],
        room: Room,
        bounds: Bounds,
        *,
        data: bytes = b"",
        folder: str = "/",
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Finished:
        """Run a command in a new jail, with `data` on stdin and these environment variables only.

        `command` and `folder` are paths in the jail. The program sees no network and no other process, and everything
        it started is gone when it ends. Raises as `processes.run` does.
        """
        with ExitStack() as stack:
            stage = "" if room.root else str(stack.enter_context(temporary.folder("jail")))
            plan = {
                "bubblewrap": self._words(room, folder) if self.bubblewrap else None,
                "filter": (system_call_filter(os.uname().machine, alone=bounds.alone) or b"").hex(),
                "folder": folder,
                "links": room.links(),
                "root": str(room.root) if room.root else None,
                "shown": room.shown(),
                "stage": stage,
            }
            return _entered("jail", plan, command, bounds, data, environment)

    def _words(self, room: Room, folder: str) -> list[str]:
        """Give the command line of bubblewrap up to the program's own."""
        words = [self.bubblewrap or "", "--unshare-all", "--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
        words += ["--cap-drop", "ALL", "--die-with-parent", "--new-session"]
        if room.root:
            words += ["--ro-bind", str(room.root), "/"]
        else:
            for place, target in room.links():
                words += ["--symlink", target, place]
            words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 (the jail's own)
            for source, place, writable in room.shown():
                words += ["--bind" if writable else "--ro-bind", source, place]
            words += ["--remount-ro", "/"]
        return [*words, "--chdir", folder, "--"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NoJail:
    """No jail can be made here; `reason` says why, in a few words."""

    reason: str
    tried: Mapping[str, str] = field(default_factory=dict)


def run_bare(
    command: Sequence[str],
    bounds: Bounds,
    *,
    data: bytes = b"",
    folder: str = "/",
    environment: Mapping[str, str] = MappingProxyType({}),
    nobody: bool = False,
) -> Finished:
    """Run a command without a jail, for what the user trusts: with the same bounds, and these variables only.

    With `nobody` it gives up root's rights, if it has them. Raises as `processes.run` does.
    """
    return _entered("bare", {"folder": folder, "nobody": nobody}, command, bounds, data, environment)


def _entered(
    way: str,
    plan: Mapping[str, object],
    command: Sequence[str],
    bounds: Bounds,
    data: bytes,
    environment: Mapping[str, str],
) -> Finished:
    whole = {
        **plan,
        "way": way,
        "parent": os.getpid(),
        "command": list(command),
        "environment": dict(environment),
        "limits": bounds.of_resources,
    }
    done = run(
        [sys.executable, "-I", "-S", "-B", str(ENTER), json.dumps(whole)],
        seconds=bounds.seconds,
        data=data,
        environment={"PATH": os.defpath},
        session=True,
        name=Path(command[0]).name,
    )
    return Finished(code=_as_subprocess(done.code), out=done.out, err=done.err)


def _as_subprocess(code: int) -> int:
    """Give a signal as `subprocess` does: negative."""
    return _BY_SIGNAL - code if _BY_SIGNAL < code < _BY_SIGNAL + signal.NSIG else code


@cache
def find_jail() -> Jail | NoJail:
    """Find a way to make jails here, by making one; each process looks once."""
    if sys.platform != "linux":
        return NoJail(reason=f"{sys.platform} has no namespaces")
    found = shutil.which("bwrap")
    ways = [Jail(bubblewrap=found)] if found else []
    # Only the kernel's calls can make root another user in there.
    ways = [Jail(), *ways] if os.geteuid() == 0 else [*ways, Jail()]
    tried = {}
    for way in ways:
        problem = _problem(way)
        if problem is None:
            return way
        tried["bubblewrap" if way.bubblewrap else "kernel"] = problem
        log.debug("no jail by %s: %s", way.bubblewrap or "the kernel's calls", problem)
    hint = "" if found else "; bubblewrap is not installed"
    return NoJail(reason=f"this machine makes no namespaces ({tried['kernel']}){hint}", tried=tried)


def _problem(jail: Jail) -> str | None:
    """Say why a way does not work here; None when it does."""
    bounds = Bounds(memory=limits.BUILD_MEMORY.value, file=0, seconds=_PROBE_SECONDS, processes=64)
    try:
        done = jail.run(["/bin/sh", "-c", "exit 42"], Room.of_machine(), bounds)
    except (OSError, SubprocessError, InputError) as error:
        return str(error)
    if done.code == 42:  # noqa: PLR2004 (what was asked for)
        return None
    said = done.error_text.strip().splitlines()[-1:] or [f"it ended with {done.code}"]
    return said[0].removeprefix("comp-jail: ")[:200]
