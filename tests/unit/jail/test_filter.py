"""The filter of system calls, run as the kernel would run it."""

import struct
from errno import EAFNOSUPPORT, ENOSYS, EPERM

import pytest

from toolkit.jail.filter import system_call_filter

_X86 = 0xC000003E
_ARM = 0xC00000B7
_CLONE_NEWUSER = 0x10000000
_SIGCHLD = 17
_AF_INET, _AF_VSOCK = 2, 40
_KILLED = "killed"
_ALLOWED = 0


def _result(code: bytes, number: int, argument: int = 0, architecture: int = _X86) -> int | str:
    """Run a filter (linux/filter.h) on a call; return the error number, 0 if the call is allowed."""
    data = struct.pack("<IIQQ", number, architecture, 0, argument)
    instructions = list(struct.iter_unpack("<HBBI", code))
    position, loaded = 0, 0
    while True:
        operation, if_true, if_false, value = instructions[position]
        position += 1
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", data, value)
        elif operation in {0x15, 0x45}:
            test = loaded == value if operation == 0x15 else bool(loaded & value)
            position += if_true if test else if_false
        elif value == 0x80000000:
            return _KILLED
        else:
            return 0 if value == 0x7FFF0000 else value & 0xFFFF


@pytest.fixture
def code() -> bytes:
    made = system_call_filter("x86_64", alone=False)
    assert made
    return made


def test_ordinary_calls_are_allowed(code: bytes) -> None:
    assert {_result(code, number) for number in (0, 1, 2, 59, 231)} == {_ALLOWED}


@pytest.mark.parametrize("number", [101, 165, 161, 272, 308, 321, 298, 425, 428])
def test_calls_to_parts_that_namespaces_do_not_cover_are_refused(code: bytes, number: int) -> None:
    assert _result(code, number) == EPERM


def test_new_processes_are_allowed_and_new_namespaces_refused(code: bytes) -> None:
    assert _result(code, 56, _SIGCHLD) == _ALLOWED
    assert _result(code, 56, _SIGCHLD | _CLONE_NEWUSER) == EPERM
    assert _result(code, 435) == ENOSYS


def test_sockets_stay_within_the_jail(code: bytes) -> None:
    assert _result(code, 41, _AF_INET) == _ALLOWED
    assert _result(code, 41, _AF_VSOCK) == EAFNOSUPPORT
    assert _result(code, 53, _AF_VSOCK) == EAFNOSUPPORT


def test_other_numbers_for_the_same_calls_do_not_pass(code: bytes) -> None:
    assert _result(code, 101, architecture=_ARM) == _KILLED
    assert _result(code, 0x40000000 | 101) == ENOSYS


def test_alone_a_program_starts_nothing_and_opens_no_socket() -> None:
    code = system_call_filter("x86_64", alone=True)
    assert code
    assert {_result(code, number) for number in (56, 57, 58, 41, 53)} == {EPERM}


def test_the_other_architecture_has_numbers_of_its_own() -> None:
    code = system_call_filter("aarch64", alone=False)
    assert code
    assert _result(code, 117, architecture=_ARM) == EPERM
    assert _result(code, 101, architecture=_ARM) == _ALLOWED


def test_without_a_table_there_is_no_filter() -> None:
    assert system_call_filter("riscv64", alone=True) is None
