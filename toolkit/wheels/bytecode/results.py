"""The answers of program.py, in the form that it describes. They are not trusted: the base's interpreter wrote them."""

import struct

from msgspec import Struct

from toolkit.wheels.bytecode.interpreter import DoesNotRunError

SOURCE = struct.Struct("<II")
_RESULT = struct.Struct("<III")
# The answer may be anything: only this much of it is searched for the end of its first line.
_LONGEST_LINE = 100


class Result(Struct, frozen=True, kw_only=True):
    """One compiled source: size and CRC32 of the `.pyc`, and its deflate stream; empty for what did not compile."""

    plain: int = 0
    crc: int = 0
    deflated: bytes = b""


def read_results(answer: bytes, count: int, versions: str) -> list[Result]:
    """Read the output of the program for `count` sources, to the last byte.

    The content of the deflate streams is checked when a layer is made of them. Raises DoesNotRunError for output of any
    other form.
    """
    first = answer[:_LONGEST_LINE].partition(b"\n")[0]
    # Another version would make other bytecode than the key in the cache says.
    if first.decode(errors="replace") != versions:
        raise DoesNotRunError(f"it says that it is {first[:40]!r}, expected {versions}")
    # A view, since slices of bytes would copy the rest of the answer for every source.
    view, results = memoryview(answer)[len(first) + 1 :], []
    for _ in range(count):
        if len(view) < _RESULT.size:
            raise DoesNotRunError("its answer ends too early")
        plain, crc, length = _RESULT.unpack_from(view)
        deflated = bytes(view[_RESULT.size : _RESULT.size + length])
        if len(deflated) != length or (plain == 0) != (length == 0):
            raise DoesNotRunError("its answer is not of the form that was asked for")
        results.append(Result(plain=plain, crc=crc, deflated=deflated))
        view = view[_RESULT.size + length :]
    if view:
        raise DoesNotRunError(f"its answer has {len(view)} bytes too many")
    return results
