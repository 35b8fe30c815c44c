"""What an expression is, worked out without running it: literals, and the module's names for them."""

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from toolkit.interface.module import MOST_BITS, Module
from toolkit.words import is_text

_LARGEST = 1 << 16


class NotKnown(Exception):  # noqa: N818 (whoever asks knows what it means)
    """An expression whose value is known when the code runs and not before; `args` hold the expression."""


def constant_value(module: Module, node: ast.expr) -> Any:  # noqa: ANN401 (any value)
    """Work out an expression: constants of the module, members of its enumerations, joined texts and lists too.

    A call of one of the module's classes with keywords gives a dict of them. Raises NotKnown.
    """
    return _Folder(module).value(node)


@dataclass(slots=True)
class _Folder:
    """Works out what an expression is without running it."""

    module: Module
    inside: set[str] = field(default_factory=set)

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401, C901, PLR0911 (any value; one case for each form)
        """Give the value of `node`. Raises NotKnown."""
        match node:
            case ast.Constant(value=value):
                # Half of a surrogate pair is no character: neither a contract nor a command line can hold it.
                return value if not isinstance(value, str) or is_text(value) else self._unknown(node)
            case ast.Name(id=name):
                return self._constant(node, name)
            case ast.Attribute(value=owner, attr=name):
                return self._member(node, owner, name)
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
                return self._checked(node, lambda: kind(self._items(parts)))
            case ast.Dict(keys=keys, values=values):
                pairs = [
                    (self.value(key) if key else self._unknown(node), self.value(part))
                    for key, part in zip(keys, values, strict=True)
                ]
                return self._checked(node, lambda: dict(pairs))
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                value = self.value(operand)
                return self._checked(node, lambda: -value if isinstance(sign, ast.USub) else +value)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
                both = self.value(left), self.value(right)
                return self._checked(node, lambda: _OPERATORS[type(sign)](*both))
            case ast.JoinedStr(values=parts):
                return "".join(str(self.value(part)) for part in parts)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.value(inner)
            case ast.Call(func=called, args=[], keywords=keywords) if self.module.find_class(called):
                return {word.arg or self._unknown(node): self.value(word.value) for word in keywords}
            case _:
                return self._unknown(node)

    def _constant(self, node: ast.Name, name: str) -> Any:  # noqa: ANN401 (any value)
        origin, _, other = self.module.imports.get(name, "").lstrip(".").rpartition(".")
        home = self.module.neighbour(origin) if origin else None
        if home and other in home.constants:
            return _Folder(home, self.inside | {name}).value(home.constants[other])
        if name not in self.module.constants or name in self.inside:
            return self._unknown(node)
        return _Folder(self.module, self.inside | {name}).value(self.module.constants[name])

    def _member(self, node: ast.expr, owner: ast.expr, name: str) -> Any:  # noqa: ANN401 (any value)
        """Give the value of `Colour.RED` or `Colour.RED.value`."""
        if name == "value" and isinstance(owner, ast.Attribute):
            return self.value(owner)
        home, definition = self.module.find_class(owner) or (self.module, None)
        for part in definition.body if definition else ():
            if isinstance(part, ast.Assign) and [getattr(to, "id", "") for to in part.targets] == [name]:
                return _Folder(home, self.inside).value(part.value)
        return self._unknown(node)

    def _items(self, parts: list[ast.expr]) -> Iterator[Any]:
        for part in parts:
            if isinstance(part, ast.Starred):
                yield from self.value(part.value)
            else:
                yield self.value(part)

    @staticmethod
    def _checked(node: ast.expr, make: Callable[[], Any]) -> Any:  # noqa: ANN401 (any value)
        try:
            value = make()
        except (TypeError, ValueError, ArithmeticError, RecursionError, MemoryError):
            raise NotKnown(node) from None
        # `"a" * 10**9` is no default, and adding up numbers must not take all memory.
        if (isinstance(value, int) and value.bit_length() > MOST_BITS) or (
            hasattr(value, "__len__") and len(value) > _LARGEST
        ):
            raise NotKnown(node)
        return value

    @staticmethod
    def _unknown(node: ast.expr) -> Any:  # noqa: ANN401 (it never returns)
        raise NotKnown(node)


def _product(one: Any, other: Any) -> Any:  # noqa: ANN401 (any value)
    if not (isinstance(one, int | float) and isinstance(other, int | float)):
        # A text or list many times over can be larger than memory.
        raise TypeError(one)
    return one * other


def _remainder(one: Any, other: Any) -> Any:  # noqa: ANN401 (any value)
    if not (isinstance(one, int | float) and isinstance(other, int | float)):
        # `"%1000000000d" % 1` is a text of a gigabyte.
        raise TypeError(one)
    return one % other


def _power(one: Any, other: Any) -> Any:  # noqa: ANN401 (any value)
    return one**other if _bits(one) * abs(other) <= _LARGEST else _too_large(one)


def _shifted(one: Any, other: Any) -> Any:  # noqa: ANN401 (any value)
    return one << other if _bits(one) + other <= _LARGEST else _too_large(one)


def _bits(number: Any) -> int:  # noqa: ANN401 (any value)
    """Count an integer's bits; a float's power is a float, or an error."""
    if not isinstance(number, int | float):
        raise TypeError(number)
    return number.bit_length() if isinstance(number, int) else 0


def _too_large(number: Any) -> Any:  # noqa: ANN401 (it never returns)
    # The result can be larger than memory before anybody looks.
    raise ArithmeticError(number)


_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _product,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: _remainder,
    ast.Pow: _power,
    ast.LShift: _shifted,
    ast.BitOr: operator.or_,
}
