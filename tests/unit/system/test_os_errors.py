"""Errors of the operating system that are not bugs."""

import errno
import os
from pathlib import Path

import pytest

from toolkit.errors import MachineError, OutsideError
from toolkit.system.os_errors import machine_failure, naming, refusal


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ELOOP, errno.EIO])
def test_a_refusal_names_the_path_and_the_reason(number: int) -> None:
    refused = refusal(OSError(number, os.strerror(number), "/some/where"))
    assert refused is not None
    assert refused.message == f"cannot use /some/where: {os.strerror(number)}"
    assert refused.hint


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EEXIST, errno.EBADF, errno.EINVAL, errno.ENOTEMPTY])
def test_what_may_be_a_bug_stays_as_it_is(number: int) -> None:
    assert refusal(OSError(number, os.strerror(number), "/some/where")) is None
    assert refusal(ValueError("no")) is None
    assert refusal(RuntimeError("no")) is None


def test_what_python_does_not_raise_as_an_oserror() -> None:
    for error in (MemoryError(), RuntimeError("can't start new thread"), ImportError("x.so: Too many open files")):
        assert isinstance(refusal(error), OutsideError)


def test_a_write_that_fails_gets_the_name_of_its_file() -> None:
    expected = pytest.raises(MachineError, match="cannot write /dev/full: No space left on device")
    with expected, naming(Path("/dev/full")), Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    with pytest.raises(FileNotFoundError), naming(Path("/dev/full")):
        Path("/nonexistent").read_bytes()


@pytest.mark.parametrize(
    ("code", "output", "message"),
    [
        (-9, "", "uv was ended by SIGKILL"),
        (-15, "", "uv was ended by SIGTERM"),
        (2, "error: failed\n  Caused by: No space left on device (os error 28)", "uv failed: No space left on device"),
        (2, "error: Permission denied (os error 13) at path", "uv failed: Permission denied"),
    ],
)
def test_a_program_that_the_machine_stopped_is_not_an_input_error(code: int, output: str, message: str) -> None:
    failure = machine_failure("uv", code, output)
    assert isinstance(failure, OutsideError)
    assert failure.message.startswith(message)


def test_a_program_that_failed_by_itself_is_left_to_its_caller() -> None:
    assert machine_failure("uv", 1, "No solution found") is None
    assert machine_failure("uv", 1, "tcp connect error: Connection refused (os error 111)") is None
    assert machine_failure("uv", 0) is None
