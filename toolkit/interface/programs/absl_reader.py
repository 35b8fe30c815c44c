"""Read the flags of absl and TensorFlow: `flags.DEFINE_…(...)`."""

import ast

from toolkit.interface.constants import NotKnown
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import default_text
from toolkit.interface.programs.reading import Reading

_FLAGS = {
    "DEFINE_string": "String",
    "DEFINE_integer": "Integer",
    "DEFINE_float": "Float",
    "DEFINE_bool": "Boolean",
    "DEFINE_boolean": "Boolean",
    "DEFINE_enum": "String",
    "DEFINE_list": "JsonArray",
    "DEFINE_spaceseplist": "JsonArray",
    "DEFINE_multi_string": "JsonArray",
    "DEFINE_multi_integer": "JsonArray",
    "DEFINE_multi_float": "JsonArray",
}
# Lists of texts but for these.
_ITEMS = {"DEFINE_multi_integer": "Integer", "DEFINE_multi_float": "Float"}


def read_flags(reading: Reading) -> list[Option]:
    """Return an option for each `flags.DEFINE_…(...)` of the module."""
    calls = [node for node in ast.walk(reading.module.tree) if isinstance(node, ast.Call)]
    required = {
        name
        for call in calls
        if ast.unparse(call.func).endswith(("mark_flag_as_required", "mark_flags_as_required"))
        for argument in call.args
        for name in _texts(reading, argument)
    }
    options = []
    for call in calls:
        word = ast.unparse(call.func).rpartition(".")[2]
        if not word.startswith("DEFINE_"):
            continue
        # An enum class's values are its members' names, which are text on the command line.
        if word not in _FLAGS and word != "DEFINE_enum_class":
            reading.unread(call, f"`{word}` cannot be read")
        elif option := _option(reading, call, word, required):
            options.append(option)
    return options


def _option(reading: Reading, node: ast.Call, word: str, required: set[str]) -> Option | None:
    """Read one `DEFINE_…(...)`; None, with a remark, if its name is not a literal."""
    # The positional parameters of absl's `DEFINE_…`, in order.
    order = ["name", "default", *(["enum_values"] if word.startswith("DEFINE_enum") else []), "help"]
    arguments = dict(zip(order, node.args, strict=False)) | {word.arg: word.value for word in node.keywords if word.arg}
    name = reading.text(arguments.get("name"))
    if not name:
        reading.unread(node, f"`{ast.unparse(node)}` has a name that is computed when the program runs")
        return None
    kind = _FLAGS.get(word, "String")
    form, off = Form.VALUE, ""
    if kind == "JsonArray":
        form = Form.EACH if "multi" in word else Form.COMMA
    elif kind == "Boolean":
        # absl makes `--noNAME` of every boolean flag.
        form, off = Form.SWITCH, f"--no{name}"
    needed = name in required or ast.unparse(arguments.get("required", ast.Constant(None))) == "True"
    text = _default(reading, arguments.get("default"), kind, node)
    return Option(
        name=name,
        flag=f"--{name}",
        type=kind,
        where=reading.module.at(node),
        form=form,
        items=_ITEMS.get(word, "String"),
        default="false" if kind == "Boolean" and text is None and not needed else text,
        required=needed,
        choices=tuple(_texts(reading, arguments.get("enum_values"))),
        off=off,
        help=reading.text(arguments.get("help")),
    )


def _default(reading: Reading, default: ast.expr | None, kind: str, node: ast.Call) -> str | None:
    """Return the default as contracts write it; absl also takes a list as one text with commas."""
    try:
        value = reading.value(default)
    except NotKnown:
        reading.note(node, "its default is worked out by the program")
        return None
    if kind == "JsonArray" and isinstance(value, str):
        value = value.split(",")
    return default_text(value, kind)


def _texts(reading: Reading, node: ast.expr | None) -> list[str]:
    """Return the items of a list, or a text alone; empty if they are not literals."""
    try:
        value = reading.value(node)
    except NotKnown:
        return []
    if isinstance(value, list | tuple):
        return [str(item) for item in value]
    return [value] if isinstance(value, str) else []
