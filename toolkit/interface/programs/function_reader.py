"""Read programs whose command line is made of other things: functions (fire), absl's flags, and dataclasses."""

import ast
import re
from dataclasses import replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import ASK, Reading, default_text
from toolkit.interface.refusal import NotUnderstood
from toolkit.interface.values import optional, read_value

_KINDS: dict[type, str] = {
    bool: "Boolean",
    int: "Integer",
    float: "Float",
    list: "JsonArray",
    tuple: "JsonArray",
    dict: "JsonObject",
}
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
_NO_FIELDS = {"object", "ABC", "Generic", "Protocol"}
_DATACLASS_PARSERS = {
    "transformers.HfArgumentParser": "HfArgumentParser",
    "HfArgumentParser": "HfArgumentParser",
    "tyro.cli": "tyro",
    "simple_parsing.parse": "simple_parsing",
    "simple_parsing.ArgumentParser": "simple_parsing",
}


def read_fire(reading: Reading) -> dict[str, list[Option]] | None:
    """Read what is given to `fire.Fire(...)`: options by sub-command, "" for a single function; None without fire."""
    for node in ast.walk(reading.module.tree):
        if isinstance(node, ast.Call) and reading.module.qualified(node.func) == "fire.Fire":
            given = node.args[0] if node.args else None
            functions = _exposed(reading, given, node)
            return {word: _parameters(reading, function) for word, function in functions.items()}
    return None


def _exposed(reading: Reading, given: ast.expr | None, node: ast.Call) -> dict[str, ast.FunctionDef]:
    functions = {one.name: one for one in reading.module.functions() if isinstance(one, ast.FunctionDef)}
    if given is None:
        return {name: one for name, one in functions.items() if not name.startswith("_")}
    if isinstance(given, ast.Dict):
        found = {}
        for key, value in zip(given.keys, given.values, strict=True):
            if isinstance(value, ast.Name) and value.id in functions:
                found[reading.text(key)] = functions[value.id]
            else:
                reading.unread(value, f"`{ast.unparse(value)}` is not in this file")
        return found
    name = ast.unparse(given.func if isinstance(given, ast.Call) else given)
    if name in functions:
        return {"": functions[name]}
    if name in reading.module.classes:
        return {
            part.name: part
            for part in reading.module.classes[name].body
            if isinstance(part, ast.FunctionDef) and not part.name.startswith("_")
        }
    reading.unread(node, f"`{name}` is not in this file")
    return {}


def _parameters(reading: Reading, function: ast.FunctionDef) -> list[Option]:
    arguments = function.args
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    options = []
    for extra in (arguments.vararg, arguments.kwarg):
        if extra:
            reading.unread(extra, f"`{extra.arg}` takes anything")
    for argument, default in zip(
        [*plain, *arguments.kwonlyargs], [*missing, *arguments.defaults, *arguments.kw_defaults], strict=True
    ):
        if argument.arg in {"self", "cls"} and argument is plain[0]:
            continue
        option = _from_annotation(reading, argument.arg, argument, argument.annotation, default)
        # fire makes a number of `5` and a list of `[a]` unless they are quoted.
        text = isinstance(default, ast.Constant) and isinstance(default.value, str)
        named = argument.annotation is not None and "str" in re.findall(r"\w+", ast.unparse(argument.annotation))
        options.append(replace(option, quoted=option.type == "String" and not option.declared and (text or named)))
    return options


def _from_annotation(
    reading: Reading, name: str, node: ast.AST, annotation: ast.expr | None, default: ast.expr | None, help_: str = ""
) -> Option:
    """Make an option of a parameter or field: the type by its annotation, else by its default."""
    kind, declared, value = "", "", None
    if annotation is not None:
        inner = optional(reading.module, annotation)
        named = ast.unparse(inner if inner is not None else annotation)
        try:
            value = read_value(reading.module, inner if inner is not None else annotation)
        except NotUnderstood:
            value = None
        kind = value.type if value else ""
        declared = "path" if named.rpartition(".")[2] in {"Path", "FilePath", "DirectoryPath"} else ""
    text = None
    try:
        known = reading.value(default)
        kind = kind or _KINDS.get(type(known), "String")
        text = default_text(known, kind)
    except NotKnown:
        reading.note(default or node, "its default is worked out by the program")
    return Option(
        name=name,
        flag=f"--{name}",
        type=kind or "String",
        where=reading.module.at(node),
        default=text,
        required=default is None,
        choices=value.choices if value else (),
        help=help_,
        declared=declared,
    )


def read_flags(reading: Reading) -> list[Option]:
    """Read absl's (and TensorFlow's) `flags.DEFINE_…` calls."""
    options = []
    required = {
        str(name)
        for node in ast.walk(reading.module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith(("mark_flag_as_required", "mark_flags_as_required"))
        for given in node.args
        for name in _texts(reading, given)
    }
    for node in ast.walk(reading.module.tree):
        if not isinstance(node, ast.Call):
            continue
        word = ast.unparse(node.func).rpartition(".")[2]
        if not word.startswith("DEFINE_"):
            continue
        if word not in _FLAGS and word != "DEFINE_enum_class":
            reading.unread(node, f"`{word}` cannot be read")
            continue
        option = _flag(reading, node, word, required)
        if option:
            options.append(option)
    return options


def _flag(reading: Reading, node: ast.Call, word: str, required: set[str]) -> Option | None:
    order = (
        ["name", "default", "enum_values", "help"] if word.startswith("DEFINE_enum") else ["name", "default", "help"]
    )
    given = dict(zip(order, node.args, strict=False)) | {one.arg: one.value for one in node.keywords if one.arg}
    name = reading.text(given.get("name"))
    if not name:
        reading.unread(node, f"`{ast.unparse(node)}` has a name that is known when the program runs")
        return None
    kind = _FLAGS.get(word, "String")
    form = Form.VALUE
    if kind == "JsonArray":
        form = Form.EACH if "multi" in word else Form.COMMA
    off = ""
    if kind == "Boolean":
        form, off = Form.SWITCH, f"--no{name}"
    choices = tuple(_texts(reading, given.get("enum_values")))
    try:
        value = reading.value(given.get("default"))
        if kind == "JsonArray" and isinstance(value, str):
            value = value.split(",")
        text = default_text(value, kind)
    except NotKnown:
        reading.note(node, "its default is worked out by the program")
        text = None
    needed = name in required or ast.unparse(given.get("required", ast.Constant(None))) == "True"
    return Option(
        name=name,
        flag=f"--{name}",
        type=kind,
        where=reading.module.at(node),
        form=form,
        items={"DEFINE_multi_integer": "Integer", "DEFINE_multi_float": "Float"}.get(word, "String"),
        default="false" if kind == "Boolean" and text is None and not needed else text,
        required=needed,
        choices=choices,
        off=off,
        help=reading.text(given.get("help")),
    )


def read_dataclasses(reading: Reading) -> tuple[str, list[Option]] | None:
    """Read the dataclasses that a parser of them is given; None where there is no such parser."""
    for node in ast.walk(reading.module.tree):
        if not isinstance(node, ast.Call):
            continue
        kind = _DATACLASS_PARSERS.get(reading.module.qualified(node.func) or "")
        if kind is None:
            continue
        given = node.args[0] if node.args else None
        listed = given.elts if isinstance(given, ast.Tuple | ast.List) else [given] if given is not None else []
        if kind == "simple_parsing" and not listed:
            listed = _added_dataclasses(reading.module)
        options: list[Option] = []
        for one in listed:
            found = reading.module.find_class(one)
            if found is None:
                reading.unknown(one, f"the fields of `{ast.unparse(one)}` are options, and are not known", ASK)
            else:
                options += _fields(reading, *found, kind)
        return kind, options
    return None


def _added_dataclasses(module: Module) -> list[ast.expr]:
    return [
        node.args[0]
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".add_arguments") and node.args
    ]


def _fields(reading: Reading, home: Module, definition: ast.ClassDef, kind: str) -> list[Option]:
    """Read a dataclass's fields, those of its bases first."""
    options: dict[str, Option] = {}
    inner = Reading(home, reading.remarks)
    for base in definition.bases:
        if found := home.find_class(base):
            options |= {one.name: one for one in _fields(reading, *found, kind)}
        elif ast.unparse(getattr(base, "value", base)).rpartition(".")[2] not in _NO_FIELDS:
            inner.unknown(base, f"the fields of `{ast.unparse(base)}` are options too, and are not known", ASK)
    for part in definition.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            default, help_ = _field_default(inner, part.value)
            option = _from_annotation(inner, part.target.id, part, part.annotation, default, help_)
            options[option.name] = _flagged(option, kind)
    return list(options.values())


def _flagged(option: Option, kind: str) -> Option:
    flag = option.flag.replace("_", "-") if kind == "tyro" else option.flag
    if kind == "tyro" and option.type == "Boolean":
        return replace(option, flag=flag, form=Form.SWITCH, off=f"--no-{flag[2:]}")
    return replace(option, flag=flag, form=Form.LIST if option.type == "JsonArray" else option.form)


def _field_default(reading: Reading, node: ast.expr | None) -> tuple[ast.expr | None, str]:
    """Take `field(default=…, metadata={"help": …})` apart."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in {
        "field",
        "Field",
        "list_field",
        "choice",
    }:
        return node, ""
    keywords = {word.arg: word.value for word in node.keywords if word.arg}
    metadata = keywords.get("metadata")
    help_ = reading.text(keywords.get("description"))
    if isinstance(metadata, ast.Dict):
        for key, value in zip(metadata.keys, metadata.values, strict=True):
            help_ = reading.text(value) if reading.text(key) == "help" else help_
    default = keywords.get("default") or (node.args[0] if node.args else None)
    if default is None and "default_factory" in keywords:
        factory = keywords["default_factory"]
        default = factory.body if isinstance(factory, ast.Lambda) else ast.Call(func=factory, args=[], keywords=[])
        if ast.unparse(factory) in {"list", "dict"}:
            default = (
                ast.List(elts=[], ctx=ast.Load()) if ast.unparse(factory) == "list" else ast.Dict(keys=[], values=[])
            )
        ast.copy_location(default, node)
    return default, help_


def _texts(reading: Reading, node: ast.expr | None) -> list[str]:
    try:
        value = reading.value(node)
    except NotKnown:
        return []
    return [str(one) for one in value] if isinstance(value, list | tuple) else [value] if isinstance(value, str) else []
