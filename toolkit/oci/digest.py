"""Content digests: `sha256:<64 hex digits>` (OCI image specification, descriptor.md, "Digests")."""

import hashlib
import re
from dataclasses import dataclass

from toolkit.errors import InputError

_FORM = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The sha256 of some bytes; `str()` gives the usual text."""

    hex: str

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read `sha256:…`. Raises InputError for any other algorithm or form."""
        if not _FORM.fullmatch(text):
            raise InputError(f"not a sha256 digest: {text!r}", hint="expected sha256: and 64 hex digits")
        return cls(text[7:])

    @classmethod
    def of(cls, data: bytes) -> "Digest":
        """Hash `data`."""
        return cls(hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return f"sha256:{self.hex}"
