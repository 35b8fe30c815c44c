"""Kubernetes quantities: `500m`, `4Gi`, `1e3`.

Follows the grammar of Kubernetes' `resource.Quantity` (apimachinery, `pkg/api/resource/quantity.go`).
"""

import re
from fractions import Fraction

from msgspec import Struct

_NUMBER = r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+"
_FORM = re.compile(
    rf"(?P<number>[+-]?(?:{_NUMBER}))(?:(?P<unit>[KMGTPE]i|[numkMGTPE])|[eE](?P<exponent>[+-]?[0-9]+))?", re.ASCII
)
_BINARY = {unit: Fraction(1024**power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# Kubernetes keeps a quantity in 64 bits, and no more than nine decimal places of it.
LARGEST = 2**63 - 1
_LONGEST = 40
_MOST_DIGITS = 20


class Quantity(Struct, frozen=True, kw_only=True):
    """An amount as it is written, and its value."""

    text: str
    value: Fraction

    def __str__(self) -> str:
        return self.text


def parse_quantity(text: str) -> Quantity | None:
    """Return the quantity; None if Kubernetes would not read the text, or could not keep its value."""
    match = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        return None
    exponent = int(match["exponent"] or 0)
    # Python would compute the power first: 1e999999999 takes all memory.
    if abs(exponent) > _MOST_DIGITS:
        return None
    unit = match["unit"] or ""
    factor = _BINARY.get(unit) or Fraction(10) ** (_DECIMAL[unit] + exponent)
    value = Fraction(match["number"]) * factor
    return Quantity(text=text, value=value) if abs(value) <= LARGEST else None
