"""Makes a jail and runs a program in it, or runs a trusted program with bounds alone.

It runs by itself, with the standard library only:

    python -I -S enter.py PLAN

PLAN is JSON; `toolkit.jail.jail` writes it and says what its keys mean. Two processes stay between the caller and the
program. The first makes the namespaces and waits. The second is the first one in the new namespace of processes: when
it ends, the kernel ends all others there. It ends with the program, and with the first process.

The order matters. Rights over the namespaces are needed to change the root, and are given up before the program
starts: no capabilities, none to be had from a file, the user nobody where there is one.
"""

import ctypes
import json
import os
import resource
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
# linux/sched.h: mount, cgroup, uts, ipc, user, pid, network.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# linux/mount.h
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXECUTION, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
KEPT = READ_ONLY | NO_SUID | NO_DEVICES | NO_EXECUTION
DETACH = 2
# linux/prctl.h
PARENT_DEATH, DUMPABLE, SECCOMP, BOUNDING_DROP, NO_NEW_PRIVILEGES = 1, 4, 22, 24, 38
FILTER_MODE = 2
LAST_CAPABILITY = 63
NOBODY = 65534
FAILED = 125
DEVICES = ("null", "zero", "full", "random", "urandom")
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Program(ctypes.Structure):
    """A program of the kernel's filter (linux/filter.h, sock_fprog)."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def call(name: str, *arguments: "Any") -> None:  # noqa: ANN401 (as C takes them)
    """Call a function of the C library. Raises OSError when it fails."""
    given = [ctypes.c_ulong(one) if isinstance(one, int) else one for one in arguments]
    if getattr(LIBC, name)(*given) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def mount(source: "str | None", target: str, kind: "str | None", flags: int, data: str = "") -> None:
    """Mount a file system, or change a mount (mount(2))."""
    texts = [os.fsencode(text) if text is not None else None for text in (source, target, kind)]
    try:
        call("mount", *texts, flags, data.encode())
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror} ({target})") from error


def bind(source: str, target: str, *, writable: bool = False) -> None:
    """Show a file or folder at another place, without devices and set-user-ID there."""
    mount(source, target, None, BIND | RECURSIVE)
    device = source.startswith("/dev/")
    wanted = NO_SUID | (0 if device else NO_DEVICES) | (0 if writable or device else READ_ONLY)
    for place in [target, *mounts_below(target)]:
        # What the mount it comes from refuses has to be refused here as well.
        mount(None, place, None, BIND | REMOUNT | wanted | (os.statvfs(place).f_flag & KEPT))


def mounts_below(folder: str) -> "list[str]":
    """List the mounts below a folder (proc(5), mountinfo)."""
    with open("/proc/self/mountinfo", "rb") as stream:
        places = [line.split()[4].decode("unicode_escape").encode("latin-1") for line in stream]
    return [os.fsdecode(place) for place in places if place.startswith(os.fsencode(folder) + b"/")]


def main(plan: "dict[str, Any]") -> int:
    """Run the plan's command in the jail that it describes; give its exit code."""
    if sys.platform == "linux":
        call("prctl", PARENT_DEATH, signal.SIGKILL)
    if os.getppid() != plan["parent"]:
        return FAILED
    if plan["way"] == "bare":
        bare(plan)
    if plan["bubblewrap"]:
        through_bubblewrap(plan)
    call("prctl", DUMPABLE, 1)
    as_root = make_namespaces()
    return waited(os.fork() or first(plan, as_root=as_root))


def bare(plan: "dict[str, Any]") -> None:
    """Become the program, without a jail."""
    if plan["nobody"] and os.geteuid() == 0 and has_nobody():
        become_nobody()
        # Another user's process loses it.
        call("prctl", PARENT_DEATH, signal.SIGKILL)
    if sys.platform == "linux":
        call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    os.chdir(plan["folder"])
    set_limits({name: value for name, value in plan["limits"].items() if name != "NPROC"})
    os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 (no shell on purpose)


def through_bubblewrap(plan: "dict[str, Any]") -> None:
    """Become bubblewrap, which does the same."""
    command = list(plan["bubblewrap"])
    if plan["filter"]:
        descriptor = os.memfd_create("filter", 0)
        os.write(descriptor, bytes.fromhex(plan["filter"]))
        os.lseek(descriptor, 0, os.SEEK_SET)
        command[1:1] = ["--seccomp", str(descriptor)]
    # Not the number of processes, which would count those of the user outside.
    set_limits({name: value for name, value in plan["limits"].items() if name != "NPROC"})
    os.execve(command[0], [*command, *plan["command"]], plan["environment"])  # noqa: S606 (no shell on purpose)


def make_namespaces() -> bool:
    """Leave all namespaces of the caller, and become the user nobody or, to become it later, root in the new one."""
    user, group = os.geteuid(), os.getegid()
    as_root = user == 0 and has_nobody()
    if as_root:
        # Only from outside may more than oneself be mapped.
        me, (wait, tell) = os.getpid(), os.pipe()
        helper = os.fork()
        if helper == 0:
            os.close(tell)
            os.read(wait, 1)
            for name in ("uid_map", "gid_map"):
                write(f"/proc/{me}/{name}", f"0 0 1\n{NOBODY} {NOBODY} 1\n")
            os._exit(0)
        call("unshare", NAMESPACES)
        os.close(tell)
        if os.waitpid(helper, 0)[1]:
            raise OSError(0, "the users of a new namespace cannot be set")
    else:
        call("unshare", NAMESPACES)
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{NOBODY} {user} 1\n")
        write("/proc/self/gid_map", f"{NOBODY} {group} 1\n")
    return as_root


def has_nobody() -> bool:
    """Tell whether the user nobody exists in the namespace of the caller."""
    with open("/proc/self/uid_map", encoding="ascii") as stream:
        rows = [[int(word) for word in line.split()] for line in stream]
    return any(first <= NOBODY < first + count for first, _, count in rows)


def write(path: str, text: str) -> None:
    """Write a file of the kernel's, in one piece."""
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def make_root(plan: "dict[str, Any]") -> None:
    """Make the new root: a folder as it is, or an empty one with what the plan shows in it."""
    mount(None, "/", None, RECURSIVE | PRIVATE)
    if plan["root"]:
        root = plan["root"]
        bind(root, root)
    else:
        root = plan["stage"]
        mount("jail", root, "tmpfs", NO_SUID | NO_DEVICES, "mode=0755")
        furnish(root, plan)
        mount(None, root, None, BIND | REMOUNT | NO_SUID | NO_DEVICES | READ_ONLY)
    os.chdir(root)
    # The old root ends up on top of the new one, from where it is removed (pivot_root(2), "pivot_root(".", ".")").
    call("pivot_root", b".", b".")
    call("umount2", b".", DETACH)
    os.chdir("/")


def furnish(root: str, plan: "dict[str, Any]") -> None:
    """Show in an empty root what programs of this machine need."""
    for place, target in plan["links"]:
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        os.symlink(target, root + place)
    for place in ("/tmp", "/dev", "/proc"):
        os.makedirs(root + place, exist_ok=True)
    mount("jail", f"{root}/tmp", "tmpfs", NO_SUID | NO_DEVICES, "mode=1777")
    try:
        mount("proc", f"{root}/proc", "proc", NO_SUID | NO_DEVICES | NO_EXECUTION)
    except OSError:
        pass  # Inside a container the kernel may refuse; few builds need it.
    shown = [*plan["shown"], *([f"/dev/{name}", f"/dev/{name}", True] for name in DEVICES)]
    for source, place, writable in shown:
        if os.path.isdir(source):
            os.makedirs(root + place, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(root + place), exist_ok=True)
            with open(root + place, "a", encoding="ascii"):
                pass
        bind(source, root + place, writable=writable)


def first(plan: "dict[str, Any]", *, as_root: bool) -> int:
    """Be the first process in there: start the program, wait, and end, which ends everything."""
    call("prctl", PARENT_DEATH, signal.SIGKILL)
    make_root(plan)
    program = os.fork()
    if program == 0:
        confine(plan, as_root=as_root)
        os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 (no shell on purpose)
    call("prctl", DUMPABLE, 0)
    os._exit(waited(program))


def confine(plan: "dict[str, Any]", *, as_root: bool) -> None:
    """Give up every right."""
    for capability in range(LAST_CAPABILITY + 1):
        if LIBC.prctl(BOUNDING_DROP, capability, 0, 0, 0) < 0:
            break
    if as_root:
        become_nobody()
    os.chdir(plan["folder"])
    set_limits(plan["limits"])
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if plan["filter"]:
        code = bytes.fromhex(plan["filter"])
        # Eight bytes an instruction.
        call("prctl", SECCOMP, FILTER_MODE, ctypes.byref(Program(len(code) // 8, code)), 0, 0)


def become_nobody() -> None:
    """Give up root's rights for good."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def set_limits(given: "dict[str, int]") -> None:
    """Set limits of resources by their names, as far as those in force allow."""
    for name, value in given.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        most = resource.getrlimit(kind)[1]
        bound = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (bound, bound))


def waited(process: int) -> int:
    """Wait for one child alone; give its exit code, as a shell would."""
    while True:
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        CODE = main(json.loads(sys.argv[1]))
    except OSError as error:
        os.write(2, f"comp-jail: {error.strerror}\n".encode())
        CODE = FAILED
    os._exit(CODE)
