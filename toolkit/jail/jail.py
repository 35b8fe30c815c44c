"""Jails: what they show, what they allow, and how they are made on this machine."""

import logging
import marshal
import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from subprocess import SubprocessError
from types import MappingProxyType

from msgspec import Struct, field

from toolkit import limits
from toolkit.errors import InputError
from toolkit.jail.enter import NOBODY, has_nobody
from toolkit.jail.filter import system_call_filter
from toolkit.system import temporary
from toolkit.system.processes import Finished, run

log = logging.getLogger(__name__)

ENTER = Path(__file__).with_name("enter.py")
# Exit codes of programs that a signal ended begin here, as in shells: `enter` and bubblewrap return them.
_BY_SIGNAL = 128
_PROBE_SECONDS = 20
# The programs and libraries of a machine, and the files that its loader and its resolver of names read.
_MACHINE = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_MACHINE_FILES = (
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/os-release"),
)


class Bounds(Struct, frozen=True, kw_only=True):
    """What a program in a jail may use: bytes of memory and of each file, seconds, and processes.

    With `alone` it may start no processes and open no sockets.
    """

    memory: int
    file: int
    seconds: int
    processes: int = 1
    alone: bool = False

    @property
    def of_resources(self) -> dict[str, int]:
        """The limits by their names in setrlimit(2)."""
        bounds = {"AS": self.memory, "FSIZE": self.file, "CORE": 0, "NOFILE": 1024}
        # The time of all processors together; the caller ends a program that sleeps.
        bounds["CPU"] = self.seconds * (1 if self.alone else 1 + (os.cpu_count() or 1))
        # With `alone`, the filter refuses new processes, so they need no count.
        return bounds if self.alone else bounds | {"NPROC": self.processes}


class Room(Struct, frozen=True, kw_only=True):
    """What a program in a jail sees: a folder as its root, or folders and files of this machine under their own paths.

    Only the `writable` ones can be written to. Without `root` there are also an empty /tmp, the jail's /proc, and the
    usual devices.
    """

    root: Path | None = None
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    @classmethod
    def of_machine(cls, *, readable: Sequence[Path] = (), writable: Sequence[Path] = ()) -> "Room":
        """Return a room with the programs and libraries of this machine, and with these folders and files; no home."""
        here = [path for name in (*_MACHINE, *_MACHINE_FILES) if (path := Path(name)).exists()]
        return cls(readable=(*here, *readable), writable=tuple(writable))

    def shown(self) -> list[tuple[str, str, bool]]:
        """Return what is shown without a root: the path here, the path in the jail, and whether it is writable."""
        # A bind mount on a link would go to its target, so links are made anew: see `links`.
        here = [path for path in self.readable if not _is_link(path)]
        # A path inside a folder that is shown need not be shown again.
        shown = [(path, False) for path in dict.fromkeys(here) if not set(path.parents) & set(here)]
        shown += [(path, True) for path in self.writable]
        # A path may be a link here, and the program in the jail looks under the path of the link.
        return [(os.path.realpath(path), str(path), writable) for path, writable in shown]

    def links(self) -> list[tuple[str, str]]:
        """Return the links among what is shown, such as /bin: path and target."""
        return [(str(path), str(path.readlink())) for path in self.readable if _is_link(path)]


def _is_link(path: Path) -> bool:
    """Return whether this is a link of the machine itself, such as /bin where it leads to usr/bin."""
    return str(path) in _MACHINE and path.is_symlink()


class Jail(Struct, frozen=True, kw_only=True):
    """A way to make jails that works here: by the program `bubblewrap`, or by the kernel's calls if it is None."""

    bubblewrap: str | None = None

    def give(self, folders: Sequence[Path]) -> None:
        """Give folders with their content to the user that programs in the jail run as."""
        # Otherwise the program is this user, seen from outside of the jail.
        if self.bubblewrap or os.geteuid() != 0 or not has_nobody():
            return
        for top in folders:
            for folder, inner, names in os.walk(top):
                for name in (".", *inner, *names):
                    # Not the target of a link, which may be any file of this machine.
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
        """Return how a command ends in a new jail, with `data` on stdin and these environment variables only.

        `command` and `folder` are paths in the jail. The program sees no network and no other process, and all that it
        started ends with it. Raises as `processes.run` does.
        """
        with ExitStack() as stack:
            # The folder on which the jail's own root is mounted; nothing is written into it here.
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
            return _enter("jail", plan, command, bounds, data, environment)

    def _words(self, room: Room, folder: str) -> list[str]:
        """Return the command line of bubblewrap, up to the program's own."""
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
            # Last, as bubblewrap works in order and makes places for what it shows.
            words += ["--remount-ro", "/"]
        return [*words, "--chdir", folder, "--"]


class NoJail(Struct, frozen=True, kw_only=True):
    """No jail can be made here: the reason in a few words, and the problem of each way that was tried."""

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
    """Return how a command ends without a jail, for programs that the user trusts: with the same bounds and variables.

    With `nobody` it gives up root's rights if it has them. Raises as `processes.run` does.
    """
    return _enter("bare", {"folder": folder, "nobody": nobody}, command, bounds, data, environment)


def _enter(
    way: str,
    plan: Mapping[str, object],
    command: Sequence[str],
    bounds: Bounds,
    data: bytes,
    environment: Mapping[str, str],
) -> Finished:
    """Run `enter` with a plan."""
    whole = {
        **plan,
        "way": way,
        "parent": os.getpid(),
        "command": list(command),
        "environment": dict(environment),
        "limits": bounds.of_resources,
    }
    done = run(
        # Without site, the environment and .pyc files: nothing of the user's changes how the jail is made.
        [sys.executable, "-I", "-S", "-B", str(ENTER), marshal.dumps(whole).hex()],
        seconds=bounds.seconds,
        data=data,
        # The program's own variables are in the plan; the caller's end here.
        environment={"PATH": os.defpath},
        session=True,
        # Else an error would show the whole plan.
        name=Path(command[0]).name,
    )
    return Finished(code=_as_subprocess(done.code), out=done.out, err=done.err)


def _as_subprocess(code: int) -> int:
    """Return an exit code with a signal as a negative number, as in `subprocess`."""
    return _BY_SIGNAL - code if _BY_SIGNAL < code < _BY_SIGNAL + signal.NSIG else code


@cache
def find_jail() -> Jail | NoJail:
    """Return a way to make jails that works here, found by making one. Each process looks once."""
    if sys.platform != "linux":
        return NoJail(reason=f"{sys.platform} has no namespaces")
    bubblewrap = shutil.which("bwrap")
    ways = [Jail(bubblewrap=bubblewrap)] if bubblewrap else []
    # For root, only the kernel's calls can make the program run as another user.
    ways = [Jail(), *ways] if os.geteuid() == 0 else [*ways, Jail()]
    tried = {}
    for way in ways:
        problem = _problem(way)
        if problem is None:
            return way
        tried["bubblewrap" if way.bubblewrap else "kernel"] = problem
        log.debug("no jail by %s: %s", way.bubblewrap or "the kernel's calls", problem)
    hint = "" if bubblewrap else "; bubblewrap is not installed"
    return NoJail(reason=f"this machine makes no namespaces ({tried['kernel']}){hint}", tried=tried)


def _problem(jail: Jail) -> str | None:
    """Return why a way does not work here, None if it does."""
    bounds = Bounds(memory=limits.BUILD_MEMORY.value, file=0, seconds=_PROBE_SECONDS, processes=64)
    try:
        # A code that neither a failing way nor a missing shell returns.
        done = jail.run(["/bin/sh", "-c", "exit 42"], Room.of_machine(), bounds)
    except (OSError, SubprocessError, InputError) as error:
        return str(error)
    if done.code == 42:  # noqa: PLR2004 (the code in the command)
        return None
    last = done.error_text.strip().splitlines()[-1:] or [f"it ended with {done.code}"]
    return last[0].removeprefix("comp-jail: ")[:200]
