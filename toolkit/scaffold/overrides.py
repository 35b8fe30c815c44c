"""The user's `--input` and `--output` of `comp new`, which override what was read of a program's options."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import UsageError
from toolkit.interface.model import PARAMETER_TYPES, Scalar, is_value
from toolkit.interface.programs.model import Form, Option

# The forms that fix the type, in words for a message.
_FORMS = {
    Form.SWITCH: "is a flag without a value",
    Form.TRUTH: "is read as true or false",
    Form.COUNT: "is counted",
    **dict.fromkeys((Form.LIST, Form.EACH, Form.COMMA), "takes a list"),
}
# The types that may have choices, with what makes a choice of that type.
_CHOOSABLE: dict[str, Callable[[Scalar], Scalar]] = {"String": str, "Integer": int, "Float": float}


class Override(Struct, frozen=True, kw_only=True):
    """One `--input NAME:KIND:TYPE` or `--output NAME[:KIND[:TYPE]]`."""

    name: str
    output: bool
    kind: str = ""
    type: str = ""

    @classmethod
    def parse(cls, text: str, *, output: bool) -> "Override":
        """Read the value of `--input` or `--output`. Raises UsageError."""
        name, *rest = text.split(":")
        # The parts that the user leaves out are empty.
        kind, type_ = [*rest, "", ""][:2]
        option = "--output" if output else "--input"
        if not name or len(rest) > 2 or kind not in {"", "value", "path"} or (output and kind == "value"):  # noqa: PLR2004 (kind and type)
            form = "NAME[:path[:TYPE]]" if output else "NAME:KIND[:TYPE], KIND value or path"
            raise UsageError(f"invalid {option} {text}", hint=f"write {option} {form}")
        if kind == "value" and type_ and type_ not in PARAMETER_TYPES:
            raise UsageError(
                f"{option} {text}: {type_} is not a type of values", hint=f"one of {', '.join(PARAMETER_TYPES)}"
            )
        return cls(name=name, output=output, kind=kind, type=type_)


def retyped(option: Option, override: Override) -> tuple[Option, str]:
    """Return an option with the type that the user names, and a remark if its default is not a value of that type.

    Raises UsageError if the program cannot take values of that type.
    """
    type_ = override.type
    if type_ == option.type:
        return option, ""
    shown = f"--input {override.name}:value:{type_}"
    if option.form in _FORMS:
        raise UsageError(
            f"{shown}: {option.flag or option.name} {_FORMS[option.form]}, so its type is {option.type}",
            hint=f"leave the type out, or change the option in {option.where.path}",
        )
    wrong = [choice for choice in option.choices if not is_value(str(choice), type_)]
    if wrong or (option.choices and type_ not in _CHOOSABLE):
        listed = ", ".join(map(str, option.choices))
        raise UsageError(f"{shown}: the program takes {listed}", hint=f"leave the type out: it is {option.type}")
    changed = replace(option, type=type_, choices=tuple(map(_CHOOSABLE.get(type_, str), option.choices)))
    # A value that the new type lacks could never be passed to mean the flag alone.
    if option.const is not None and not is_value(option.const, type_):
        changed = replace(changed, const=None)
    if option.default is None or is_value(option.default, type_):
        return changed, ""
    remark = f"{option.name} has no default in the contract: the program's own, {option.default!r}, is not {type_}"
    return replace(changed, default=None, required=False), remark
