import struct

import pytest

from toolkit.wheels.bytecode.interpreter import DoesNotRunError
from toolkit.wheels.bytecode.results import read_results


def test_answers_of_another_form_are_refused() -> None:
    line, one = b"3.11.7 1.3\n", struct.pack("<III", 5, 7, 3) + b"abc"
    assert [result.deflated for result in read_results(line + one + one, 2, "3.11.7 1.3")] == [b"abc", b"abc"]
    for data in (
        b"",
        line,
        b"3.11.8 1.3\n" + one,
        line + one + b"x",
        line + one[:-1],
        line + struct.pack("<III", 5, 7, 0xFFFFFFFF) + b"abc",
        line + struct.pack("<III", 0, 7, 3) + b"abc",
        b"9" * 10_000_000 + line + one,
        b"\xff\n" + one,
    ):
        with pytest.raises(DoesNotRunError):
            read_results(data, 1, "3.11.7 1.3")
