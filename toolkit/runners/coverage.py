"""Which inputs, choices and defaults of a component its cases exercise."""

import json
from collections.abc import Iterator, Sequence

from msgspec import Struct

from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS, Input, Kind
from toolkit.runners.cases import Case, parameter_text
from toolkit.spec.model import ComponentSpec
from toolkit.words import shortened

_SHOWN = 40


class Coverage(Struct, frozen=True, kw_only=True):
    """How many of the things that callers can do with the inputs of a component some case does, and the others."""

    covered: int
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """All that callers can do."""
        return self.covered + len(self.missing)

    @property
    def percent(self) -> int:
        """The part that is covered, rounded down; 100 for a component without inputs."""
        return 100 * self.covered // self.total if self.total else 100


def coverage_of(spec: ComponentSpec, cases: Sequence[Case]) -> Coverage:
    """Return how far cases exercise the inputs of their component.

    An input has to be given, one with a default or an optional one has to be left out too, and each choice and both
    values of a boolean have to be given or to be the default of a case that leaves the input out. Cases that have to
    fail do not count: the component need not have used what they give.
    """
    counting = [case for case in cases if case.failure is None]
    items = [item for port in spec.interface.inputs for item in _items(port, counting)]
    return Coverage(
        covered=sum(covered for _, covered in items), missing=tuple(text for text, covered in items if not covered)
    )


def _items(port: Input, cases: Sequence[Case]) -> Iterator[tuple[str, bool]]:
    """Yield what callers can do with one input, in words of its lack, and whether some case does it."""
    given = [case for case in cases if case.values.get(port.name) is not None or port.name in case.artifacts]
    left_out = len(given) < len(cases)
    yield f"no case gives {port.name!r}", bool(given)
    if port.default is not None:
        yield f"no case leaves {port.name!r} to its default {_short(port.default)}", left_out
    elif port.optional:
        yield f"no case leaves out {port.name!r}", left_out
    if port.kind is Kind.PARAMETER:
        texts = [parameter_text(case.values[port.name]) for case in given if port.name in case.values]
        used = {_known(port, text) for text in texts}
        if left_out and port.default is not None:
            used.add(_known(port, port.default))
        for choice in _choices(port):
            yield f"no case has {port.name!r} = {_short(choice)}", choice in used


def _choices(port: Input) -> list[str]:
    """Return the texts of all values of an input that has only a few; empty for others."""
    if port.choices:
        return [_known(port, choice if isinstance(choice, str) else json.dumps(choice)) for choice in port.choices]
    return ["true", "false"] if port.type == "Boolean" else []


def _known(port: Input, text: str) -> str:
    """Return one text for all that mean the same value."""
    word = text.strip().lower()
    if port.type == "Boolean" and word in TRUE_WORDS | FALSE_WORDS:
        return "true" if word in TRUE_WORDS else "false"
    if port.type in {"Integer", "Float"}:
        try:
            return repr(float(text))
        except ValueError:
            return text
    return text


def _short(text: str) -> str:
    """Return a value as a line shows it."""
    return shortened(repr(text), _SHOWN)
