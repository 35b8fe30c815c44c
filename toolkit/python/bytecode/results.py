"""What the compiling program answers, read from an interpreter that may be anybody's. program.py describes the form."""

import struct
from dataclasses import dataclass

from toolkit.python.bytecode.interpreter import DoesNotRunError

SOURCE = struct.Struct("<II")
_RESULT = struct.Struct("<III")
_LONGEST_LINE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One compiled source: size and CRC32 of the `.pyc`, and its deflate stream; empty for what did not compile."""

    plain: int = 0
    crc: int = 0
    deflated: bytes = b""


def read_results(said: bytes, count: int, versions: str) -> list[Result]:
    """Read what the program printed for so many sources, to the last byte.

    That a deflate stream holds what is said of it is seen when a layer is made of it. Raises DoesNotRunError when it
    is anything else than the program would print.
    """
    first = said[:_LONGEST_LINE].partition(b"\n")[0]
    if first.decode(errors="replace") != versions:
        raise DoesNotRunError(f"it says that it is {first[:40]!r}, expected {versions}")
    view, results = memoryview(said)[len(first) + 1 :], []
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
