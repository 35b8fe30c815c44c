"""Evaluate constant expressions without running code: literals, operators, and the module's names for them."""

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, field

from toolkit.interface.module import MOST_BITS, Module
from toolkit.words import is_text

# Bounds the length of texts and lists, and the bits of numbers before they are made.
_LARGEST = 1 << 16


class NotKnown(Exception):  # noqa: N818 (every caller handles it: it is an answer, not a failure)
    """An expression whose value is not known before the code runs; `args` hold the expression."""


def constant_value(module: Module, node: ast.expr) -> Any:  # noqa: ANN401 (any value)
    """Return the value of an expression, which may use the module's constants and members of its enumerations.

    A call of one of the module's classes with keywords gives a dict of them. Raises NotKnown.
    """
    return _Folder(module).value(node)


class _Folder(Struct):
    """Evaluates expressions of one module; `inside` are the names being evaluated, so that a cycle ends."""

    module: Module
    inside: set[str] = field(default_factory=set)

    def value(self, node: ast.expr) -> Any:  # noqa: ANN401, C901, PLR0911 (any value; one case for each form)
        """Return the value of `node`. Raises NotKnown."""
        match node:
            case ast.Constant(value=value):
                # Half of a surrogate pair is not a character: neither a contract nor a command line can hold it.
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
            case ast.Subscript(value=owner, slice=key):
                table, chosen = self.value(owner), self.value(key)
                return self._checked(node, lambda: table[chosen])
            case ast.JoinedStr(values=parts):
                return "".join(str(self.value(part)) for part in parts)
            case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                return self.value(inner)
            case ast.Call(func=called, args=[], keywords=keywords) if self.module.find_class(called):
                return {word.arg or self._unknown(node): self.value(word.value) for word in keywords}
            case _:
                return self._unknown(node)

    def _constant(self, node: ast.Name, name: str) -> Any:  # noqa: ANN401 (any value)
        """Return the value of a name: a constant of the module, or one imported from a module beside it."""
        origin, _, other = self.module.imports.get(name, "").lstrip(".").rpartition(".")
        home = self.module.neighbour(origin) if origin else None
        if home and other in home.constants:
            return _Folder(home, self.inside | {name}).value(home.constants[other])
        # A name that leads back to itself has no value.
        if name not in self.module.constants or name in self.inside:
            return self._unknown(node)
        return _Folder(self.module, self.inside | {name}).value(self.module.constants[name])

    def _member(self, node: ast.expr, owner: ast.expr, name: str) -> Any:  # noqa: ANN401 (any value)
        """Return the value of `Colour.RED` or `Colour.RED.value`."""
        if name == "value" and isinstance(owner, ast.Attribute):
            return self.value(owner)
        home, definition = self.module.find_class(owner) or (self.module, None)
        for part in definition.body if definition else ():
            if isinstance(part, ast.Assign) and [getattr(to, "id", "") for to in part.targets] == [name]:
                return _Folder(home, self.inside).value(part.value)
        return self._unknown(node)

    def _items(self, parts: list[ast.expr]) -> Iterator[Any]:
        """Yield the values of a list's parts, with `*other` spread out."""
        for part in parts:
            if isinstance(part, ast.Starred):
                yield from self.value(part.value)
            else:
                yield self.value(part)

    @staticmethod
    def _checked(node: ast.expr, make: Callable[[], Any]) -> Any:  # noqa: ANN401 (any value)
        """Return what `make` gives. Raises NotKnown if it fails or gives something too large."""
        try:
            value = make()
        except (TypeError, ValueError, LookupError, ArithmeticError, RecursionError, MemoryError):
            raise NotKnown(node) from None
        # Repeated additions and joins of bounded values must not fill the memory either.
        if (isinstance(value, int) and value.bit_length() > MOST_BITS) or (
            hasattr(value, "__len__") and len(value) > _LARGEST
        ):
            raise NotKnown(node)
        return value

    @staticmethod
    def _unknown(node: ast.expr) -> Any:  # noqa: ANN401 (it never returns)
        raise NotKnown(node)


def _product(left: Any, right: Any) -> Any:  # noqa: ANN401 (any value)
    # `"a" * 10**9` repeats a text.
    return operator.mul(_number(left), _number(right))


def _remainder(left: Any, right: Any) -> Any:  # noqa: ANN401 (any value)
    # `"%1000000000d" % 1` formats a text.
    return operator.mod(_number(left), _number(right))


def _power(left: Any, right: Any) -> Any:  # noqa: ANN401 (any value)
    return left**right if _bits(left) * abs(right) <= _LARGEST else _too_large(left)


def _shifted(left: Any, right: Any) -> Any:  # noqa: ANN401 (any value)
    return left << right if _bits(left) + right <= _LARGEST else _too_large(left)


def _bits(number: Any) -> int:  # noqa: ANN401 (any value)
    """Return an integer's bits; 0 for a float, whose power is a float or an error."""
    return number.bit_length() if isinstance(_number(number), int) else 0


def _number(value: Any) -> int | float:  # noqa: ANN401 (any value)
    """Return a number as it is. Raises TypeError for texts and lists."""
    if not isinstance(value, int | float):
        raise TypeError(value)
    return value


def _too_large(number: Any) -> Any:  # noqa: ANN401 (it never returns)
    raise ArithmeticError(number)


# The result of those with a function of ours can be larger than memory, so it is bounded before it is made.
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
