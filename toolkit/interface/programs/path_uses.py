"""Which options a program's code reads as files and which it writes to, each with the call that shows it.

Only the path argument of a call counts, and only if the option is that path or the folder at its beginning.
"""

import ast
import re
from collections import deque
from collections.abc import Iterator

from msgspec import Struct, field

from toolkit.interface.module import Module
from toolkit.interface.programs.argv_reader import Words, word_of

_ROUNDS = 3
# Calls that write a file or folder, with the position of its path.
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
# Calls that take the path first or second: `model.save(path)`, `torch.save(model, path)`.
_SAVES = re.compile(r"save|save_\w+|export|export_\w+|saveAs\w+")
# Of these it is certain that they write one file; another `save` may write a folder.
_FILES = {"torch.save": 1, "numpy.save": 0}
# Methods of a path.
_WRITING_METHODS = {"write_text", "write_bytes", "touch"}
_READING_METHODS = {"read_text", "read_bytes", "read", "iterdir", "glob", "rglob", "is_file"}
_MAKES = {"makedirs", "mkdir", "MakeDirs"}
_COPIES = {"copy", "copyfile", "copy2", "copytree", "move", "rename"}
# Those of them that put a file into a folder, if their target is one.
_INTO = {"copy", "copy2", "move"}
_READERS = re.compile(r"read_\w+|load|load_\w+|loadtxt|listdir|scandir|glob|walk|isfile|imread|from_csv|open_dataset")
# These also load what a hub or an environment knows by name, so their argument need not be a path.
_BY_NAME = {"load_dataset", "load_metric", "load_dotenv", "load_model_from_hub"}
_OPENS = re.compile(r"(?:^|\.)(?:open|Open|GFile|FastGFile|ZipFile|File)$")
# Keywords that take a path.
_PATH_KEYWORDS = {
    *("path", "paths", "file", "files", "filename", "filepath", "file_path", "fname", "fp", "f", "fd", "stream"),
    *("save_directory", "save_dir", "save_path", "output_dir", "output_path", "output_file", "outdir", "out"),
    *("output", "outfile", "dirpath", "dir", "directory", "folder", "root", "log_dir", "logdir", "excel_writer"),
    *("path_or_buf", "path_or_buffer", "filepath_or_buffer", "output_video_path", "destination", "dst", "target"),
}
# Functions and methods that turn a path into the same path, or one beside or below it.
_SAME = {"Path", "PurePath", "str", "abspath", "realpath", "expanduser", "normpath", "dirname", "fspath"}
_SAME_METHODS = {"resolve", "absolute", "expanduser", "joinpath", "strip", "rstrip", "as_posix"}
# What programs usually call the object that holds their options.
_NAMESPACES = {
    *("args", "opts", "opt", "options", "flags", "FLAGS", "params", "parsed_args", "arguments", "known_args"),
    *("cfg", "config"),
}
_PARSES = ("parse_args", "parse_known_args", "parse_args_into_dataclasses", "cli", "docopt")
_GETTERS = {"os.environ.get", "os.getenv"}
# Reasons for a role, behind the name of the call.
READS, WRITES = " reads it", " writes to it"


class PathUses(Struct):
    """What a module does with the options `names`.

    `written`, `saved` (passed to a call named like `save`), `made` (as a folder) and `read` give the reason by option.
    `made_itself` are the folders that the program makes, `itself` the paths that calls write to as they are, `holders`
    the folders that calls write into, and `below` the options that are later parts of a path.

    `aliases` are names of the code that hold an option, by function ("" for the module); `deeper` are those among
    them whose path goes on below the option. `variables` are options that are names of the module itself.
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
    def of(cls, module: Module, names: set[str], variables: set[str]) -> "PathUses":
        """Return the uses of the options `names` in a module."""
        functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef)]
        uses = cls(module, names, variables, _namespaces(module), functions, Words.of(module))
        statements = [
            (node, scope)
            for scope, body in (("", module.tree), *((function.name, function) for function in functions))
            for node in _inside(body)
            if isinstance(node, ast.Assign | ast.AnnAssign | ast.With | ast.Call | ast.BinOp)
        ]
        # Each round follows an option through one more name or call.
        for _ in range(_ROUNDS):
            for node, scope in statements:
                uses.note(node, scope)
        return uses

    def note(self, node: ast.AST, scope: str) -> None:
        """Look at one node for names that hold an option, and for calls that read or write one."""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._alias((scope, name), value, scope)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._alias((scope, name), value, scope)
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
                        self._alias((scope, item.optional_vars.id), item.context_expr, scope)
            case ast.Call():
                self._call(node, scope)
            case ast.BinOp(op=ast.Div(), right=right):
                self.below |= self.options(right, scope)

    def _alias(self, alias: tuple[str, str], value: ast.expr, scope: str) -> None:
        """Note that a name, given with its function, holds the options in `value`, an expression of `scope`."""
        if options := self.options(value, scope):
            self.aliases.setdefault(alias, set()).update(options)
            if self._deeper(value, scope):
                self.deeper.add(alias)

    def options(self, node: ast.expr | None, scope: str) -> set[str]:  # noqa: C901, PLR0911 (one for each form)
        """Return the options that a path is, or begins with."""
        match node:
            case ast.Name(id=name):
                aliased = self.aliases.get((scope, name), set()) | self.aliases.get(("", name), set())
                # A plain name is an option in a notebook, and in a function whose parameters are options.
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
            case ast.IfExp(body=body, orelse=orelse):
                return self.options(body, scope) | self.options(orelse, scope)
            case ast.BoolOp(values=parts):
                return {option for part in parts for option in self.options(part, scope)}
        return set()

    def _item(self, owner: str, name: str) -> set[str]:
        """Return the option of `owner["name"]`, if the owner holds options: `vars(args)`, docopt's dict."""
        if owner == "os.environ":
            return {name.lower()} & self.names
        holds_options = owner.removeprefix("vars(").removesuffix(")").rpartition(".")[2] in self.namespaces
        # docopt keeps the dashes.
        return {name, name.strip("-<>").replace("-", "_")} & self.names if holds_options else set()

    def _called(self, node: ast.Call, scope: str) -> set[str]:
        """Return the options that the path made by a call begins with."""
        called = ast.unparse(node.func)
        first = node.args[0] if node.args else None
        # A variable of the environment is an option by its name in lower case.
        if called in _GETTERS and isinstance(first, ast.Constant):
            return {str(first.value).lower()} & self.names
        word = called.rpartition(".")[2]
        if isinstance(node.func, ast.Attribute):
            owner = node.func.value
            text = owner.value if isinstance(owner, ast.Constant) and isinstance(owner.value, str) else None
            # `"/".join([args.folder, "model"])`, unlike `os.path.join(args.folder, "model")`.
            if word == "join" and text is not None:
                return self.options(first.elts[0], scope) if isinstance(first, ast.List) and first.elts else set()
            if word == "format" and text is not None:
                return self.options(first, scope) if re.match(r"\{0?\}(/|$)", text) else set()
            if word in _SAME_METHODS:
                return self.options(owner, scope)
        return self.options(first, scope) if word in _SAME or word == "join" else set()

    def _parameter(self, scope: str, name: str) -> bool:
        """Return whether a name is a parameter of the function `scope`, which click, typer and fire fill in."""
        return any(
            function.name == scope
            and name in {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            for function in self.functions
        )

    def _call(self, node: ast.Call, scope: str) -> None:
        """Note what a call does with the options in its owner and its arguments."""
        called = ast.unparse(node.func)
        word = called.rpartition(".")[2]
        owner = self.options(node.func.value, scope) if isinstance(node.func, ast.Attribute) else set()
        if word in {"join", "joinpath", "Path"}:
            self.below |= {option for part in node.args[word != "joinpath" :] for option in self.options(part, scope)}
        if _OPENS.search(called):
            self._opened(node, owner, scope)
        elif word in _MAKES:
            options = owner | self._path_options(node, scope, 0)
            self._mark(self.made, options, node, WRITES)
            # `Path(args.x).parent.mkdir()` makes another folder.
            if "parent" not in called and "dirname" not in ast.unparse(node):
                self.made_itself |= options
        elif word in _COPIES and node.args:
            target = node.args[-1]
            self._mark(self.written, self.options(target, scope), node, WRITES)
            # `copy` and `move` also take an existing folder as target; `copytree` makes its own.
            if word not in _INTO or self._deeper(target, scope):
                self._note_targets([target], scope)
            self._mark(self.read, owner or self.options(node.args[0], scope), node, READS)
        else:
            self._named(node, word, owner, scope)

    def _named(self, node: ast.Call, word: str, owner: set[str], scope: str) -> None:
        """Note what a call does by its name, or by the body if it calls a function of the module."""
        if word in _WRITING_METHODS and owner:
            self._mark(self.written, owner, node, WRITES)
            if isinstance(node.func, ast.Attribute):
                self._note_targets([node.func.value], scope)
        elif word in _READING_METHODS and owner:
            self._mark(self.read, owner, node, READS)
        elif word in _WRITERS:
            self._mark(self.written, self._path_options(node, scope, _WRITERS[word]), node, WRITES)
            self._note_targets(_paths(node, _WRITERS[word]), scope)
        elif self._passed_on(node, word, scope):
            return
        elif _SAVES.fullmatch(word):
            options = self._path_options(node, scope, 1) or self._path_options(node, scope, 0)
            self._mark(self.written if word == "save" else self.saved, options, node, WRITES)
            # Another `save` may write a file or fill a folder; its name does not tell.
            if (position := _FILES.get(self.module.qualified(node.func) or "")) is not None:
                self._note_targets(_paths(node, position), scope)
        elif _READERS.fullmatch(word) and word not in _BY_NAME:
            self._mark(self.read, self._path_options(node, scope, 0), node, READS)

    def _opened(self, node: ast.Call, owner: set[str], scope: str) -> None:
        """Note what `open(path, mode)` or `path.open(mode)` does, by its mode."""
        mode = next((keyword.value for keyword in node.keywords if keyword.arg == "mode"), None)
        mode = mode or (node.args[0] if owner and node.args else node.args[1] if len(node.args) > 1 else None)
        writes = isinstance(mode, ast.Constant) and isinstance(mode.value, str) and bool(set(mode.value) & set("wax"))
        options = owner | self._path_options(node, scope, 0)
        self._mark(self.written if writes else self.read, options, node, WRITES if writes else READS)
        if writes:
            paths = [node.func.value] if owner and isinstance(node.func, ast.Attribute) else _paths(node, 0)
            self._note_targets(paths, scope)

    def _path_options(self, node: ast.Call, scope: str, position: int) -> set[str]:
        """Return the options in the path arguments of a call."""
        return {option for path in _paths(node, position) for option in self.options(path, scope)}

    def _note_targets(self, paths: list[ast.expr], scope: str) -> None:
        """Note for each written path whether an option is the path itself or a folder that holds it."""
        for path in paths:
            (self.holders if self._deeper(path, scope) else self.itself).update(self.options(path, scope))

    def _deeper(self, node: ast.expr, scope: str) -> bool:
        """Return whether a path that begins with an option goes on below it."""
        match node:
            case ast.Name(id=name):
                return bool({(scope, name), ("", name)} & self.deeper)
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=text)):
                return text != "%s"
            case ast.JoinedStr(values=parts):
                return len(parts) > 1
            case ast.Call(func=func, args=args):
                word = ast.unparse(func).rpartition(".")[2]
                if word in {"join", "joinpath", "format"} or len(args) > 1:
                    return True
                inner = args[0] if args else None
                if word in _SAME_METHODS and isinstance(func, ast.Attribute):
                    inner = func.value
                return inner is not None and self._deeper(inner, scope)
        return isinstance(node, ast.BinOp)

    def _passed_on(self, node: ast.Call, name: str, scope: str) -> bool:
        """Follow options into the parameters of a function of the module; return False if it has none called `name`."""
        functions = [function for function in self.functions if function.name == name]
        for function in functions:
            plain = [argument.arg for argument in function.args.args if argument.arg not in {"self", "cls"}]
            keywords = ((keyword.arg or "", keyword.value) for keyword in node.keywords)
            for parameter, value in (*zip(plain, node.args, strict=False), *keywords):
                self._alias((name, parameter), value, scope)
        return bool(functions)

    def _mark(self, marks: dict[str, str], options: set[str], node: ast.Call, does: str) -> None:
        """Note the reason for `options`; the first call that shows it counts."""
        for option in options:
            marks.setdefault(option, f"{ast.unparse(node.func)}{does} ({self.module.path.name}:{node.lineno})")


def _paths(node: ast.Call, position: int) -> list[ast.expr]:
    """Return the path arguments of a call: the one at `position`, and keywords that take paths."""
    keywords = (keyword.value for keyword in node.keywords if keyword.arg in _PATH_KEYWORDS)
    return [*node.args[position : position + 1], *keywords]


def _namespaces(module: Module) -> set[str]:
    """Return the names of objects that hold options: the usual ones, and those assigned from a parser."""
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
    """Return whether a text begins with a separator, so that the text before it is a folder."""
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
    """Yield the nodes of a scope without those of functions inside it."""
    waiting = deque(ast.iter_child_nodes(node))
    while waiting:
        current = waiting.popleft()
        yield current
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(ast.iter_child_nodes(current))
