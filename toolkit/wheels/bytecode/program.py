"""Compiles sources to bytecode. Runs in the base's interpreter, of any Python from 3.10 on.

On stdin: for each source the lengths of its path and its bytes (unsigned, 4 bytes, little-endian), then both. On
stdout: first a line with the versions of Python and zlib; then for each source, in order, length and CRC32 of the
`.pyc` and the length of its deflate stream, then that stream; three zeros stand for a source that does not compile.
Exit code 75 says that there was not enough memory.

Only the path and the bytes of a source decide what comes out, and the two versions: the `.pyc` is of the kind
"unchecked hash" (PEP 552), its name is the one inside the image, and the caller fixes the hash seed. Only
modules written in C are imported, and what is frozen: others would have to be compiled at every start, and the
strings that they intern can be seen in what `marshal` writes.
"""

import _frozen_importlib_external as external
import _imp
import _struct
import sys
import zlib

_LENGTHS = _struct.Struct("<II")
_RESULT = _struct.Struct("<III")
# Higher ones take longer than they save.
_LEVEL = 4
_OUT_OF_MEMORY = 75

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

_CODE: "type[CodeType]" = type(compile("", "", "exec"))


def compiled(path: str, source: bytes) -> bytes | None:
    """Give the bytes of the `.pyc` of one source; None when it does not compile."""
    try:
        code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    except (SyntaxError, ValueError, OverflowError, RecursionError):
        return None
    code = with_shared_sets(code, {})
    # As importlib.util.source_hash does; no public name makes such a file.
    digest = _imp.source_hash(int.from_bytes(external.MAGIC_NUMBER, "little"), source)
    return bytes(external._code_to_hash_pyc(code, digest, checked=False))  # type: ignore[attr-defined]  # noqa: SLF001


def with_shared_sets(code: "CodeType", known: dict[object, object]) -> "CodeType":
    """Give the code with one object for equal constant sets.

    Whether the compiler shares them depends on which strings some module has interned before, and `marshal` writes
    shared objects once.
    """
    if not has_sets(code):
        return code
    constants: list[object] = []
    for value in code.co_consts:
        if isinstance(value, _CODE):
            constants.append(with_shared_sets(value, known))
        elif isinstance(value, frozenset):
            constants.append(known.setdefault(frozenset((type(item), item) for item in value), value))
        else:
            constants.append(value)
    return code.replace(co_consts=tuple(constants))


def has_sets(code: "CodeType") -> bool:
    """Tell whether the code, or code inside it, has a constant set."""
    return any(
        isinstance(value, frozenset) or (isinstance(value, _CODE) and has_sets(value)) for value in code.co_consts
    )


def main() -> None:
    """Work until stdin ends."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    stdout.write(f"{sys.version.split()[0]} {zlib.ZLIB_RUNTIME_VERSION}\n".encode())
    while True:
        lengths = stdin.read(_LENGTHS.size)
        if not lengths:
            break
        path_length, source_length = _LENGTHS.unpack(lengths)
        path = stdin.read(path_length).decode()
        made = compiled(path, stdin.read(source_length))
        if made is None:
            stdout.write(_RESULT.pack(0, 0, 0))
            continue
        deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
        data = deflater.compress(made) + deflater.flush()
        stdout.write(_RESULT.pack(len(made), zlib.crc32(made), len(data)) + data)
    stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        sys.exit(_OUT_OF_MEMORY)
