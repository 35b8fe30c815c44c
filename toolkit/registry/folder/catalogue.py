"""The catalogue: an entry for each component in one file of compressed JSON lines.

The file has many gzip members (RFC 1952, section 2.2), one for each shard that has components, so that a change of one
component compresses one shard alone, and readers that know nothing of this see one stream. A member says in its extra
field which shard it is and how long, as BGZF's members do. Within a shard entries are in the order of names.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, cast

import msgspec

from toolkit.errors import InputError
from toolkit.limits import CATALOGUE_SIZE
from toolkit.registry.entry import Entry
from toolkit.registry.folder.layout import shard
from toolkit.registry.names import is_part, parse_name

# RFC 1952, section 2.3: magic, deflate, FEXTRA alone, no time, no flags, no system; then the length of the extra field,
# the id and the length of its one part, the shard, and the length of the whole member.
_HEADER = struct.Struct("<4s4sBBH2sHHI")
_BEGIN = b"\x1f\x8b\x08\x04"
_ID = b"Sh"
_EXTRA, _PART = 10, 6
# CRC and size of what is compressed.
_TRAILER = struct.Struct("<II")
_MAGIC = b"\x1f\x8b"

Members = dict[int, bytes]


def members(data: bytes) -> Members:
    """Split a catalogue into its members by shard. Raises InputError unless they fill the file."""
    if not data:
        # A loss of power may leave an empty file.
        raise InputError("not a catalogue: it is empty")
    found: Members = {}
    position = 0
    while position < len(data):
        try:
            begin, _, _, _, extra, part, _, number, size = _HEADER.unpack_from(data, position)
        except struct.error:
            raise InputError("not a catalogue: it is cut off") from None
        whole = size >= _HEADER.size + _TRAILER.size and position + size <= len(data)
        if begin != _BEGIN or (extra, part) != (_EXTRA, _ID) or not whole or number in found:
            raise InputError(f"not a catalogue: an invalid member at byte {position}")
        if (one := data[position : position + size]) != member(0, ()):
            found[number] = one
        position += size
    return found


def joined(parts: Mapping[int, bytes]) -> bytes:
    """Return the file of these members."""
    # A file without a member would not be one of gzip.
    return b"".join(parts[number] for number in sorted(parts)) or member(0, ())


def member(number: int, entries: Iterable[Entry]) -> bytes:
    """Return the member of one shard, in equal bytes for equal entries."""
    text = msgspec.json.Encoder().encode_lines(sorted(entries, key=lambda entry: entry.name))
    compressor = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = compressor.compress(text) + compressor.flush()
    size = _HEADER.size + len(body) + _TRAILER.size
    header = _HEADER.pack(_BEGIN, bytes(4), 0, 255, _EXTRA, _ID, _PART, number, size)
    return header + body + _TRAILER.pack(zlib.crc32(text), len(text) % 2**32)


def with_entry(data: bytes, name: str, entry: Entry | None) -> bytes:
    """Return a catalogue in which a component has this entry, or none. Raises InputError if it is damaged."""
    parts, number = members(data), shard(parse_name(name))
    others = [each for each in read_entries(parts[number]) if each.name != name] if number in parts else []
    changed = [*others, entry] if entry is not None else others
    if changed:
        parts[number] = member(number, changed)
    else:
        parts.pop(number, None)
    return joined(parts)


def catalogue_bytes(entries: Iterable[Entry]) -> bytes:
    """Return the catalogue of these entries."""
    shards: dict[int, list[Entry]] = {}
    for entry in entries:
        shards.setdefault(shard(parse_name(entry.name)), []).append(entry)
    return joined({number: member(number, some) for number, some in shards.items()})


def read_entries(data: bytes) -> list[Entry]:
    """Read a catalogue, in the order of names. Raises InputError if it is damaged or too large."""
    return sorted(_decoded(catalogue_text(data)), key=lambda entry: entry.name)


def catalogue_text(data: bytes) -> bytes:
    """Return the lines of a catalogue; a server may have uncompressed it already. Raises InputError."""
    if not data:
        raise InputError("not a catalogue: it is empty")
    if not data.startswith(_MAGIC):
        CATALOGUE_SIZE.check(len(data), "the catalogue")
        return data
    # Not `oci.blob`, which loads OpenSSL: a search hashes nothing.
    from isal import igzip, isal_zlib

    # The stubs call it an instance.
    broken = cast("type[Exception]", isal_zlib.error)
    try:
        stream = cast("BinaryIO", igzip.GzipFile(fileobj=io.BytesIO(data), mode="rb"))  # type: ignore[no-untyped-call]
        text = stream.read(CATALOGUE_SIZE.value + 1)
    except (OSError, EOFError, zlib.error, broken) as error:
        raise InputError(f"not a catalogue: {error}") from error
    CATALOGUE_SIZE.check(len(text), "the catalogue")
    return text


def matching(text: bytes, words: Sequence[str]) -> list[Entry]:
    """Return the entries with all words among the lines of a catalogue, in the order of names.

    Raises InputError for a line that is not an entry.
    """
    # Lines are chosen as bytes, and most are never decoded.
    found = _decoded(b"\n".join(_candidates(text, words)) if words else text)
    chosen = [entry for entry in found if entry.matches(words)] if words else found
    return sorted(chosen, key=lambda entry: entry.name)


def _candidates(text: bytes, words: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines that can match: those with the plain part of each word."""
    lowered = text.lower()
    plain = sorted({part for word in words if (part := _plain_part(word))}, key=len, reverse=True)
    if not plain:
        yield text
        return
    first, others = plain[0], plain[1:]
    end = -1
    while (hit := lowered.find(first, end + 1)) >= 0:
        begin = lowered.rfind(b"\n", 0, hit) + 1
        end = lowered.find(b"\n", hit)
        end = len(text) if end < 0 else end
        line = lowered[begin:end]
        if all(part in line for part in others):
            yield text[begin:end]


def _plain_part(word: str) -> bytes:
    """Return the longest part of a word that stands in JSON as it is, in lower case; empty without one."""
    # A space may stand between two fields.
    runs = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in ' "\\' else "\0" for letter in word
    )
    return max(runs.split("\0"), key=len).lower().encode()


def _decoded(text: bytes) -> list[Entry]:
    """Decode lines. Raises InputError."""
    try:
        entries = msgspec.json.Decoder(Entry).decode_lines(text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise InputError(f"not a catalogue: {error}") from error
    # Names become paths and pages. `parse_name` makes the error, and is slower.
    for entry in entries:
        namespace, _, name = entry.name.partition("/")
        if not (is_part(namespace) and is_part(name)):
            parse_name(entry.name)
    return entries
