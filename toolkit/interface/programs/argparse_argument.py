"""Read one `add_argument(...)` of `argparse`: flags, type, action, default, choices and help."""

import ast
import re
from collections.abc import Mapping

from msgspec.structs import replace

from toolkit.interface.constants import NotKnown
from toolkit.interface.programs.model import Form, Option
from toolkit.interface.programs.options import choices_of, default_text, is_truth, port_name, type_of
from toolkit.interface.programs.reading import ASK, Reading

_WITHOUT_VALUE = {"help", "version"}
# These take no value, and several flags may set the same `dest`, so their options are named by the flag.
_OF_A_FLAG = {"store_false", "store_const", "append_const"}
# argparse puts the values of these behind the default instead of replacing it.
_ADDING = {"append", "extend", "count"}
_ACTIONS = {"store", "store_true", "BooleanOptionalAction", *_OF_A_FLAG, *_ADDING}
_ENVIRONMENT = {"os.environ.get", "os.getenv", "os.environ.setdefault"}


def read_argument(reading: Reading, node: ast.Call) -> Option | None:
    """Return the option of one `add_argument(...)`; None for help and version, and, with a remark, if unreadable."""
    keywords, flags = _keywords(reading, node), []
    for argument in node.args:
        try:
            flags.append(reading.value(argument))
        except NotKnown:
            reading.unread(node, f"the option `{ast.unparse(argument)}` is computed when the program runs", ASK)
            return None
    action = reading.text(keywords.get("action")) or _last_name(keywords.get("action")) or "store"
    dest = reading.text(keywords.get("dest"))
    # `add_argument(dest="name")` is positional.
    if not flags and dest:
        flags = [dest]
    # A `**table` that is not a literal may hold any keyword, `type` and `action` too.
    if keywords.get("") is not None or not flags or not all(isinstance(flag, str) for flag in flags):
        reading.unread(node, f"`{ast.unparse(node)}` cannot be read", ASK)
        return None
    if action in _WITHOUT_VALUE:
        return None
    return _option(reading, node, [str(flag) for flag in flags], keywords, action)


def _option(
    reading: Reading, node: ast.Call, flags: list[str], keywords: Mapping[str, ast.expr], action: str
) -> Option:
    """Return the option that argparse makes of `flags` and `keywords`."""
    positional = not flags[0].startswith("-")
    flag = "" if positional else next((text for text in flags if text.startswith("--")), flags[0])
    dest = port_name(reading.text(keywords.get("dest")) or flag or flags[0])
    kind, declared = type_of(reading, keywords.get("type"))
    nargs = _nargs(reading, keywords.get("nargs"))
    required = nargs not in ("?", "*") if positional else reading.truth(keywords.get("required"))
    option = Option(
        name=port_name(flag) if action in _OF_A_FLAG else dest,
        dest="" if action in _OF_A_FLAG else dest,
        flag=flag,
        type=kind,
        where=reading.module.at(node),
        required=required,
        declared=declared,
    )
    option = _of_action(option, action, several=nargs not in ("", "?"), truth=is_truth(reading, keywords.get("type")))
    if action == "store_false" and option.name == dest:
        reading.note(node, f"{flag} sets {dest} to False: the input's `true` passes {flag}")
    if action not in _ACTIONS:
        reading.note(node, f"{action} is the program's own action; the value is passed to it")
    # `--level` alone gives `const`, `--level 3` gives 3.
    if nargs == "?" and "const" in keywords:
        option = replace(option, const=_const(reading, keywords["const"], option))
    option = with_default(reading, option, keywords.get("default"), adds=action in _ADDING)
    items = option.items if option.type == "JsonArray" else option.type
    choices = choices_of(reading, keywords.get("choices"), items)
    return replace(option, choices=choices, help=_help(reading, keywords.get("help"), option.default))


def _of_action(option: Option, action: str, *, several: bool, truth: bool) -> Option:
    """Return the option in the form that its action has; `several` means a list, `truth` the type `bool`."""
    kind = option.type
    if action == "BooleanOptionalAction":
        return replace(option, type="Boolean", form=Form.SWITCH, off=f"--no-{option.flag[2:]}")
    if action == "store_true" or action in _OF_A_FLAG:
        return replace(option, type="Boolean", form=Form.SWITCH)
    if action == "count":
        return replace(option, type="Integer", form=Form.COUNT)
    if action == "append":
        return replace(option, type="JsonArray", items=kind, form=Form.EACH, nested=several)
    if several or action == "extend":
        return replace(option, type="JsonArray", items=kind, form=Form.LIST if several else Form.EACH)
    return replace(option, form=Form.TRUTH) if truth else option


def with_default(reading: Reading, option: Option, node: ast.expr | None, *, adds: bool) -> Option:
    """Return the option with its default, if that is a literal; `adds` says that values are added to it."""
    # Without a flag for "no", an input that is false leaves the flag out; the program's default does not matter.
    if option.form is Form.SWITCH and not option.off and (node is None or not option.dest):
        return replace(option, default="false")
    if option.required:
        return option
    default = _default(reading, node, option)
    if option.form is Form.SWITCH and not option.off and isinstance(node, ast.Constant) and node.value is None:
        default = "false"
    return replace(option, default=default, adds=adds and default not in (None, "0", "[]"))


def _const(reading: Reading, node: ast.expr, option: Option) -> str | None:
    """Return the text for the value that the flag alone stands for; None if a text on the command line is the same."""
    try:
        value = reading.value(node)
    except NotKnown:
        reading.note(node, f"what {option.flag} alone stands for cannot be given: `{ast.unparse(node)}`")
        return None
    if option.type != "String" or value is None or isinstance(value, str):
        return None
    text = default_text(value, "String")
    shown = f"the input's value {text!r} is the flag alone" if text is not None else "which cannot be given"
    reading.note(node, f"{option.flag} alone stands for {value!r}: {shown}")
    return text


def _default(reading: Reading, default: ast.expr | None, option: Option) -> str | None:
    """Return a default as contracts write it, with remarks on what the contract cannot hold."""
    if default is None:
        return None
    if isinstance(default, ast.Call) and reading.module.qualified(default.func) in _ENVIRONMENT:
        reading.note(default, "its default comes from the environment where it is set")
        default = default.args[1] if len(default.args) > 1 else ast.Constant(None)
    try:
        value = reading.value(default)
    except NotKnown:
        reading.note(default, f"the default `{ast.unparse(default)}` is worked out by the program")
        return None
    text = default_text(value, option.type)
    if text is None and value is not None:
        message = f"the default {value!r} is not of type {option.type}; the program uses it when no value is passed"
        reading.note(default, message)
    elif option.type == "String" and not isinstance(value, str | None) and option.const is None:
        message = f"the default is {value!r}, but values from the command line arrive as text: the option has no type"
        reading.note(default, message)
    return text


def _keywords(reading: Reading, node: ast.Call) -> dict[str, ast.expr]:
    """Return the keywords by name, also those of `**dict(...)` and `**{...}`; the key "" marks other `**`."""
    keywords: dict[str, ast.expr] = {}
    for word in node.keywords:
        if word.arg:
            keywords[word.arg] = word.value
            continue
        table = word.value
        if isinstance(table, ast.Name):
            table = reading.module.constants.get(table.id, table)
        if isinstance(table, ast.Call) and ast.unparse(table.func) == "dict":
            keywords |= {inner.arg: inner.value for inner in table.keywords if inner.arg}
        elif isinstance(table, ast.Dict):
            for key, value in zip(table.keys, table.values, strict=True):
                keywords[reading.text(key)] = value
        else:
            keywords[""] = table
    return keywords


def _nargs(reading: Reading, node: ast.expr | None) -> str:
    """Return `nargs` as text, empty if it is absent."""
    if node is None:
        return ""
    try:
        return str(reading.value(node))
    except NotKnown:
        # `argparse.REMAINDER` and an unknown number both give lists.
        return "*"


def _help(reading: Reading, node: ast.expr | None, default: str | None) -> str:
    """Return the help with argparse's `%(default)s` filled in, or cut: contracts have the default beside it."""
    text = reading.text(node)
    if text == "SUPPRESS":
        return ""
    text = re.sub(r"\s*\(?[Dd]efaults?(?: to|:|=| is)?:?\s*%\(default\)[sdrf]\)?", "", text)
    return re.sub(r"%\(default\)[sdrf]", lambda _: default or "", text).replace("%%", "%").strip()


def _last_name(node: ast.expr | None) -> str:
    return ast.unparse(node).rpartition(".")[2] if node is not None else ""
