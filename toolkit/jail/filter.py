"""The filter of system calls in a jail: a program for the kernel (seccomp(2), classic BPF).

Namespaces hide what a jail must not see. The filter refuses the calls to parts of the kernel that namespaces do not
cover. There is a filter only for architectures with a table here.
"""

import struct
import sys
from errno import EAFNOSUPPORT, ENOSYS, EPERM

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
# What a filter may return: end the process, fail with an error number, go on (linux/seccomp.h).
_KILL, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# Offsets in struct seccomp_data; for an argument, that of its lower half.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

# The kernel's numbers for architectures (linux/audit.h), then their numbers for system calls.
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS = {
    "x86_64": {
        "clone": 56,
        "fork": 57,
        "vfork": 58,
        "socket": 41,
        "socketpair": 53,
        "ptrace": 101,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "chroot": 161,
        "unshare": 272,
        "setns": 308,
        "keyctl": 250,
        "add_key": 248,
        "request_key": 249,
        "bpf": 321,
        "perf_event_open": 298,
        "userfaultfd": 323,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "kexec_load": 246,
        "open_by_handle_at": 304,
        "init_module": 175,
        "finit_module": 313,
        "delete_module": 176,
        "acct": 163,
        "swapon": 167,
    },
    "aarch64": {
        "clone": 220,
        "socket": 198,
        "socketpair": 199,
        "ptrace": 117,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "chroot": 51,
        "unshare": 97,
        "setns": 268,
        "keyctl": 219,
        "add_key": 217,
        "request_key": 218,
        "bpf": 280,
        "perf_event_open": 241,
        "userfaultfd": 282,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "kexec_load": 104,
        "open_by_handle_at": 265,
        "init_module": 105,
        "finit_module": 273,
        "delete_module": 106,
        "acct": 89,
        "swapon": 224,
    },
}
# From 424 on, numbers are the same everywhere: io_uring, and mounts by descriptor.
_IO_URING = (425, 426, 427)
_MOUNTS = (428, 429, 430, 431, 432, 433, 442)
_CLONE3 = 435
_PROCESSES = ("clone", "fork", "vfork")
_SOCKETS = ("socket", "socketpair")
# The flags of clone(2) for new namespaces: time, mount, cgroup, uts, ipc, user, pid, net.
_NEW_NAMESPACES = 0x7E020080
# AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK stay within the jail's own network, which is empty. Other families do not:
# AF_VSOCK reaches the host of a virtual machine.
_FAMILIES = (1, 2, 10, 16)
# This bit marks calls of another ABI of x86_64, with numbers of its own.
_X32 = 0x40000000


def system_call_filter(machine: str, *, alone: bool) -> bytes | None:
    """Return the filter for a machine as `uname -m` names it, None without a table for it.

    With `alone` it refuses new processes and sockets as well.
    """
    # In the other order, the lower half of an argument stands elsewhere.
    if machine not in _NUMBERS or sys.byteorder != "little":
        return None
    numbers = _NUMBERS[machine]
    code = [
        # First: every number below means another call elsewhere (seccomp(2)).
        *_unless(_ARCHITECTURE, _EQUAL, _ARCHITECTURES[machine], _KILL),
        _word(_LOAD, _NUMBER),
        *(_refused(_ANY_BIT, _X32, ENOSYS) if machine == "x86_64" else ()),
    ]
    limited = (*_PROCESSES, *_SOCKETS)
    for number in (*(numbers[name] for name in numbers if name not in limited), *_IO_URING, *_MOUNTS):
        code += _refused(_EQUAL, number, EPERM)
    # A filter cannot read its flags, which are in memory. When it is missing, programs use `clone`.
    code += _refused(_EQUAL, _CLONE3, ENOSYS)
    if alone:
        for name in limited:
            if name in numbers:
                code += _refused(_EQUAL, numbers[name], EPERM)
    else:
        code += _when(numbers["clone"], _refused(_ANY_BIT, _NEW_NAMESPACES, EPERM))
        for name in _SOCKETS:
            # A family that is allowed skips the rest of these tests, and the refusal behind them.
            families = [_jump(_EQUAL, family, len(_FAMILIES) - place, 0) for place, family in enumerate(_FAMILIES)]
            code += _when(numbers[name], [*families, _word(_RETURN, _ERRNO | EAFNOSUPPORT)])
    return b"".join([*code, _word(_RETURN, _ALLOW)])


def _when(number: int, inner: list[bytes]) -> list[bytes]:
    """Return code that runs `inner` on the first argument of one call, and then loads the number again."""
    # The lower half decides: the kernel takes 32 bits of both a family and clone's flags.
    body = [_word(_LOAD, _FIRST_ARGUMENT), *inner, _word(_LOAD, _NUMBER)]
    return [_jump(_EQUAL, number, 0, len(body)), *body]


def _unless(offset: int, test: int, value: int, result: int) -> list[bytes]:
    """Return code that ends with `result` unless the test of a field passes."""
    return [_word(_LOAD, offset), _jump(test, value, 1, 0), _word(_RETURN, result)]


def _refused(test: int, value: int, error: int) -> list[bytes]:
    """Return code that refuses the call with an error number if the test passes."""
    return [_jump(test, value, 0, 1), _word(_RETURN, _ERRNO | error)]


def _word(code: int, value: int) -> bytes:
    """Return one instruction (linux/filter.h, sock_filter)."""
    return struct.pack("<HBBI", code, 0, 0, value)


def _jump(code: int, value: int, if_true: int, if_false: int) -> bytes:
    """Return a test that skips so many instructions."""
    return struct.pack("<HBBI", code, if_true, if_false, value)
