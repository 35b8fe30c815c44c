"""Makes a jail and runs a program in it, or runs a trusted program with bounds only.

It runs as a program of its own, with the standard library only:

    python -I -S enter.py PLAN

PLAN is a dict as `marshal` writes it, in hexadecimal digits; `toolkit.jail.jail` makes it. Two processes stay between
the caller and the program. The first makes the namespaces and waits. The second is the first process of the new process
namespace: it ends with the program and with its parent, and then the kernel ends all others in the namespace.

The order matters. Changing the root needs rights over the namespaces. They are given up before the program starts: it
has no capabilities, can get none from a file, and runs as the user nobody if there is one.
"""

import ctypes
import marshal
import os
import resource
import sys

# Python has no mount(2), prctl(2) and pivot_root(2), and unshare(2) only from 3.12 on.
LIBC = ctypes.CDLL(None, use_errno=True)
# linux/sched.h: mount, cgroup, uts, ipc, user, pid, network.
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# linux/mount.h
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXECUTION, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
# What a mount inside the jail may not allow if the mount that it shows does not.
KEPT = READ_ONLY | NO_SUID | NO_DEVICES | NO_EXECUTION
DETACH = 2
# linux/prctl.h
PARENT_DEATH, DUMPABLE, SECCOMP, BOUNDING_DROP, NO_NEW_PRIVILEGES = 1, 4, 22, 24, 38
FILTER_MODE = 2
LAST_CAPABILITY = 63
NOBODY = 65534
FAILED = 125
# signal(7). Importing `signal` and `json` would take half of the start, and a build starts twenty jails.
KILL = 9
DEVICES = ("null", "zero", "full", "random", "urandom")
# Type checkers know this name, so nothing has to import typing's when the program starts.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Program(ctypes.Structure):
    """A program of the kernel's filter (linux/filter.h, sock_fprog)."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def call(name: str, *arguments: "Any") -> None:  # noqa: ANN401 (as C takes them)
    """Call a function of the C library. Raises OSError when it fails."""
    # The kernel takes unsigned longs; of an int, ctypes passes 32 bits, and the rest of the register is undefined.
    converted = [ctypes.c_ulong(argument) if isinstance(argument, int) else argument for argument in arguments]
    if getattr(LIBC, name)(*converted) < 0:
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
    # The flags of a bind mount count only in a second call (mount(2), "Creating a bind mount").
    mount(source, target, None, BIND | RECURSIVE)
    device = source.startswith("/dev/")
    wanted = NO_SUID | (0 if device else NO_DEVICES) | (0 if writable or device else READ_ONLY)
    # Remounting changes one mount, and not those below it.
    for place in [target, *mounts_below(target)]:
        # The kernel refuses a mount that allows more than the one it comes from.
        mount(None, place, None, BIND | REMOUNT | wanted | (os.statvfs(place).f_flag & KEPT))


def mounts_below(folder: str) -> "list[str]":
    """Return the mounts below a folder (proc(5), mountinfo)."""
    with open("/proc/self/mountinfo", "rb") as stream:
        # Blanks and the like are octal escapes of bytes there, as in \040.
        places = [line.split()[4].decode("unicode_escape").encode("latin-1") for line in stream]
    return [os.fsdecode(place) for place in places if place.startswith(os.fsencode(folder) + b"/")]


def main(plan: "dict[str, Any]") -> int:
    """Run the plan's command in the jail that it describes, and return its exit code."""
    if sys.platform == "linux":
        call("prctl", PARENT_DEATH, KILL)
    # If the caller ended before the call above, no signal comes for that.
    if os.getppid() != plan["parent"]:
        return FAILED
    if plan["way"] == "bare":
        bare(plan)
    if plan["bubblewrap"]:
        through_bubblewrap(plan)
    # The files of a process that is not dumpable belong to root, uid_map among them (prctl(2), proc(5)).
    call("prctl", DUMPABLE, 1)
    as_root = make_namespaces()
    # Only children are in the new process namespace (unshare(2), CLONE_NEWPID).
    return waited(os.fork() or first(plan, as_root=as_root))


def bare(plan: "dict[str, Any]") -> None:
    """Become the program, without a jail."""
    if plan["nobody"] and os.geteuid() == 0 and has_nobody():
        become_nobody()
        # The kernel forgets it when the user changes.
        call("prctl", PARENT_DEATH, KILL)
    if sys.platform == "linux":
        call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    os.chdir(plan["folder"])
    # The kernel counts all processes of the user, and so those outside.
    set_limits({name: value for name, value in plan["limits"].items() if name != "NPROC"})
    os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 (no shell on purpose)


def through_bubblewrap(plan: "dict[str, Any]") -> None:
    """Become bubblewrap, which makes the jail then."""
    command = list(plan["bubblewrap"])
    if plan["filter"]:
        # Bubblewrap reads the filter from a descriptor. Without flags it stays open when the program changes.
        descriptor = os.memfd_create("filter", 0)
        os.write(descriptor, bytes.fromhex(plan["filter"]))
        os.lseek(descriptor, 0, os.SEEK_SET)
        command[1:1] = ["--seccomp", str(descriptor)]
    # Not the number of processes, since the user's processes outside would count.
    set_limits({name: value for name, value in plan["limits"].items() if name != "NPROC"})
    os.execve(command[0], [*command, *plan["command"]], plan["environment"])  # noqa: S606 (no shell on purpose)


def make_namespaces() -> bool:
    """Enter new namespaces: as nobody, or as root in them, who can become nobody later. Return whether as root."""
    user, group = os.geteuid(), os.getegid()
    as_root = user == 0 and has_nobody()
    if as_root:
        # Only a process outside may map more than one user.
        me, (wait, tell) = os.getpid(), os.pipe()
        helper = os.fork()
        if helper == 0:
            os.close(tell)
            os.read(wait, 1)
            for name in ("uid_map", "gid_map"):
                write(f"/proc/{me}/{name}", f"0 0 1\n{NOBODY} {NOBODY} 1\n")
            os._exit(0)
        # The maps can be written once the namespace exists: closing the pipe is the sign for that.
        call("unshare", NAMESPACES)
        os.close(tell)
        if os.waitpid(helper, 0)[1]:
            raise OSError(0, "the users of a new namespace cannot be set")
    else:
        call("unshare", NAMESPACES)
        # The kernel requires it before a user without rights sets gid_map (user_namespaces(7)).
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"{NOBODY} {user} 1\n")
        write("/proc/self/gid_map", f"{NOBODY} {group} 1\n")
    return as_root


def has_nobody() -> bool:
    """Whether the user nobody exists in the namespace of the caller."""
    with open("/proc/self/uid_map", encoding="ascii") as stream:
        rows = [[int(word) for word in line.split()] for line in stream]
    # In a container's own namespace this user may have no place.
    return any(first <= NOBODY < first + count for first, _, count in rows)


def write(path: str, text: str) -> None:
    """Write a file of the kernel in one piece, as it requires."""
    descriptor = os.open(path, os.O_WRONLY)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def make_root(plan: "dict[str, Any]") -> None:
    """Change to the new root: a folder as it is, or an empty one in which the plan's files are shown."""
    # So no mount made here appears on this machine; pivot_root(2) refuses shared mounts, too.
    mount(None, "/", None, RECURSIVE | PRIVATE)
    if plan["root"]:
        root = plan["root"]
        # The new root has to be a mount point (pivot_root(2)).
        bind(root, root)
    else:
        root = plan["stage"]
        mount("jail", root, "tmpfs", NO_SUID | NO_DEVICES, "mode=0755")
        furnish(root, plan)
        # Last, since places for all that is shown were made in it.
        mount(None, root, None, BIND | REMOUNT | NO_SUID | NO_DEVICES | READ_ONLY)
    os.chdir(root)
    # The old root lies on top of the new one then, and is unmounted (pivot_root(2), "pivot_root(".", ".")").
    call("pivot_root", b".", b".")
    call("umount2", b".", DETACH)
    os.chdir("/")


def furnish(root: str, plan: "dict[str, Any]") -> None:
    """Show in an empty root the plan's files, and what every program needs."""
    for place, target in plan["links"]:
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        os.symlink(target, root + place)
    for place in ("/tmp", "/dev", "/proc"):
        os.makedirs(root + place, exist_ok=True)
    mount("jail", f"{root}/tmp", "tmpfs", NO_SUID | NO_DEVICES, "mode=1777")
    try:
        mount("proc", f"{root}/proc", "proc", NO_SUID | NO_DEVICES | NO_EXECUTION)
    except OSError:
        pass  # Inside a container the kernel may refuse it; few builds need it.
    shown = [*plan["shown"], *([f"/dev/{name}", f"/dev/{name}", True] for name in DEVICES)]
    for source, place, writable in shown:
        if os.path.isdir(source):
            os.makedirs(root + place, exist_ok=True)
        else:
            os.makedirs(os.path.dirname(root + place), exist_ok=True)
            # A file is shown in the place of a file.
            with open(root + place, "a", encoding="ascii"):
                pass
        bind(source, root + place, writable=writable)


def first(plan: "dict[str, Any]", *, as_root: bool) -> int:
    """Be the first process in there: start the program, wait for it, and end, which ends all others."""
    call("prctl", PARENT_DEATH, KILL)
    make_root(plan)
    program = os.fork()
    if program == 0:
        confine(plan, as_root=as_root)
        os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 (no shell on purpose)
    # This process keeps its rights, so the program must not trace it or open its files in /proc (prctl(2)).
    call("prctl", DUMPABLE, 0)
    os._exit(waited(program))


def confine(plan: "dict[str, Any]", *, as_root: bool) -> None:
    """Give up every right, and set the limits."""
    # Before the user changes: the right to do so goes with it. An older kernel knows fewer of them.
    for capability in range(LAST_CAPABILITY + 1):
        if LIBC.prctl(BOUNDING_DROP, capability, 0, 0, 0) < 0:
            break
    if as_root:
        become_nobody()
    os.chdir(plan["folder"])
    set_limits(plan["limits"])
    # Without it, only a privileged process may set a filter (seccomp(2)).
    call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if plan["filter"]:
        code = bytes.fromhex(plan["filter"])
        # An instruction has eight bytes.
        call("prctl", SECCOMP, FILTER_MODE, ctypes.byref(Program(len(code) // 8, code)), 0, 0)


def become_nobody() -> None:
    """Give up root's rights for good."""
    # First, since the right to change groups goes with the user.
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def set_limits(limits: "dict[str, int]") -> None:
    """Set limits of resources by their names, as far as the present ones allow."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        # A process without rights cannot raise what its caller has.
        most = resource.getrlimit(kind)[1]
        bound = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (bound, bound))


def waited(process: int) -> int:
    """Wait for one child, and return its exit code as a shell does: 128 and the number of a signal."""
    while True:
        # The first process of a namespace inherits the children of all that end there.
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        CODE = main(marshal.loads(bytes.fromhex(sys.argv[1])))  # noqa: S302 (comp itself wrote it)
    except OSError as error:
        os.write(2, f"comp-jail: {error.strerror}\n".encode())
        CODE = FAILED
    os._exit(CODE)
