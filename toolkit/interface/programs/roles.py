"""What an option is for: a value, a file that is read, or a place that is written to; each guess with its reason."""

import ast
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from toolkit.interface.module import Module
from toolkit.interface.programs.model import Form, Option

_ROUNDS = 3
_WRITES = re.compile(
    r"(to_(csv|parquet|json|pickle|feather|excel|hdf|html|markdown|disk)|savefig|save(_\w+)?|savez?(_compressed|txt)?"
    r"|dump|export(_\w+)?|write_(csv|parquet|html|json|text|bytes|image|video|graph)|imsave|imwrite|saveAs\w+"
    r"|SummaryWriter|FileWriter|make_archive|urlretrieve|touch|TensorBoard|ModelCheckpoint)"
)
_MAKES = {"makedirs", "mkdir", "MakeDirs", "gfile.MakeDirs"}
_COPIES = {"copy", "copyfile", "copy2", "copytree", "move", "rename"}
_READS = re.compile(
    r"(read_\w+|load(_\w+|txt)?|listdir|scandir|glob|iterdir|walk|isfile|imread|read|from_csv|open_dataset)"
)
_OPENS = re.compile(r"(?:^|\.)(?:open|Open|GFile|FastGFile|ZipFile|File)$")
_DERIVES = re.compile(
    r"(?:^|\.)(?:Path|PurePath|join|str|abspath|realpath|expanduser|normpath|dirname|format|fspath|resolve|absolute|joinpath|with_suffix|strip|rstrip)$"
)
_NAMESPACES = {
    "args",
    "opts",
    "opt",
    "options",
    "flags",
    "FLAGS",
    "params",
    "parsed_args",
    "arguments",
    "known_args",
    "cfg",
    "config",
}
_OUTPUT_NAME = re.compile(r"(^|_)(out|output|outputs|save|saved|export|exported|dest|destination|result|results)(_|$)")
_PATH_NAME = re.compile(r"(^|_)(path|paths|file|filename|filepath|dir|directory|folder|csv|json_file|checkpoint)$")
_FOLDER_NAME = re.compile(r"(^|_)(dir|directory|folder|outdir|logdir)$")
_REMOTE_NAME = re.compile(r"(^|_)(uri|url|urls|bucket|gcs|s3|endpoint|host|project|table|topic)(_|$)")
_PATH_HELP = re.compile(r"(?:the |a |local )*(?:path|file|folder|directory)\b", re.IGNORECASE)
_OUTPUT_HELP = re.compile(r"\b(?:to (?:write|save|store|export)|written|saved|output)\b", re.IGNORECASE)
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://")
_TYPES = (
    (re.compile(r"metadata|schema|config"), "Artifact"),
    (re.compile(r"metric|score|eval"), "Metrics"),
    (re.compile(r"model|checkpoint|weights|classifier|estimator"), "Model"),
    (re.compile(r"html|report|page"), "HTML"),
    (re.compile(r"markdown|readme|card"), "Markdown"),
    (re.compile(r"data|csv|table|train|test|features|examples|records"), "Dataset"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """`kind` is `value`, `input` or `output`; `folder` says that the program expects the folder to be there.

    `type` is the artifact's, empty for a value; `reason` is empty where nothing was guessed.
    """

    kind: str
    type: str = ""
    folder: bool = False
    reason: str = ""


def roles_of(module: Module, options: Sequence[Option]) -> dict[str, Role]:
    """Decide for every option, by name; those of a notebook are variables of the module."""
    variables = {option.name for option in options if option.form is Form.YAML}
    uses = _Uses.of(module, {option.dest or option.name for option in options}, variables)
    return {option.name: _role(option, uses) for option in options}


def _role(option: Option, uses: "_Uses") -> Role:  # noqa: PLR0911 (the first that holds decides)
    name = option.name.lower()
    if option.type != "String" or option.choices or option.form not in {Form.VALUE, Form.VARIABLE, Form.YAML}:
        return Role(kind="value")
    if option.declared in {"input", "output"}:
        return _artifact(option.declared, name, f"its type says that it is {_WHAT[option.declared]}")
    if option.default and _REMOTE.match(option.default):
        return Role(kind="value", reason="its default is a URL")
    used = option.dest or option.name
    if used in uses.written:
        made = used in uses.made
        return _artifact("output", name, uses.written[used], folder=bool(_FOLDER_NAME.search(name)) and not made)
    if used in uses.read:
        return _artifact("input", name, uses.read[used])
    if _REMOTE_NAME.search(name):
        return Role(kind="value")
    pathlike = option.declared == "path" or _PATH_NAME.search(name) or _PATH_HELP.match(option.help)
    if pathlike and _OUTPUT_HELP.search(option.help):
        return _artifact("output", name, "its help says so", folder=bool(_FOLDER_NAME.search(name)))
    if _OUTPUT_NAME.search(name) and pathlike:
        return _artifact("output", name, "by its name", folder=bool(_FOLDER_NAME.search(name)))
    if pathlike:
        why = "by its name" if _PATH_NAME.search(name) else "its type is a path" if option.declared else "by its help"
        return _artifact("input", name, why)
    return Role(kind="value")


_WHAT = {"input": "read", "output": "written to"}


def _artifact(kind: str, name: str, reason: str, *, folder: bool = False) -> Role:
    type_ = next((type_ for pattern, type_ in _TYPES if pattern.search(name)), "Artifact")
    if type_ in {"HTML", "Markdown"} and kind == "input":
        type_ = "Artifact"
    return Role(kind=kind, type=type_, folder=folder and kind == "output", reason=reason)


@dataclass(slots=True)
class _Uses:
    """What the code does with options: where each is written to or read, in words; `made` are folders it makes."""

    module: Module
    names: set[str]
    variables: set[str]
    namespaces: set[str]
    functions: list[ast.FunctionDef]
    written: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    aliases: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, module: Module, names: set[str], variables: set[str]) -> "_Uses":
        namespaces = set(_NAMESPACES)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                called = ast.unparse(node.value.func)
                if called.endswith(("parse_args", "parse_known_args", "parse_args_into_dataclasses", "cli")):
                    for target in node.targets:
                        parts = target.elts if isinstance(target, ast.Tuple) else [target]
                        namespaces |= {ast.unparse(part).rpartition(".")[2] for part in parts}
        functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
        uses = cls(module, names, variables, namespaces, functions)
        noted = [
            (node, scope)
            for scope, body in (("", module.tree), *((one.name, one) for one in functions))
            for node in _inside(body)
            if isinstance(node, ast.Assign | ast.With | ast.Call)
        ]
        # Each round follows names and calls one step further.
        for _ in range(_ROUNDS):
            for node, scope in noted:
                uses.note(node, scope)
        return uses

    def note(self, node: ast.AST, scope: str) -> None:
        """Look at one node: an alias that it makes, or a file that it opens."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._alias(scope, name, value)
            case ast.With(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name):
                        self._alias(scope, item.optional_vars.id, item.context_expr)
            case ast.Call():
                self._call(node, scope)

    def _alias(self, scope: str, name: str, value: ast.expr) -> None:
        found = self.options(value, scope)
        if found and (not isinstance(value, ast.Call) or _DERIVES.search(ast.unparse(value.func))):
            self.aliases.setdefault((scope, name), set()).update(found)

    def options(self, node: ast.expr, scope: str) -> set[str]:  # noqa: PLR0911 (one for each form)
        """Name the options that an expression is made of: itself, or a path below it."""
        match node:
            case ast.Name(id=name):
                aliased = self.aliases.get((scope, name), set()) | self.aliases.get(("", name), set())
                own = name in self.variables or (scope and self._parameter(scope, name))
                return aliased or ({name} & self.names if own else set())
            case ast.Attribute(value=owner, attr=name):
                if ast.unparse(owner).rpartition(".")[2] in self.namespaces:
                    return {name} & self.names
                return self.options(owner, scope) if name in {"parent", "name", "value"} else set()
            case ast.Subscript(value=owner, slice=ast.Constant(value=str() as name)):
                named = ast.unparse(owner)
                known = named.removeprefix("vars(").removesuffix(")").rpartition(".")[2] in self.namespaces
                return (
                    {name.lower() if named == "os.environ" else name} & self.names
                    if known or named == "os.environ"
                    else set()
                )
            case ast.Call(func=func, args=args):
                if ast.unparse(func) in {"os.environ.get", "os.getenv"} and args and isinstance(args[0], ast.Constant):
                    return {str(args[0].value).lower()} & self.names
                if not _DERIVES.search(ast.unparse(func)):
                    return set()
                parts = [*args, func.value] if isinstance(func, ast.Attribute) else args
                return {one for part in parts for one in self.options(part, scope)}
            case ast.BinOp(left=left, right=right):
                return self.options(left, scope) | self.options(right, scope)
            case ast.JoinedStr(values=parts):
                return {
                    one
                    for part in parts
                    if isinstance(part, ast.FormattedValue)
                    for one in self.options(part.value, scope)
                }
        return set()

    def _parameter(self, scope: str, name: str) -> bool:
        """Tell whether a function's parameter may be an option itself (click, typer, fire)."""
        return any(
            one.name == scope and name in {argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)}
            for one in self.functions
        )

    def _call(self, node: ast.Call, scope: str) -> None:
        called = ast.unparse(node.func)
        word = called.rpartition(".")[2]
        given = [*node.args, *(one.value for one in node.keywords)]
        owner = self.options(node.func.value, scope) if isinstance(node.func, ast.Attribute) else set()
        found = {one for part in given for one in self.options(part, scope)}
        if _OPENS.search(called):
            first = self.options(node.args[0], scope) if node.args else set()
            mode = next((one.value for one in node.keywords if one.arg == "mode"), None)
            mode = mode or (node.args[0] if owner and node.args else node.args[1] if len(node.args) > 1 else None)
            writes = (
                isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(set(mode.value) & set("wax"))
            )
            self._mark(first | owner, node, called, writes=writes)
        elif word in _MAKES:
            self._mark(found | owner, node, called, writes=True)
            # `Path(args.x).parent.mkdir()` makes another folder.
            if "parent" not in called and "dirname" not in ast.unparse(node):
                self.made |= found | owner
        elif word in _COPIES and node.args:
            self._mark(self.options(node.args[-1], scope), node, called, writes=True)
            self._mark(self.options(node.args[0], scope), node, called, writes=False)
        elif _WRITES.fullmatch(word):
            self._mark(found | (owner if word.startswith(("write_", "touch")) else set()), node, called, writes=True)
        elif _READS.fullmatch(word):
            self._mark(found | owner, node, called, writes=False)
        else:
            self._handed(node, scope)

    def _handed(self, node: ast.Call, scope: str) -> None:
        """Follow options into the parameters of the module's own functions."""
        name = ast.unparse(node.func).rpartition(".")[2]
        for function in self.functions:
            if function.name != name:
                continue
            parameters = [one.arg for one in function.args.args if one.arg not in {"self", "cls"}]
            pairs = [*zip(parameters, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
            for parameter, value in pairs:
                if found := self.options(value, scope):
                    self.aliases.setdefault((name, parameter), set()).update(found)

    def _mark(self, names: set[str], node: ast.Call, called: str, *, writes: bool) -> None:
        place = f"{self.module.path.name}:{node.lineno}"
        for name in names:
            if writes:
                self.written.setdefault(name, f"{called} writes to it ({place})")
            else:
                self.read.setdefault(name, f"{called} reads it ({place})")


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a scope, those of functions inside it left out."""
    waiting = deque(ast.iter_child_nodes(node))
    while waiting:
        current = waiting.popleft()
        yield current
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(current))
