"""Read programs whose options are the fields of dataclasses: HfArgumentParser, tyro, simple_parsing."""

import ast

from msgspec.structs import replace

from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import option_of_annotation
from toolkit.interface.programs.reading import ASK, Reading

_NO_FIELDS = {"object", "ABC", "Generic", "Protocol"}
_PARSERS = {
    "transformers.HfArgumentParser": "HfArgumentParser",
    "HfArgumentParser": "HfArgumentParser",
    "tyro.cli": "tyro",
    "simple_parsing.parse": "simple_parsing",
    "simple_parsing.ArgumentParser": "simple_parsing",
}
# Calls that describe a field: dataclasses' own, pydantic's, and simple_parsing's.
_FIELD_CALLS = {"field", "Field", "list_field", "choice"}


def read_dataclasses(reading: Reading) -> tuple[str, list[Option]] | None:
    """Return the parser of dataclasses that the program calls, and the options it makes; None without one."""
    for node in ast.walk(reading.module.tree):
        kind = _PARSERS.get(reading.module.qualified(node.func) or "") if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Call) and kind:
            options: list[Option] = []
            for listed in _listed_classes(reading.module, node, kind):
                found = reading.module.find_class(listed)
                if found is None:
                    name = ast.unparse(listed)
                    reading.unknown(listed, f"the fields of `{name}` are options, and are not known", ASK)
                else:
                    options += _fields(reading, *found, kind)
            return kind, options
    return None


def _listed_classes(module: Module, node: ast.Call, kind: str) -> list[ast.expr]:
    """Return the expressions that name a parser's dataclasses."""
    first = node.args[0] if node.args else None
    listed = first.elts if isinstance(first, ast.Tuple | ast.List) else [] if first is None else [first]
    if listed or kind != "simple_parsing":
        return listed
    # simple_parsing's parser is given them one by one: `parser.add_arguments(Options, dest="options")`.
    return [
        call.args[0]
        for call in ast.walk(module.tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".add_arguments") and call.args
    ]


def _fields(reading: Reading, home: Module, definition: ast.ClassDef, kind: str) -> list[Option]:
    """Return an option for each field of a dataclass, those of its bases first."""
    options: dict[str, Option] = {}
    # The names in a class mean something in its own module, which may lie beside the program's.
    inner = Reading(home, reading.remarks)
    for base in definition.bases:
        if found := home.find_class(base):
            options |= {option.name: option for option in _fields(reading, *found, kind)}
        elif ast.unparse(getattr(base, "value", base)).rpartition(".")[2] not in _NO_FIELDS:
            inner.unknown(base, f"the fields of `{ast.unparse(base)}` are options too, and are not known", ASK)
    for part in definition.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            default, help_ = _field_default(inner, part.value)
            option = option_of_annotation(inner, part.target.id, part, part.annotation, default, help_)
            options[option.name] = _flagged(option, kind)
    return list(options.values())


def _flagged(option: Option, kind: str) -> Option:
    """Return the option with the flag and form that the parser gives a field of its type."""
    # tyro writes dashes and makes two flags of a truth value; the others keep the field's name, and take `true`.
    flag = option.flag.replace("_", "-") if kind == "tyro" else option.flag
    if kind == "tyro" and option.type == "Boolean":
        return replace(option, flag=flag, form=Form.SWITCH, off=f"--no-{flag[2:]}")
    return replace(option, flag=flag, form=Form.LIST if option.type == "JsonArray" else option.form)


def _field_default(reading: Reading, node: ast.expr | None) -> tuple[ast.expr | None, str]:
    """Return the default and the help of a field, such as `field(default=…, metadata={"help": …})`."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in _FIELD_CALLS:
        return node, ""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    metadata = keywords.get("metadata")
    help_ = reading.text(keywords.get("description"))
    if isinstance(metadata, ast.Dict):
        for key, value in zip(metadata.keys, metadata.values, strict=True):
            help_ = reading.text(value) if reading.text(key) == "help" else help_
    default = keywords.get("default") or (node.args[0] if node.args else None)
    if default is None and "default_factory" in keywords:
        default = ast.copy_location(_produced(keywords["default_factory"]), node)
    return default, help_


def _produced(factory: ast.expr) -> ast.expr:
    """Return an expression for what a `default_factory` gives: `list` and a lambda's body are often literals."""
    if isinstance(factory, ast.Lambda):
        return factory.body
    match ast.unparse(factory):
        case "list":
            return ast.List(elts=[], ctx=ast.Load())
        case "dict":
            return ast.Dict(keys=[], values=[])
    return ast.Call(func=factory, args=[], keywords=[])
