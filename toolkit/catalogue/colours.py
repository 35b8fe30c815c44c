"""The colour of a type: the same on every page, so that ports that go together are seen at once."""

from toolkit.catalogue.fitting import is_telling

_COLOURS = 6
PLAIN = f"t{_COLOURS}"


def colour_of(type_: str) -> str:
    """Return the class of a type's colour; plain values have one of their own."""
    if not is_telling(type_):
        return PLAIN
    total = 0
    for letter in type_:
        total = (total * 31 + ord(letter)) % 6007
    return f"t{total % _COLOURS}"
