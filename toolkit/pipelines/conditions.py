"""The conditions of steps in KFP's IR: the part of CEL that kfp's compiler writes, parsed and worked out.

    expression  = conjunction {"||" conjunction}
    conjunction = comparison {"&&" comparison}
    comparison  = operand [("==" | "!=" | "<" | "<=" | ">" | ">=") operand]
    operand     = "!" operand | "(" expression ")" | function "(" expression ")" | input | literal
    function    = "int" | "double" | "string" | "bool"
    input       = "inputs.parameter_values['" name "']"
    literal     = text in single or double quotes | number | true | false | null

kfp 2.17 writes it in `_single_binary_operation_to_cel_condition` (`kfp/compiler/pipeline_spec_builder.py`).
"""

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct

from toolkit.errors import InputError
from toolkit.interface.model import FALSE_WORDS, TRUE_WORDS
from toolkit.selective import Selective

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<input>inputs\.parameter_values\[(?P<quote>['"])(?P<name>[^'"\]]+)(?P=quote)\])
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<number>-?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][-+]?[0-9]{1,4})?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||==|!=|<=|>=|[<>!()])
    )""",
    re.VERBOSE,
)
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_CONSTANTS = {"true": True, "false": False, "null": None}
_FUNCTIONS = ("int", "double", "string", "bool")
# Foreign text decides how deep the parser goes.
_DEEPEST = 50


class Value(Struct, frozen=True, kw_only=True):
    """A literal."""

    value: str | float | bool | None


class InputValue(Struct, frozen=True, kw_only=True):
    """The value of one of the step's inputs."""

    name: str


class Call(Struct, frozen=True, kw_only=True):
    """A conversion: `int`, `double`, `string` or `bool`."""

    function: str
    argument: "Expression"


class Not(Struct, frozen=True, kw_only=True):
    """The opposite of an expression."""

    operand: "Expression"


class Comparison(Struct, frozen=True, kw_only=True):
    """Two operands and `==`, `!=`, `<`, `<=`, `>` or `>=`."""

    left: "Expression"
    sign: str
    right: "Expression"


class Junction(Struct, frozen=True, kw_only=True):
    """Operands that are all true, or one of them is."""

    sign: Literal["&&", "||"]
    operands: "tuple[Expression, ...]"


Expression = Value | InputValue | Call | Not | Comparison | Junction


class Condition(Selective, frozen=True, kw_only=True):
    """A condition as it is written, and as it was understood."""

    IGNORED = frozenset({"expression"})

    text: str
    expression: Expression

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs in the condition, in the order of the text."""
        names = [match["name"] for match in _TOKEN.finditer(self.text) if match["input"]]
        return tuple(dict.fromkeys(names))

    @property
    def readable(self) -> str:
        """The condition with the plain names of its inputs, as a pipeline's author wrote them."""
        return _TOKEN.sub(
            lambda match: match[0].replace(match["input"], plain_name(match["name"])) if match["input"] else match[0],
            self.text,
        )

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether the condition is true. Raises InputError for a missing input and for types that do not fit."""
        result = _value(self.expression, values)
        if not isinstance(result, bool):
            raise InputError(f"the condition {self.text} is {result!r}, expected true or false")
        return result


def plain_name(name: str) -> str:
    """Return a name without the prefix that kfp's compiler gives to inputs of nested dags."""
    return name.removeprefix("pipelinechannel--")


def parse_condition(text: str) -> Condition:
    """Parse a condition. Raises InputError with the column of the first part that is not understood."""
    return Condition(text=text, expression=_Parser(text).parse())


class _Parser:
    """A parser by recursive descent: a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def parse(self) -> Expression:
        """Return the whole text as an expression."""
        expression = self._expression()
        if self._text[self._at :].strip():
            raise self._failed()
        return expression

    def _expression(self) -> Expression:
        """Return operands joined by `||`."""
        return self._joined("||", self._conjunction)

    def _conjunction(self) -> Expression:
        """Return operands joined by `&&`."""
        return self._joined("&&", self._comparison)

    def _joined(self, sign: Literal["&&", "||"], operand: Callable[[], Expression]) -> Expression:
        """Return operands joined by a sign, or the only one."""
        operands = [operand()]
        while self._take(sign):
            operands.append(operand())
        return operands[0] if len(operands) == 1 else Junction(sign=sign, operands=tuple(operands))

    def _comparison(self) -> Expression:
        """Return two operands with the sign between them, or a single one."""
        left = self._operand()
        sign = next((sign for sign in _ORDER if self._take(sign)), None)
        return left if sign is None else Comparison(left=left, sign=sign, right=self._operand())

    def _operand(self) -> Expression:
        """Return one operand."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InputError("the condition is nested too deeply")
        try:
            if self._take("!"):
                return Not(operand=self._operand())
            if self._take("("):
                return self._closed()
            return self._atom()
        finally:
            self._depth -= 1

    def _closed(self) -> Expression:
        """Return the expression before a closing bracket."""
        expression = self._expression()
        if not self._take(")"):
            raise self._failed("expected ')'")
        return expression

    def _atom(self) -> Expression:
        """Return an input, a literal or a conversion."""
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["sign"]:
            raise self._failed()
        start, self._at = self._at, match.end()
        if match["input"]:
            return InputValue(name=match["name"])
        if match["text"]:
            return Value(value=re.sub(r"\\(.)", r"\1", match["text"][1:-1]))
        if match["number"]:
            number = match["number"]
            return Value(value=int(number) if number.lstrip("-").isdigit() else float(number))
        word = match["word"]
        if word in _CONSTANTS:
            return Value(value=_CONSTANTS[word])
        if word in _FUNCTIONS and self._take("("):
            return Call(function=word, argument=self._closed())
        self._at = start
        raise self._failed()

    def _take(self, sign: str) -> bool:
        """Whether the sign comes next; then it is taken."""
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["sign"] != sign:
            return False
        self._at = match.end()
        return True

    def _failed(self, why: str = "") -> InputError:
        """Return the error for the text that comes next."""
        rest = self._text[self._at :].strip()
        found = f"{rest[:40]!r} at column {len(self._text) - len(rest) + 1}" if rest else "its end"
        return InputError(
            f"the condition {self._text[:200]!r} cannot be understood from {found}{f', {why}' if why else ''}",
            hint="kfp writes a quote in a text as it is; compare with a text without quotes",
        )


def _value(expression: Expression, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a JSON value)
    """Return the value of an expression. Raises InputError."""
    match expression:
        case Value():
            return expression.value
        case InputValue():
            if expression.name not in values:
                raise InputError(f"a condition needs the input {expression.name!r}, which has no value")
            return values[expression.name]
        case Call():
            return _converted(expression.function, _value(expression.argument, values))
        case Not():
            return not _truth(_value(expression.operand, values))
        case Junction():
            # As in CEL, the rest is not worked out once the result is certain.
            results = (_truth(_value(operand, values)) for operand in expression.operands)
            return all(results) if expression.sign == "&&" else any(results)
        case Comparison():
            return _compared(_value(expression.left, values), expression.sign, _value(expression.right, values))


def _truth(value: object) -> bool:
    """Return a value that is true or false. Raises InputError for any other."""
    if isinstance(value, bool):
        return value
    raise InputError(f"a condition has {value!r} where it needs true or false")


def _compared(left: Any, sign: str, right: Any) -> bool:  # noqa: ANN401 (JSON values)
    """Return the result of a comparison. Raises InputError for values that have no order."""
    numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
    if sign in ("==", "!="):
        # In Python True equals 1.
        equal = left == right and (numbers or type(left) is type(right))
        return equal if sign == "==" else not equal
    if not numbers and not all(isinstance(side, str) for side in (left, right)):
        raise InputError(f"a condition compares {left!r} {sign} {right!r}, which have no order")
    return _ORDER[sign](left, right)


def _converted(function: str, value: Any) -> Any:  # noqa: ANN401 (JSON values)
    """Return a value converted as CEL does. Raises InputError if that is not possible."""
    try:
        match function:
            case "int":
                return int(value)
            case "double":
                return float(value)
            case "bool" if isinstance(value, str) and value.lower() in TRUE_WORDS | FALSE_WORDS:
                return value.lower() in TRUE_WORDS
            case "bool" if isinstance(value, bool):
                return value
            case "string":
                return str(value).lower() if isinstance(value, bool) else str(value)
    except (ValueError, TypeError, OverflowError):
        pass
    raise InputError(f"a condition needs {value!r} as {function}")
