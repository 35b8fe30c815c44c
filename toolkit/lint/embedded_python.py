"""Rules about Python code that stands in the command line."""

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from toolkit.errors import Location
from toolkit.lint.free_names import free_names
from toolkit.lint.rule import ERROR, Remark, RuleCategory, rule
from toolkit.lint.scripts import Script, inside, scripts
from toolkit.spec.reader import ComponentDocument

# Programs of more characters are accepted unread; this bounds the time for a hostile one.
_LONGEST = 1_000_000


@rule(
    "C052",
    "python-syntax-embedded",
    ERROR,
    RuleCategory.SYNTAX,
    "Python code in the command line cannot be parsed: the step fails when it starts.",
)
def python_syntax(document: ComponentDocument) -> Iterator[Remark]:
    """Report embedded Python that this machine's Python cannot parse, at its line of the contract.

    The code after `python -c` is parsed when the step starts, and the step fails there. The finding is at the line of
    the contract that cannot be parsed.

    The Python that `comp` runs in parses the code. Syntax of newer ones, such as a `type` statement, is no finding: the
    image may have such a Python.

    Wrong:
        command:
        - python3
        - -c
        - |
          for name in ("a", "b")
              print(name)

    Right:
        command:
        - python3
        - -c
        - |
          for name in ("a", "b"):
              print(name)
    """
    for script, parsed in python_code(document):
        if isinstance(parsed, SyntaxError):
            from toolkit.interface.newer_syntax import newer_syntax

            line = str(script.argument).splitlines()[(parsed.lineno or 1) - 1 : parsed.lineno or 1]
            if newer_syntax(parsed.msg, line):
                continue
            where = _at(document, script, parsed.lineno or 1)
            yield Remark(where, f"the Python code cannot be parsed: {parsed.msg}, in its line {parsed.lineno}")
        elif parsed is None:
            yield Remark(document.places[script.place], "the Python code cannot be parsed: it is nested too deeply")


@rule(
    "C054",
    "name-undefined",
    ERROR,
    RuleCategory.SYNTAX,
    "Python code in the command line uses a name that nothing in it defines: the step fails with a NameError.",
)
def name_undefined(document: ComponentDocument) -> Iterator[Remark]:
    """Report names in embedded Python that are certainly undefined.

    Who copies a function into a contract easily leaves behind what it uses: an import at the top of its module,
    another function, a constant. The code can be parsed, and the step fails with a NameError when it reaches the name,
    perhaps after hours.

    Only certain cases count. A name that is defined anywhere in the code, in whatever function, is not reported; nor is
    one inside of a `try` that catches NameError or any exception, or in an annotation. Code with `import *`, `exec` or
    `globals()` has no findings.

    Import or define the name in the code. `comp new --from-function` cuts a function out of its module together with
    what it uses.

    Wrong:
        command:
        - python3
        - -c
        - |
          def train(rate):
              print(json.dumps({"rate": rate}))
          train(0.5)

    Right:
        command:
        - python3
        - -c
        - |
          import json
          def train(rate):
              print(json.dumps({"rate": rate}))
          train(0.5)
    """
    for script, parsed in python_code(document):
        for name in free_names(parsed) if isinstance(parsed, ast.Module) else ():
            message = f"the Python code uses {name.id!r} in its line {name.lineno}, and nothing in it defines the name"
            yield Remark(_name_at(document, script, name), message, "import or define it in the code")


def python_code(document: ComponentDocument) -> Iterator[tuple[Script, ast.Module | SyntaxError | None]]:
    """Yield each Python program of the command line with its tree, or why it has none; None for too deep nesting."""
    for script in scripts(document):
        code = script.argument
        if script.language == "python" and isinstance(code, str) and len(code) <= _LONGEST:
            yield script, _parsed(code)


# Several rules read the same code.
@lru_cache(maxsize=4)
def _parsed(code: str) -> ast.Module | SyntaxError | None:
    """Parse Python code."""
    try:
        with warnings.catch_warnings():
            # An invalid escape sequence is not an error yet.
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError):
        return None


def _name_at(document: ComponentDocument, script: Script, name: ast.Name) -> Location:
    """Return the place of a name: in a block of YAML its own characters, else that of the whole program."""
    where = _at(document, script, name.lineno)
    code = str(script.argument).splitlines()[name.lineno - 1]
    line = document.lines[(where.line or 1) - 1].rstrip()
    if not line.endswith(code.rstrip()) or where == document.places[script.place]:
        return where
    # Python counts bytes.
    before = len(code.encode()[: name.col_offset].decode(errors="replace"))
    column = len(line) - len(code.rstrip()) + before + 1
    return replace(where, column=column, end_column=column + len(name.id))


def _at(document: ComponentDocument, script: Script, line: int) -> Location:
    """Return the place of a line of a program."""
    return inside(document, document.places[script.place], line)
