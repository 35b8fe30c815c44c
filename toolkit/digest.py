"""Digests of content, `sha256:<64 hex digits>`, and the JSON text that they are taken of.

The form follows the OCI image specification, descriptor.md, "Digests".
"""

import json
import re

from msgspec import Struct

from toolkit.errors import InputError

# Capitals are invalid (OCI image specification, descriptor.md, "Registered algorithms").
_HEX = re.compile(r"[0-9a-f]{64}")


class Digest(Struct, frozen=True, order=True):
    """The sha256 of some bytes; `str()` returns the usual text."""

    hex: str

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:…`. Raises InputError for any other algorithm or form."""
        algorithm, _, digits = text.partition(":")
        if algorithm != "sha256" or not _HEX.fullmatch(digits):
            raise InputError(f"not a sha256 digest: {text!r}", hint="expected sha256: and 64 hex digits")
        return cls(digits)

    @classmethod
    def parse_hex(cls, text: str) -> "Digest":
        """Read the 64 hex digits alone, as package indexes and lock files write them. Raises InputError."""
        if not _HEX.fullmatch(text):
            raise InputError(f"a sha256 that is not 64 hex digits: {text[:80]!r}", hint="expected 64 hex digits")
        return cls(text)

    @classmethod
    def of(cls, data: bytes) -> "Digest":
        """Hash `data`."""
        # It loads OpenSSL, and most of those who import this module hash nothing.
        import hashlib

        return cls(hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


def canonical_json(value: object, *, ascii_only: bool = False) -> bytes:
    """Return the one text of a JSON value: keys sorted, no spaces, in UTF-8.

    With `ascii_only` other characters are escaped. Keys need that: a path may hold bytes that are not UTF-8.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only).encode()
