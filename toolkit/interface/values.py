"""Read the annotation of a value: its parameter type, its choices, and the shape of its JSON."""

import ast
from collections.abc import Iterable, Iterator

from msgspec import Struct

from toolkit.interface.constants import NotKnown, constant_value
from toolkit.interface.model import PARAMETER_TYPE_OF, Scalar, Shape
from toolkit.interface.module import Module

_TYPING = ("typing", "typing_extensions", "collections.abc")
_SCALARS = {"str": "String", "Text": "String", "int": "Integer", "float": "Float", "bool": "Boolean"}
_LISTS = {"list", "List", "Sequence"}
_DICTS = {"dict", "Dict", "Mapping", "MutableMapping"}
_ANYTHING = {"Any", "object"}
_ENUMS = {"enum.Enum", "enum.StrEnum", "enum.IntEnum"}
# Classes with named fields, which the launcher makes of a JSON object by keywords.
_RECORD_BASES = {"typing.TypedDict", "typing_extensions.TypedDict", "pydantic.BaseModel"}
_RECORD_DECORATORS = {
    *("dataclasses.dataclass", "pydantic.dataclasses.dataclass"),
    *("attrs.define", "attrs.frozen", "attr.s", "attr.define", "attr.frozen"),
}
# Base classes of records: an end for classes that derive from each other in a circle.
_DEEPEST = 20


class NotUnderstood(Exception):  # noqa: N818 (the reader turns it into a finding with a place)
    """An annotation that a component cannot have; `args` are the reason and what to write instead."""


class Value(Struct, frozen=True, kw_only=True):
    """A parameter type; `choices` are the allowed values, empty for any, and `shape` is what its JSON becomes."""

    type: str
    shape: Shape | None = None
    choices: tuple[Scalar, ...] = ()


def read_value(module: Module, node: ast.expr) -> Value | None:
    """Return what the annotation of a value means, None for other annotations.

    Raises NotUnderstood for a list, dict or record that JSON cannot hold.
    """
    node = followed(module, node)
    owner, arguments = _parts(node)
    name = typing_name(module, owner)
    if name == "Annotated":
        return read_value(module, arguments[0]) if arguments else None
    if name == "Literal":
        choices = tuple(_literal(module, part) for part in arguments)
        return Value(type=_common_type(node, choices), choices=choices)
    if name in _LISTS or name in _DICTS:
        word = "list" if name in _LISTS else "dict"
        shape = _inner_shape(module, word, arguments, node)
        return Value(type="JsonArray" if word == "list" else "JsonObject", shape=(word, shape) if shape else None)
    # Any other subscript is an artifact, such as `Input[Dataset]`, or unknown.
    if isinstance(node, ast.Subscript):
        return None
    scalar = _SCALARS.get(name or "")
    return Value(type=scalar) if scalar else _class_value(module, node)


def optional(module: Module, node: ast.expr) -> ast.expr | None:
    """Return T of `Optional[T]`, `Union[T, None]` and `T | None`, None for other annotations."""
    node = followed(module, node)
    owner, arguments = _parts(node)
    name = typing_name(module, owner)
    if name == "Optional" and len(arguments) == 1:
        return arguments[0]
    if name == "Annotated" and arguments:
        return optional(module, arguments[0])
    if name == "Literal" and any(_is_none(part) for part in arguments):
        # PEP 586: `Literal["a", None]` is `Optional[Literal["a"]]`.
        kept = [part for part in arguments if not _is_none(part)]
        inner = ast.Subscript(value=owner, slice=ast.Tuple(elts=kept, ctx=ast.Load()), ctx=ast.Load())
        return ast.copy_location(inner, node)
    parts = arguments if name == "Union" else list(_alternatives(node))
    kept = [part for part in parts if not _is_none(part)]
    return kept[0] if len(kept) == 1 < len(parts) else None


def typing_name(module: Module, node: ast.expr) -> str | None:
    """Return the bare name of a builtin type or a name of `typing`, None for other expressions."""
    qualified = module.qualified(node)
    if qualified is None or qualified in module.classes:
        return None
    origin, _, name = qualified.rpartition(".")
    return name if not origin or origin in _TYPING or origin == "builtins" else None


def followed(module: Module, node: ast.expr) -> ast.expr:
    """Return an annotation without quotes, and for an alias of the module (`Table = Input[Dataset]`) what it names."""
    seen: set[str] = set()
    while True:
        node = _unquoted(node)
        if not isinstance(node, ast.Name) or node.id not in module.constants or node.id in seen:
            return node
        seen.add(node.id)
        named = module.constants[node.id]
        if isinstance(named, ast.Call):
            is_new_type = module.qualified(named.func) in {"typing.NewType", "typing_extensions.NewType"}
            if not is_new_type or len(named.args) != 2:  # noqa: PLR2004 (a name and a type)
                return node
            named = named.args[1]
        elif isinstance(named, ast.Constant):
            # A constant is not a type, even if it is a text that names one.
            return node
        node = ast.copy_location(named, node)


def record_fields(module: Module, definition: ast.ClassDef) -> list[tuple[str, ast.expr]]:
    """Return the fields of a record class with their annotations, those of its bases in the module first."""
    fields: dict[str, ast.expr] = {}
    for base in definition.bases:
        if isinstance(base, ast.Name) and base.id in module.classes and module.classes[base.id] is not definition:
            fields |= dict(record_fields(module, module.classes[base.id]))
    for part in definition.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            fields[part.target.id] = part.annotation
    return list(fields.items())


def is_enum(module: Module, definition: ast.ClassDef) -> bool:
    """Return whether a class is an enumeration."""
    return any(module.qualified(base) in _ENUMS for base in definition.bases)


def is_record(module: Module, definition: ast.ClassDef, depth: int = 0) -> bool:
    """Return whether a class has named fields: a dataclass, a TypedDict, one of pydantic or attrs, or a subclass."""
    if depth > _DEEPEST:
        return False
    for decorator in definition.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if module.qualified(called) in _RECORD_DECORATORS:
            return True
    return any(
        module.qualified(base) in _RECORD_BASES
        or (
            isinstance(base, ast.Name)
            and base.id in module.classes
            and is_record(module, module.classes[base.id], depth + 1)
        )
        for base in definition.bases
    )


def members(module: Module, definition: ast.ClassDef) -> dict[str, Scalar]:
    """Return an enumeration's values by name. Raises NotUnderstood for a value that is not a literal."""
    values: dict[str, Scalar] = {}
    for part in definition.body:
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=expression) if not name.startswith("_"):
                value = _scalar(module, expression)
                if value is None:
                    message = f"`{definition.name}.{name}` is `{ast.unparse(expression)}`"
                    raise NotUnderstood(message, "write its value, a text or a number")
                values[name] = value
    return values


def _class_value(module: Module, node: ast.expr) -> Value | None:
    """Read a class of the module or one beside it: an enumeration or a record."""
    home, definition = module.find_class(node) or (module, None)
    if definition is None:
        return None
    # The launcher makes values by the class's name, as the function's module knows it.
    shape: Shape = ("class", ast.unparse(node))
    if is_enum(home, definition):
        choices = tuple(members(home, definition).values())
        return Value(type=_common_type(node, choices), shape=shape, choices=choices)
    if is_record(home, definition):
        _check_fields(home, definition, ())
        return Value(type="JsonObject", shape=shape)
    return None


def _check_fields(module: Module, definition: ast.ClassDef, outer: tuple[str, ...]) -> None:
    """Raise NotUnderstood unless JSON can hold every field of a record; `outer` are the records that hold it."""
    if definition.name in outer:
        raise NotUnderstood(f"the record {definition.name} contains itself", "take a dict")
    for name, annotation in record_fields(module, definition):
        inner = optional(module, annotation)
        node = followed(module, inner if inner is not None else annotation)
        record = module.find_class(node)
        if record and is_record(*record):
            _check_fields(*record, (*outer, definition.name))
            continue
        try:
            is_value = read_value(module, node) is not None or typing_name(module, node) in _ANYTHING
        except NotUnderstood as problem:
            raise NotUnderstood(f"the field {definition.name}.{name}: {problem.args[0]}", problem.args[1]) from None
        if not is_value:
            message = f"the field {definition.name}.{name} is `{ast.unparse(annotation)}`, which JSON cannot hold"
            raise NotUnderstood(message, "fields are str, int, float, bool, list, dict, Enum, or such records")


def _inner_shape(module: Module, word: str, arguments: list[ast.expr], node: ast.expr) -> Shape | None:
    """Return the shape of what a list or a dict holds; None for anything."""
    if not arguments:
        return None
    if word == "dict":
        key = typing_name(module, followed(module, arguments[0]))
        if len(arguments) != 2 or key not in {"str", "Text", *_ANYTHING}:  # noqa: PLR2004 (key and value)
            raise NotUnderstood(f"`{ast.unparse(node)}`: the keys of JSON are texts", "write dict[str, …]")
    return _shape(module, arguments[-1])


def _shape(module: Module, node: ast.expr) -> Shape | None:
    """Return the shape of a value inside a list or a dict; None for anything."""
    inner = optional(module, node)
    if inner is not None:
        shape = _shape(module, inner)
        return ("optional", shape) if shape else None
    node = followed(module, node)
    if typing_name(module, node) in _ANYTHING:
        return None
    # A union of several types: `optional` has taken those with None alone.
    if typing_name(module, _parts(node)[0]) == "Union" or isinstance(node, ast.BinOp):
        # JSON does not tell which one of them a value is, so it stays as it is; each must be JSON.
        parts = _parts(node)[1] or list(_alternatives(node))
        for part in parts:
            _shape(module, part)
        return None
    value = read_value(module, node)
    if value is None:
        raise NotUnderstood(
            f"JSON cannot hold `{ast.unparse(node)}`",
            "lists and dicts hold str, int, float, bool, list, dict or records",
        )
    return value.shape or (("choices", value.choices) if value.choices else value.type)


def _literal(module: Module, node: ast.expr) -> Scalar:
    """Return one value of a `Literal[…]`."""
    value = _scalar(module, node)
    if value is None:
        message = f"`{ast.unparse(node)}` in Literal is not a text, number, True or False"
        raise NotUnderstood(message, "write its value")
    return value


def _scalar(module: Module, node: ast.expr) -> Scalar | None:
    """Return a constant text, number or truth value; None for other expressions."""
    try:
        value = constant_value(module, node)
    except NotKnown:
        return None
    return value if isinstance(value, Scalar) else None


def _common_type(node: ast.expr, choices: Iterable[Scalar]) -> str:
    """Return the parameter type of all choices of `node`."""
    types = {type(choice) for choice in choices}
    if len(types) != 1:
        problem = "has no values" if not types else "mixes types"
        raise NotUnderstood(f"`{ast.unparse(node)}` {problem}", "a parameter has values of one type")
    return PARAMETER_TYPE_OF[types.pop()]


def _unquoted(node: ast.expr) -> ast.expr:
    """Return the expression in an annotation in quotes, any other annotation as it is."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node
    try:
        inner = ast.parse(node.value.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return node
    # The text has lines of its own; findings point at the annotation.
    for part in ast.walk(inner):
        ast.copy_location(part, node)
    return inner


def _parts(node: ast.expr) -> tuple[ast.expr, list[ast.expr]]:
    """Return the head and the arguments of `List[int]`."""
    if not isinstance(node, ast.Subscript):
        return node, []
    return node.value, list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]


def _alternatives(node: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of `A | B | C`, in order."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
            waiting += [part.right, part.left]
        else:
            yield part


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
