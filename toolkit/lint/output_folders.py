"""A rule about programs in the command line that write an output into a folder that may not exist."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile

from toolkit.errors import Location
from toolkit.lint.embedded_python import python_code
from toolkit.lint.rule import WARNING, Remark, RuleCategory, rule
from toolkit.lint.scripts import Script, inside, scripts
from toolkit.lint.walk import top_arguments
from toolkit.spec.model import Argument, IfPlaceholder, PortPlaceholder
from toolkit.spec.reader import ComponentDocument

_MAKES_FOLDERS = re.compile(r"mkdir|makedirs|make_parent|install\s+-\w*[dD]|pathlib2|ensure_\w*(?:dir|parent|folder)")
_ASSIGNS = re.compile(
    r"""^[ \t]*(?:export[ \t]+|local[ \t]+)?(\w+)=["']?\$\{?(\d)\}?["']?[ \t]*(?:;|$)""", re.MULTILINE
)
_REDIRECTS = re.compile(r""">>?[ \t]*"?\$(?:\{(\w+)\}|(\w+))"?(?=[\s;&|)]|$)""")
_QUOTED = re.compile(r"'[^']*'")
_WRITES = {"write_text", "write_bytes"}


@rule(
    "C053",
    "output-folder-not-made",
    WARNING,
    RuleCategory.PORTABILITY,
    "A program writes an output and does not make the folder of its path, which KFP 1.8 does not make either.",
)
def output_folder_not_made(document: ComponentDocument) -> Iterator[Remark]:
    """Report outputs that embedded shell and Python open for writing, in programs that make no folder at all.

    The path of an output is a new one, such as `/tmp/outputs/count/data`. KFP 1.8 does not make its folder, so that `>
    "$0"` and `open(path, "w")` fail there with "No such file or directory". KFP 2 and `comp run` make it, and so does
    the launcher of `comp`.

    There is a finding only if the program itself opens the path that it gets, and nowhere makes a folder.

    Make the folder first.

    Wrong:
        outputs:
        - {name: count, type: Integer}
        command: [sh, -c, 'echo 1 > "$0"']
        args: [{outputPath: count}]

    Right:
        outputs:
        - {name: count, type: Integer}
        command: [sh, -c, 'mkdir -p "$(dirname "$0")" && echo 1 > "$0"']
        args: [{outputPath: count}]
    """
    found = [*scripts(document)] if document.spec.interface.outputs else []
    if not found:
        return
    words = [argument for _, argument in top_arguments(document)]
    for script in found:
        if script.language == "shell" and isinstance(script.argument, str):
            yield from _of_shell(document, script, _following(words, script))
    for script, parsed in python_code(document):
        if isinstance(parsed, ast.Module) and isinstance(script.argument, str):
            yield from _of_python(document, script, parsed, _following(words, script))


def _following(words: list[Argument], script: Script) -> list[Argument]:
    """Return the words behind a program whose positions are certain: a condition may be any number of words."""
    return [*takewhile(lambda word: not isinstance(word, IfPlaceholder), words[script.position + 1 :])]


def _of_shell(document: ComponentDocument, script: Script, words: list[Argument]) -> Iterator[Remark]:
    """Report outputs to which a shell program redirects."""
    text = str(script.argument)
    outputs = {str(index): name for index, name in _outputs(words)}
    if not outputs or _MAKES_FOLDERS.search(text):
        return
    outputs |= {name: outputs[number] for name, number in _ASSIGNS.findall(text) if number in outputs}
    # Texts in quotes belong to other programs, such as awk; their length keeps the places of the others.
    for found in _REDIRECTS.finditer(_QUOTED.sub(lambda quoted: re.sub(r"[^\n]", "_", quoted[0]), text)):
        if output := outputs.pop(found[1] or found[2], None):
            where = inside(document, document.places[script.place], text.count("\n", 0, found.start()) + 1)
            yield _remark(where, output, 'mkdir -p "$(dirname …)"')


def _of_python(
    document: ComponentDocument, script: Script, tree: ast.Module, words: list[Argument]
) -> Iterator[Remark]:
    """Report outputs that Python code opens for writing, by their place in `sys.argv` or the name of their flag."""
    code = str(script.argument)
    if _MAKES_FOLDERS.search(code) or ("open(" not in code and "write_" not in code):
        return
    outputs = {f"sys.argv[{index + 1}]": name for index, name in _outputs(words)}
    for index, name in _outputs(words):
        flag = words[index - 1] if index else None
        if isinstance(flag, str) and flag.startswith("--"):
            outputs[f"args.{flag[2:].replace('-', '_')}"] = name
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if output := outputs.get(ast.unparse(node.value)):
                outputs[node.targets[0].id] = output
        elif isinstance(node, ast.Call) and (written := _written(node)) and (output := outputs.pop(written, None)):
            where = inside(document, document.places[script.place], node.lineno)
            yield _remark(where, output, "os.makedirs(os.path.dirname(…), exist_ok=True)")


def _written(call: ast.Call) -> str | None:
    """Return the text of the path that a call opens for writing; None for other calls."""
    match call:
        case ast.Call(func=ast.Name(id="open"), args=[path, ast.Constant(value=str(mode)), *_]) if set(mode) & set(
            "wax"
        ):
            return ast.unparse(path)
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="Path"), args=[path]), attr=name)) if (
            name in _WRITES
        ):
            return ast.unparse(path)
    return None


def _outputs(words: list[Argument]) -> Iterator[tuple[int, str]]:
    """Yield the position and name of each output whose path is a word of its own."""
    for index, word in enumerate(words):
        if isinstance(word, PortPlaceholder) and word.kind == "outputPath":
            yield index, word.port


def _remark(where: Location, output: str, advice: str) -> Remark:
    """Return the remark about one output."""
    message = f"the program writes {output!r}, and does not make the folder of its path"
    return Remark(where, message, f"make it first: {advice}")
