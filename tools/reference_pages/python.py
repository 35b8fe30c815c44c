"""The page of the public Python API: `toolkit.__all__`, the annotations of `toolkit.types`, and the errors.

Signatures are taken from the source as they are written there; what they cannot say is in the docstrings.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from types import ModuleType

import toolkit
from toolkit import errors, types
from tools.reference_pages.markdown import code, prose, table

_MADE = "<!-- Made by `make reference` from the docstrings of toolkit. -->"
_HEAD = """\
What `toolkit` offers to programs: `import toolkit`. Names that are not on this page may change in any version. Nothing
heavy is imported before it is used."""
_WIDTH = 88
# An argument with a type and a default: `ast` writes no spaces there.
_DEFAULT = re.compile(r"^(\*{0,2}\w+: [^=]+)=(.+)$")
_ARTIFACTS = {"Input": "`Input[CLASS]`: an artifact that the function reads.", "Output": "One that it writes."}


def python_page() -> str:
    """Return the page."""
    parts = [_MADE, "# Python API", _HEAD]
    for name in sorted(toolkit.__all__, key=lambda name: (not name[0].islower(), name.lower())):
        if not name.startswith("_"):
            # Not an attribute: a package may have the same name.
            parts += _described(name, toolkit.__getattr__(name))
    parts += ["## toolkit.types", prose_of(types.__doc__ or ""), table(("name", "meaning"), _annotations())]
    parts += ["## toolkit.errors", _ERRORS, table(("error", "exit code", "meaning"), _error_rows())]
    return "\n\n".join(parts) + "\n"


def prose_of(docstring: str) -> str:
    """Return the paragraphs of a docstring as Markdown. Indented ones are code, and lists stay lists."""
    return "\n\n".join(_paragraph(each) for each in inspect.cleandoc(docstring).split("\n\n") if each.strip())


def _paragraph(text: str) -> str:
    """Return one paragraph of a docstring."""
    if text.startswith("    "):
        return f"```python\n{inspect.cleandoc(text)}\n```"
    if text.startswith("- "):
        return "\n".join(f"- {prose(item)}" for item in text.removeprefix("- ").split("\n- "))
    return prose(text)


def _described(name: str, thing: object) -> Iterator[str]:
    """Yield the parts about a public function, class or value."""
    yield f"## toolkit.{name}"
    module = sys.modules.get(getattr(thing, "__module__", ""))
    nodes = _definitions(module, getattr(thing, "__name__", name)) if module else []
    for node in nodes:
        yield from _class(node) if isinstance(node, ast.ClassDef) else ()
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    if functions:
        # The last definition has the docstring; those before it are the ways to call it.
        shown = functions[:-1] or functions
        yield "```python\n" + "\n".join(_signature(node) for node in shown) + "\n```"
        yield prose_of(ast.get_docstring(functions[-1]) or "")


def _definitions(module: ModuleType, name: str) -> list[ast.stmt]:
    """Return the definitions of a name at the top of a module, in order."""
    tree = ast.parse(inspect.getsource(module))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name]


def _class(node: ast.ClassDef) -> Iterator[str]:
    """Yield the parts about a class: its docstring, its fields, and its methods."""
    yield f"```python\nclass {node.name}\n```"
    yield prose_of(ast.get_docstring(node) or "")
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    named = [(ast.unparse(each.target), ast.unparse(each.annotation)) for each in fields]
    if rows := [(code(name), code(kind)) for name, kind in named if not name.startswith("_")]:
        yield table(("field", "type"), rows)
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
            yield f"### {node.name}.{method.name}"
            yield f"```python\n{_signature(method)}\n```"
            yield prose_of(ast.get_docstring(method) or "")


def _signature(node: ast.FunctionDef) -> str:
    """Return a function's head, as written; a long one with an argument a line."""
    each = [_DEFAULT.sub(r"\1 = \2", argument) for argument in _split(ast.unparse(node.args))]
    arguments, returned = ", ".join(each), f" -> {ast.unparse(node.returns)}" if node.returns else ""
    decorators = "".join(f"@{name}\n" for name in map(ast.unparse, node.decorator_list) if name == "property")
    head = f"{decorators}def {node.name}({arguments}){returned}"
    if len(head) <= _WIDTH:
        return head
    lines = ",\n    ".join(each)
    return f"{decorators}def {node.name}(\n    {lines},\n){returned}"


def _split(arguments: str) -> Iterator[str]:
    """Yield each argument: the text is cut at commas outside of brackets and quotes."""
    depth, begin, quote = 0, 0, ""
    for number, letter in enumerate(arguments):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
            if letter == "," and not depth:
                yield arguments[begin:number].strip()
                begin = number + 1
    yield arguments[begin:].strip()


def _annotations() -> Iterator[tuple[str, str]]:
    """Yield the rows of the annotations for functions of components."""
    yield from ((code(name), text) for name, text in _ARTIFACTS.items())
    for node in ast.parse(inspect.getsource(types)).body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield code(node.name), prose((ast.get_docstring(node) or "").partition("\n\n")[0])


def _error_rows() -> Iterator[tuple[str, str, str]]:
    """Yield the rows of the errors, as a tree."""

    def below(error: type[errors.CompError], depth: int) -> Iterator[tuple[str, str, str]]:
        words = inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0]
        yield f"{'&emsp;' * depth}{code(error.__name__)}", str(int(error.exit_code)), prose(words)
        for each in error.__subclasses__():
            if each.__module__ == errors.__name__:
                yield from below(each, depth + 1)

    return below(errors.CompError, 0)


_ERRORS = """\
What the functions raise. `str(error)` says what failed and on what; `error.hint` what to do, or None; `error.where` the
place in a file, or None."""
