"""The copy of an image that a mirror has: the reference that is used in the place of the one in a contract.

Marks and locks can be changed, unlike releases, so a copy has to have the digest that the contract names.
"""

import re

_BY_DIGEST = re.compile(r"[^\s@]+@(sha256:[0-9a-f]{64})")
_SHOWN = 80


def check_copy(image: str, copy: object) -> str:
    """Return the reference of a copy. Raises ValueError unless it has a digest, which is that of the image if it has.

    A contract may name its image by a tag; then the copy is what the tag was when it was copied.
    """
    by_digest = _BY_DIGEST.fullmatch(copy) if isinstance(copy, str) else None
    if by_digest is None:
        raise ValueError(f"{str(copy)[:_SHOWN]!r} is not an image by digest")
    _, at, digest = image.partition("@")
    if at and digest != by_digest[1]:
        raise ValueError(f"{by_digest[0][:_SHOWN]!r} is not a copy of {image[:_SHOWN]!r}: it has another digest")
    return by_digest[0]
