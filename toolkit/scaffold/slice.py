"""Cut functions out of their module: the functions, the names they reach, and what belongs to those, nothing else.

What stays behind is pipeline code and everything only it needs, so that the component imports in its own image.
Source text is taken as it stands, comments included; only imports at module level are narrowed.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from textwrap import dedent

from toolkit.findings import Finding, Severity
from toolkit.interface.decorators import is_component
from toolkit.interface.module import Module
from toolkit.interface.script import Script, read_script
from toolkit.scaffold.carried import Carried, carry
from toolkit.scaffold.gather import RULE
from toolkit.scaffold.reach import Reached, reach
from toolkit.scaffold.surroundings import Copy, Surroundings

# `from kfp.dsl import …` for annotations becomes this: the same words without a dependency.
_VOCABULARY = "toolkit.types"
_REWRITTEN = ("kfp.dsl", "kfp.v2.dsl")
_WORDS = {
    *("Input", "Output", "InputPath", "OutputPath", "Artifact", "Dataset", "Model", "Metrics"),
    *("ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown"),
}
_IMPORTS = ast.Import | ast.ImportFrom
_WIDEST = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice:
    """Code for a component, and what comes along with it.

    `place` is where it goes below `src`, `copies` are files of the repository. `relative` means that it works as part
    of its package alone. `requirements` are what has to be installed, as far as it is known, or as a `script` says in
    its own metadata; `unknown` is what is not known. `left` are lines of the module with an effect that stay behind,
    `beside` files that the code may open and that stay behind too.
    """

    text: str
    place: PurePosixPath
    relative: bool
    copies: tuple[Copy, ...]
    requirements: tuple[str, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[Finding, ...] = ()
    script: bool = False
    requires_python: str | None = None
    left: tuple[tuple[int, str], ...] = ()
    beside: tuple[Path, ...] = ()

    @property
    def module(self) -> str:
        """The dotted name by which the code is imported."""
        parts = self.place.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


def slice_function(path: Path, *names: str, here: Path | None = None) -> Slice:
    """Cut the functions `names` and all they reach out of the module at `path`.

    `here` is the folder up to which local modules are looked for when no repository encloses the file (default: the
    working directory).
    """
    module = Module.read(path)
    around = Surroundings.of(path, here or Path.cwd())
    wanted = frozenset(names)
    while True:
        reached = reach(module, wanted)
        ordered = sorted(reached.statements, key=lambda node: (node.lineno, node.col_offset))
        pieces = [_piece(module, node, reached, names) for node in ordered]
        carried = carry(module, [node for node, _ in pieces], around)
        if carried.whole:
            # Something imports the module itself: which of its names it takes is known when it runs.
            return whole_source(module, around)
        more = {name for name in carried.own if name in module.names()}
        if more <= wanted:
            break
        wanted |= more
    imports = _grouped(module, [(node, text) for node, text in pieces if isinstance(node, _IMPORTS)])
    others = [text for node, text in pieces if not isinstance(node, _IMPORTS)]
    text = "\n\n\n".join(part for part in (imports, *others) if part) + "\n"
    left = tuple(_shown(module, node) for node in reached.left)
    return _slice(module, text, carried, left)


def whole_module(path: Path, here: Path | None = None) -> Slice:
    """Take a module whole, its pipelines too."""
    return whole_source(Module.read(path), Surroundings.of(path, here or Path.cwd()))


def whole_source(module: Module, around: Surroundings) -> Slice:
    """Take a module as it stands."""
    text = module.text if module.text.endswith("\n") else module.text + "\n"
    return _slice(module, text, carry(module, module.tree.body, around), ())


def _slice(module: Module, text: str, carried: Carried, left: tuple[tuple[int, str], ...]) -> Slice:
    script = read_script(module)
    return Slice(
        text=text,
        place=carried.place,
        relative=carried.relative,
        copies=carried.copies,
        requirements=script.dependencies if script else carried.requirements,
        findings=(*carried.findings, *_of_sources(script)),
        # A script that says what it needs has said all.
        unknown=() if script else carried.unknown,
        script=script is not None,
        requires_python=script.requires_python if script else f">=3.{carried.minor}" if carried.minor else None,
        left=left,
        beside=carried.left,
    )


def _of_sources(script: Script | None) -> Iterator[Finding]:
    if script:
        for name in script.sources:
            message = f"{name} has a source of its own in the script's [tool.uv.sources]"
            advice = "give the new pyproject.toml the same source"
            yield Finding(rule=RULE, severity=Severity.ERROR, message=message, where=script.where, help=advice)


def _grouped(module: Module, imports: Sequence[tuple[ast.stmt, str]]) -> str:
    """Join imports, with an empty line where the source has one between them."""
    lines: list[str] = []
    before = imports[0][0].lineno if imports else 0
    for node, text in imports:
        between = module.lines[before : node.lineno - 1]
        lines += ["", text] if any(not line.strip() for line in between) else [text]
        before = node.end_lineno or node.lineno
    return "\n".join(lines)


def _piece(module: Module, node: ast.stmt, reached: Reached, names: Collection[str]) -> tuple[ast.stmt, str]:
    """Give a statement and its text: of an import only what is reached, of `names` not their component decorators."""
    if isinstance(node, ast.Import):
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) in reached.names]
        narrowed: ast.stmt = ast.copy_location(ast.Import(names=kept or node.names), node)
        return narrowed, ast.unparse(narrowed)
    if isinstance(node, ast.ImportFrom):
        narrowed = _import_from(node, reached.names)
        return narrowed, ast.unparse(narrowed)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    above = _comments_above(module.lines, first)
    if isinstance(node, ast.FunctionDef) and node.name in names:
        kept_ones = [decorator for decorator in decorators if not is_component(module, decorator)]
        # A decorator's line begins with its `@`, which is not the expression's.
        texts = [line for one in kept_ones for line in module.lines[one.lineno - 1 : one.end_lineno]]
        text = "\n".join([*above, *texts, *_text_of(module, node, node.lineno)])
        # One that is defined inside another function moves out of it.
        return node, dedent(text) if node not in module.tree.body else text
    return node, "\n".join([*above, *_text_of(module, node, first)])


def _text_of(module: Module, node: ast.stmt, first: int) -> list[str]:
    """Give the lines of a statement from line `first` on, without others that share its first or last line."""
    last = node.end_lineno or node.lineno
    lines = module.lines[first - 1 : last]
    end = len(lines[-1].encode()[: node.end_col_offset].decode())
    after = lines[-1][end:].strip()
    if after and not after.startswith("#"):
        lines[-1] = lines[-1][:end]
    if first == node.lineno and lines[0].encode()[: node.col_offset].strip():
        lines[0] = lines[0].encode()[node.col_offset :].decode()
    return lines


def _comments_above(lines: Sequence[str], first: int) -> list[str]:
    start = first - 1
    while start > 0 and lines[start - 1].startswith("#") and not lines[start - 1].startswith("#!"):
        start -= 1
    return list(lines[start : first - 1])


def _import_from(node: ast.ImportFrom, reached: Iterable[str]) -> ast.ImportFrom:
    names = node.names
    if node.module != "__future__" and names[0].name != "*":
        # Of an import that is made for its effect no name is reached.
        names = [alias for alias in names if (alias.asname or alias.name) in reached] or names
    module = node.module or ""
    if module in _REWRITTEN and not node.level and all(alias.name in _WORDS for alias in names):
        module = _VOCABULARY
    return ast.copy_location(ast.ImportFrom(module=module or None, names=names, level=node.level), node)


def _shown(module: Module, node: ast.stmt) -> tuple[int, str]:
    """Give a statement's first line, its number first."""
    number = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    line = module.lines[number - 1].strip()
    return number, line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…"
