"""What a program's code does with its options: which are written to, which are read, in the code's own words.

Only the argument of a call that is a path counts, and only where the option is the path or the folder at its head.
"""

import ast
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from toolkit.interface.module import Module
from toolkit.interface.programs.argv_reader import Words, word_of

_ROUNDS = 3
# The calls that write a file or folder, with the position of its path.
_WRITERS = {
    **dict.fromkeys(
        (
            *("to_csv", "to_parquet", "to_json", "to_pickle", "to_feather", "to_excel", "to_hdf", "to_html"),
            *("to_markdown", "to_disk", "savefig", "savez", "savez_compressed", "savetxt", "imsave", "imwrite"),
            *("save_pretrained", "save_to_disk", "save_weights", "save_lora_weights", "save_attn_procs", "save_config"),
            *("write_csv", "write_parquet", "write_html", "write_json", "write_image", "write_video", "write_graph"),
            *("SummaryWriter", "FileWriter", "TensorBoard", "ModelCheckpoint", "make_archive"),
        ),
        0,
    ),
    **dict.fromkeys(("dump", "save_file", "save_image", "export_to_video", "export_to_gif", "urlretrieve"), 1),
}
# These take the path first or second: `model.save(path)`, `torch.save(model, path)`.
_SAVES = re.compile(r"save|save_\w+|export|export_\w+|saveAs\w+")
_FILES = {"torch.save": 1, "numpy.save": 0}
_OWNERS = {"write_text", "write_bytes", "touch"}
_MAKES = {"makedirs", "mkdir", "MakeDirs"}
_INTO = {"copy", "copy2", "move"}
_COPIES = {"copy", "copyfile", "copy2", "copytree", "move", "rename"}
_READERS = re.compile(r"read_\w+|load|load_\w+|loadtxt|listdir|scandir|glob|walk|isfile|imread|from_csv|open_dataset")
_READING_OWNERS = {"read_text", "read_bytes", "read", "iterdir", "glob", "rglob", "is_file"}
# What these load is known by name as well.
_BY_NAME = {"load_dataset", "load_metric", "load_dotenv", "load_model_from_hub"}
_OPENS = re.compile(r"(?:^|\.)(?:open|Open|GFile|FastGFile|ZipFile|File)$")
_PATH_WORDS = {
    *("path", "paths", "file", "files", "filename", "filepath", "file_path", "fname", "fp", "f", "fd", "stream"),
    *("save_directory", "save_dir", "save_path", "output_dir", "output_path", "output_file", "outdir", "out"),
    *("output", "outfile", "dirpath", "dir", "directory", "folder", "root", "log_dir", "logdir", "excel_writer"),
    *("path_or_buf", "path_or_buffer", "filepath_or_buffer", "output_video_path", "destination", "dst", "target"),
}
# Paths made of a path: the same place, or one beside it.
_SAME = {"Path", "PurePath", "str", "abspath", "realpath", "expanduser", "normpath", "dirname", "fspath"}
_SAME_OWNERS = {"resolve", "absolute", "expanduser", "joinpath", "strip", "rstrip", "as_posix"}
_NAMESPACES = {
    *("args", "opts", "opt", "options", "flags", "FLAGS", "params", "parsed_args", "arguments", "known_args"),
    *("cfg", "config"),
}
_PARSES = ("parse_args", "parse_known_args", "parse_args_into_dataclasses", "cli", "docopt")
_GETTERS = {"os.environ.get", "os.getenv"}


@dataclass(slots=True)
class Uses:
    """Reasons by option: `written`, `saved` (given to a call that is named so), `made` (a folder) and `read`.

    `made_itself` are the folders that the program makes; `below` are parts of a path that stand behind its head.
    `itself` are the paths that a call writes to as they are, `holders` the folders in which one is written.
    """

    module: Module
    names: set[str]
    variables: set[str]
    namespaces: set[str]
    functions: list[ast.FunctionDef]
    words: Words
    written: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)
    made_itself: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    itself: set[str] = field(default_factory=set)
    holders: set[str] = field(default_factory=set)
    read: dict[str, str] = field(default_factory=dict)
    aliases: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    deeper: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, module: Module, names: set[str], variables: set[str]) -> "Uses":
        """Look through a module for uses of the options `names`; `variables` are also names of the module itself."""
        functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
        uses = cls(module, names, variables, _namespaces(module), functions, Words.of(module))
        noted = [
            (node, scope)
            for scope, body in (("", module.tree), *((one.name, one) for one in functions))
            for node in _inside(body)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.With | ast.Call | ast.BinOp)
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
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._alias(scope, name, value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value) if (
                before := self.words.offset(value)
            ) is not None:
                for index, target in enumerate(targets):
                    self.aliases.setdefault((scope, ast.unparse(target)), set()).update(
                        {word_of(before + index)} & self.names
                    )
            case ast.With(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name):
                        self._alias(scope, item.optional_vars.id, item.context_expr)
            case ast.Call():
                self._call(node, scope)
            case ast.BinOp(op=ast.Div(), right=right):
                self.below |= self.options(right, scope)

    def _alias(self, scope: str, name: str, value: ast.expr) -> None:
        if found := self.options(value, scope):
            self.aliases.setdefault((scope, name), set()).update(found)
            if self._deeper(value, scope):
                self.deeper.add((scope, name))

    def options(self, node: ast.expr | None, scope: str) -> set[str]:  # noqa: C901, PLR0911 (one for each form)
        """Name the options that an expression is: the path itself, or one below the folder that it is."""
        match node:
            case ast.Name(id=name):
                aliased = self.aliases.get((scope, name), set()) | self.aliases.get(("", name), set())
                own = name in self.variables or (scope and self._parameter(scope, name))
                return aliased or ({name} & self.names if own else set())
            case ast.Attribute(value=owner, attr=name):
                if ast.unparse(owner).rpartition(".")[2] in self.namespaces:
                    return {name} & self.names
                return self.options(owner, scope) if name in {"parent", "name", "value"} else set()
            case ast.Subscript() if (at := self.words.position(node)) is not None:
                return {word_of(at)} & self.names
            case ast.Subscript(value=owner, slice=ast.Constant(value=str() as name)):
                return self._item(ast.unparse(owner), name)
            case ast.Call():
                return self._called(node, scope)
            case ast.BinOp(left=left, op=ast.Div()):
                return self.options(left, scope)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.options(left, scope) if _begins_below(right) else set()
            case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod(), right=right):
                first = right.elts[0] if isinstance(right, ast.Tuple) and right.elts else right
                return self.options(first, scope) if re.match(r"%s(/|$)", text) else set()
            case ast.JoinedStr(values=[ast.FormattedValue(value=first), *rest]):
                return self.options(first, scope) if not rest or _begins_below(rest[0]) else set()
            case ast.IfExp(body=one, orelse=other):
                return self.options(one, scope) | self.options(other, scope)
            case ast.BoolOp(values=parts):
                return {one for part in parts for one in self.options(part, scope)}
        return set()

    def _item(self, owner: str, name: str) -> set[str]:
        if owner == "os.environ":
            return {name.lower()} & self.names
        known = owner.removeprefix("vars(").removesuffix(")").rpartition(".")[2] in self.namespaces
        # docopt keeps the dashes.
        return {name, name.strip("-<>").replace("-", "_")} & self.names if known else set()

    def _called(self, node: ast.Call, scope: str) -> set[str]:
        called = ast.unparse(node.func)
        first = node.args[0] if node.args else None
        if called in _GETTERS and isinstance(first, ast.Constant):
            return {str(first.value).lower()} & self.names
        word = called.rpartition(".")[2]
        if isinstance(node.func, ast.Attribute):
            owner = node.func.value
            text = owner.value if isinstance(owner, ast.Constant) and isinstance(owner.value, str) else None
            if word == "join" and text is not None:
                return self.options(first.elts[0], scope) if isinstance(first, ast.List) and first.elts else set()
            if word == "format" and text is not None:
                return self.options(first, scope) if re.match(r"\{0?\}(/|$)", text) else set()
            if word in _SAME_OWNERS:
                return self.options(owner, scope)
        return self.options(first, scope) if word in _SAME or word == "join" else set()

    def _parameter(self, scope: str, name: str) -> bool:
        """Tell whether a function's parameter may be an option itself (click, typer, fire)."""
        return any(
            one.name == scope and name in {argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)}
            for one in self.functions
        )

    def _call(self, node: ast.Call, scope: str) -> None:
        called = ast.unparse(node.func)
        word = called.rpartition(".")[2]
        owner = self.options(node.func.value, scope) if isinstance(node.func, ast.Attribute) else set()
        if word in {"join", "joinpath", "Path"}:
            self.below |= {one for part in node.args[word != "joinpath" :] for one in self.options(part, scope)}
        if _OPENS.search(called):
            self._opened(node, owner, scope)
        elif word in _MAKES:
            found = owner | self._places(node, scope, 0)
            self._mark(self.made, found, node, "writes to it")
            # `Path(args.x).parent.mkdir()` makes another folder.
            if "parent" not in called and "dirname" not in ast.unparse(node):
                self.made_itself |= found
        elif word in _COPIES and node.args:
            target = node.args[-1]
            self._mark(self.written, self.options(target, scope), node, "writes to it")
            # `copy` and `move` put a file into a folder that is there; `copytree` wants none.
            if word not in _INTO or self._deeper(target, scope):
                self._place([target], scope)
            self._mark(self.read, owner or self.options(node.args[0], scope), node, "reads it")
        else:
            self._named(node, word, owner, scope)

    def _named(self, node: ast.Call, word: str, owner: set[str], scope: str) -> None:
        """Look at a call whose name says what it does; of the module's own functions the body says it."""
        if word in _OWNERS | _READING_OWNERS and owner:
            writes = word in _OWNERS
            self._mark(self.written if writes else self.read, owner, node, "writes to it" if writes else "reads it")
            if writes and isinstance(node.func, ast.Attribute):
                self._place([node.func.value], scope)
        elif word in _WRITERS:
            self._mark(self.written, self._places(node, scope, _WRITERS[word]), node, "writes to it")
            self._place(_paths(node, _WRITERS[word]), scope)
        elif self._handed(node, word, scope):
            return
        elif _SAVES.fullmatch(word):
            found = self._places(node, scope, 1) or self._places(node, scope, 0)
            self._mark(self.written if word == "save" else self.saved, found, node, "writes to it")
            # What another `save` does with a path that is a folder by its name, its own code says.
            if (position := _FILES.get(self.module.qualified(node.func) or "")) is not None:
                self._place(_paths(node, position), scope)
        elif _READERS.fullmatch(word) and word not in _BY_NAME:
            self._mark(self.read, self._places(node, scope, 0), node, "reads it")

    def _opened(self, node: ast.Call, owner: set[str], scope: str) -> None:
        mode = next((one.value for one in node.keywords if one.arg == "mode"), None)
        mode = mode or (node.args[0] if owner and node.args else node.args[1] if len(node.args) > 1 else None)
        writes = isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(set(mode.value) & set("wax"))
        found = owner | self._places(node, scope, 0)
        self._mark(self.written if writes else self.read, found, node, "writes to it" if writes else "reads it")
        if writes:
            self._place([node.func.value] if owner and isinstance(node.func, ast.Attribute) else _paths(node, 0), scope)

    def _places(self, node: ast.Call, scope: str, position: int) -> set[str]:
        """Name the options that are the path of a call."""
        return {one for path in _paths(node, position) for one in self.options(path, scope)}

    def _place(self, paths: list[ast.expr], scope: str) -> None:
        """Note for each path that is written whether an option is the path itself or a folder that holds it."""
        for path in paths:
            (self.holders if self._deeper(path, scope) else self.itself).update(self.options(path, scope))

    def _deeper(self, node: ast.expr, scope: str) -> bool:
        """Tell whether a path that begins with an option goes on below it."""
        match node:
            case ast.Name(id=name):
                return bool({(scope, name), ("", name)} & self.deeper)
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=text)):
                return text != "%s"
            case ast.JoinedStr(values=parts):
                return len(parts) > 1
            case ast.Call(func=func, args=args):
                word = ast.unparse(func).rpartition(".")[2]
                of = (
                    func.value
                    if word in _SAME_OWNERS and isinstance(func, ast.Attribute)
                    else args[0]
                    if args
                    else node
                )
                return (
                    word in {"join", "joinpath", "format"}
                    or len(args) > 1
                    or (of is not node and self._deeper(of, scope))
                )
        return isinstance(node, ast.BinOp)

    def _handed(self, node: ast.Call, name: str, scope: str) -> bool:
        """Follow options into the parameters of the module's own functions; tell whether it is one of them."""
        known = False
        for function in self.functions:
            if function.name != name:
                continue
            known = True
            plain = [one.arg for one in function.args.args if one.arg not in {"self", "cls"}]
            pairs = [*zip(plain, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
            for parameter, value in pairs:
                if found := self.options(value, scope):
                    self.aliases.setdefault((name, parameter), set()).update(found)
                    if self._deeper(value, scope):
                        self.deeper.add((name, parameter))
        return known

    def _mark(self, marks: dict[str, str], names: set[str], node: ast.Call, does: str) -> None:
        for name in names:
            marks.setdefault(name, f"{ast.unparse(node.func)} {does} ({self.module.path.name}:{node.lineno})")


def _paths(node: ast.Call, position: int) -> list[ast.expr]:
    """Give what is the path of a call: the argument at its position, and keywords for paths."""
    return [*node.args[position : position + 1], *(one.value for one in node.keywords if one.arg in _PATH_WORDS)]


def _namespaces(module: Module) -> set[str]:
    """Name what holds the options: the usual names, and those that a parser's answer is given."""
    namespaces = set(_NAMESPACES)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = ast.unparse(node.value.func)
            if called.endswith(_PARSES):
                for target in node.targets:
                    parts = target.elts if isinstance(target, ast.Tuple) else [target]
                    namespaces |= {ast.unparse(part).rpartition(".")[2] for part in parts}
    return namespaces


def _begins_below(node: ast.expr) -> bool:
    """Tell whether a text begins with a separator, so that what stands before it is a folder."""
    match node:
        case ast.Constant(value=str() as text):
            return text.startswith("/")
        case ast.JoinedStr(values=[first, *_]):
            return _begins_below(first)
        case ast.FormattedValue(value=value):
            return _begins_below(value)
        case ast.BinOp(left=left):
            return _begins_below(left)
    return ast.unparse(node) in {"os.sep", "os.path.sep"}


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a scope, those of functions inside it left out."""
    waiting = deque(ast.iter_child_nodes(node))
    while waiting:
        current = waiting.popleft()
        yield current
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(current))
