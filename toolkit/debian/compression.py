"""Undoing the compressions that Debian's archives and packages have, in bounded memory."""

import lzma
from collections.abc import Iterator

from toolkit.errors import InputError
from toolkit.oci.blob import ChunkStream, compression_errors, gunzip, read_chunks, zstandard

# `xz -9` needs 65 MB; a file that asks for more is not one of an archive's.
_MEMORY = 300_000_000
_CHUNK = 1 << 20


def decompressed(chunks: Iterator[bytes], name: str, what: str) -> Iterator[bytes]:
    """Yield the content of a compressed file, whose `name` ends as its compression does.

    Raises InputError naming `what` for a damaged one.
    """
    errors: tuple[type[Exception], ...] = (*compression_errors(), lzma.LZMAError)
    try:
        yield from _plain(chunks, name)
    except errors as error:
        raise InputError(
            f"{what} is damaged: {error}", hint="get it anew, from another mirror if it stays so"
        ) from error


def _plain(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yield the content by the ending of a name."""
    if name.endswith((".xz", ".lzma")):
        yield from _unxz(chunks)
    elif name.endswith(".gz"):
        yield from read_chunks(gunzip(ChunkStream(chunks)))
    elif name.endswith(".zst"):
        yield from read_chunks(zstandard().ZstdFile(ChunkStream(chunks), mode="rb"))
    else:
        yield from chunks


def _unxz(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of an xz file. Raises LZMAError, also for one that ends early."""
    inflater = lzma.LZMADecompressor(memlimit=_MEMORY)
    for chunk in chunks:
        waiting = chunk
        # At most a chunk at a time: a small input may inflate to a thousand times its size.
        while not inflater.eof:
            plain = inflater.decompress(waiting, _CHUNK)
            waiting = b""
            if plain:
                yield plain
            if inflater.needs_input:
                break
    if not inflater.eof:
        raise lzma.LZMAError("it ends early")
