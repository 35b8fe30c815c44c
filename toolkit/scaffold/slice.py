"""Cut functions out of their module, with the names that they use, directly and through other names.

Pipeline code, and everything that only it needs, stays behind: a component's image lacks the libraries that it
imports. Source text is copied as it is, comments included; only imports at module level are narrowed.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from textwrap import dedent

from msgspec import Struct

from toolkit.errors import Finding, Severity
from toolkit.interface.decorators import is_component
from toolkit.interface.module import Module
from toolkit.interface.script import Script, read_script
from toolkit.scaffold.carried import Carried, carry
from toolkit.scaffold.gather import RULE
from toolkit.scaffold.reach import Reached, reach
from toolkit.scaffold.surroundings import Copy, Surroundings

# Replaces `kfp.dsl` in imports of annotations: the same names, without a dependency.
_VOCABULARY = "toolkit.types"
# Not `kfp.components`: KFP 1's annotations take suffixes off the names of ports, and `toolkit.types` does not.
_REWRITTEN = ("kfp.dsl", "kfp.v2.dsl")
_WORDS = {
    *("Input", "Output", "InputPath", "OutputPath", "Artifact", "Dataset", "Model", "Metrics"),
    *("ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown"),
}
_IMPORTS = ast.Import | ast.ImportFrom
# Characters of a source line that a message shows.
_WIDEST = 60


class Slice(Struct, frozen=True, kw_only=True):
    """Code for a component, and what comes along with it.

    `place` is where it goes below `src`, and `copies` are the files of the repository that come along. `relative` means
    that it works only as part of its package. `requirements` are to be installed; for a `script` they are those of its
    own metadata. `unknown` are findings for imports without a known distribution, `findings` are all others. `left` are
    lines with an effect that stay behind, with their numbers, and `beside` files that the code may open and that stay
    behind.
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


def slice_function(path: Path, *names: str, environ: Mapping[str, str], here: Path | None = None) -> Slice:
    """Cut the functions `names` and all that they use out of the module at `path`.

    Without a repository around the file, local modules are looked for up to the folder `here`, by default the working
    directory.
    """
    module = Module.read(path, environ)
    around = Surroundings.of(path, here or Path.cwd())
    wanted = frozenset(names)
    # Modules that come along may import further names of this one.
    while True:
        reached = reach(module, wanted)
        ordered = sorted(reached.statements, key=lambda node: (node.lineno, node.col_offset))
        pieces = [_piece(module, node, reached, names) for node in ordered]
        carried = carry(module, [node for node, _ in pieces], around)
        if carried.whole:
            # A module that comes along imports this one as a whole, and may use any of its names.
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


def whole_source(module: Module, around: Surroundings) -> Slice:
    """Take a module whole, with its pipelines."""
    text = module.text if module.text.endswith("\n") else module.text + "\n"
    return _slice(module, text, carry(module, module.tree.body, around), ())


def _slice(module: Module, text: str, carried: Carried, left: tuple[tuple[int, str], ...]) -> Slice:
    """Return the slice of a module; its inline metadata, if any, replaces what its imports tell."""
    script = read_script(module)
    return Slice(
        text=text,
        place=carried.place,
        relative=carried.relative,
        copies=carried.copies,
        requirements=script.dependencies if script else carried.requirements,
        findings=(*carried.findings, *_of_sources(script)),
        # The metadata of a script is complete (PEP 723).
        unknown=() if script else carried.unknown,
        script=script is not None,
        requires_python=script.requires_python if script else f">=3.{carried.minor}" if carried.minor else None,
        left=left,
        beside=carried.left,
    )


def _of_sources(script: Script | None) -> Iterator[Finding]:
    """Yield a finding for each requirement that a script takes from a source that the component does not have."""
    if script:
        for name in script.sources:
            message = f"{name} has a source of its own in the script's [tool.uv.sources]"
            advice = "give the new pyproject.toml the same source"
            yield Finding(rule=RULE, severity=Severity.ERROR, message=message, where=script.where, help=advice)


def _grouped(module: Module, imports: Sequence[tuple[ast.stmt, str]]) -> str:
    """Join imports, with an empty line wherever the source has one."""
    lines: list[str] = []
    before = imports[0][0].lineno if imports else 0
    for node, text in imports:
        between = module.lines[before : node.lineno - 1]
        lines += ["", text] if any(not line.strip() for line in between) else [text]
        before = node.end_lineno or node.lineno
    return "\n".join(lines)


def _piece(module: Module, node: ast.stmt, reached: Reached, names: Collection[str]) -> tuple[ast.stmt, str]:
    """Return a statement and its text: an import with the reached names only, and `names` without KFP's decorators."""
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
        # Whole lines, since the `@` before a decorator does not belong to its expression.
        texts = [line for kept_one in kept_ones for line in module.lines[kept_one.lineno - 1 : kept_one.end_lineno]]
        text = "\n".join([*above, *texts, *_text_of(module, node, node.lineno)])
        # A function inside another one moves to module level.
        return node, dedent(text) if node not in module.tree.body else text
    return node, "\n".join([*above, *_text_of(module, node, first)])


def _text_of(module: Module, node: ast.stmt, first: int) -> list[str]:
    """Return the lines of a statement from line `first` on, without other statements on its first or last line.

    The offsets of `ast` count bytes of UTF-8.
    """
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
    """Return the comment lines directly above line `first`; a shebang belongs to the file."""
    start = first - 1
    while start > 0 and lines[start - 1].startswith("#") and not lines[start - 1].startswith("#!"):
        start -= 1
    return list(lines[start : first - 1])


def _import_from(node: ast.ImportFrom, reached: Iterable[str]) -> ast.ImportFrom:
    """Return an import of the reached names, from `toolkit.types` if all of them are KFP's annotations."""
    names = node.names
    if node.module != "__future__" and names[0].name != "*":
        # An import for its side effects has no reached name, and keeps all.
        names = [alias for alias in names if (alias.asname or alias.name) in reached] or names
    module = node.module or ""
    if module in _REWRITTEN and not node.level and all(alias.name in _WORDS for alias in names):
        module = _VOCABULARY
    return ast.copy_location(ast.ImportFrom(module=module or None, names=names, level=node.level), node)


def _shown(module: Module, node: ast.stmt) -> tuple[int, str]:
    """Return the number of a statement's first line, and the line, shortened."""
    number = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    line = module.lines[number - 1].strip()
    return number, line if len(line) <= _WIDEST else f"{line[:_WIDEST]}…"
