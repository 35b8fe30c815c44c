"""The conditions of steps as expressions of Argo."""

import json
from collections.abc import Callable

from toolkit.errors import InputError
from toolkit.forms.argo_words import literal
from toolkit.interface.model import TRUE_WORDS
from toolkit.pipelines.conditions import Call, Comparison, Expression, InputValue, Junction, Not, Value

# Of an input: the expression of its text, and its type in the contract.
Operand = Callable[[str], tuple[str, str]]


def expression_of(expression: Expression, operand: Operand) -> str:  # noqa: PLR0911 (one for each kind)
    """Return a condition as an expression. Raises InputError for a comparison with null."""
    match expression:
        case Value(value=str(text)):
            return literal(text)
        case Value(value=None):
            raise InputError("a condition compares with null")
        case Value(value=value):
            return json.dumps(value)
        case InputValue(name=name):
            return _typed(*operand(name))
        case Call(function=function, argument=argument):
            return _converted(function, expression_of(argument, operand))
        case Not(operand=inner):
            return f"not ({expression_of(inner, operand)})"
        case Comparison(left=left, sign=sign, right=right):
            return f"({expression_of(left, operand)} {sign} {expression_of(right, operand)})"
        case Junction(sign=sign, operands=operands):
            return f"({f' {sign} '.join(expression_of(each, operand) for each in operands)})"


def _typed(text: str, type_: str) -> str:
    """Return the expression of an input's value, whose text is a program's."""
    match type_.lower():
        case "integer" | "float":
            return f"float({text})"
        case "boolean":
            return f"(lower({text}) in {json.dumps(sorted(TRUE_WORDS))})"
        case _:
            return text


def _converted(function: str, value: str) -> str:
    """Return the expression of a conversion; numbers compare as floats, whatever they are."""
    return f"float({value})" if function in {"int", "double"} else f"string({value})" if function == "string" else value
