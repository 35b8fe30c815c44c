"""Read YAML as nodes with positions, and collect every problem with its place, duplicate keys included."""

import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import yaml
from msgspec import Struct, field

from toolkit.edits import Applicability, Fix, Quote, Remove, Rename, Spot
from toolkit.errors import MOST_FINDINGS, Finding, FindingsError, InputError, Location, OutsideError, Severity
from toolkit.limits import CONTRACT_SIZE
from toolkit.system.reading import read_foreign
from toolkit.words import closest, did_you_mean

# The C composer is 17 times faster, and has marks too.
_Loader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The line breaks of YAML 1.1, section 5.4. Python's splitlines splits at others too.
LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_RARE_ENDS = "\r\x85\u2028\u2029"
# A few aliases can expand to billions of nodes, and the readers of nodes recurse.
_MOST_NODES = 200_000
# From here on a name is taken for a misspelt one: `defalt`, but not `value` for `name`.
_SURE = 0.8
_DEEPEST = 60
# Texts with fewer brackets, and less before the first word of each line, are not examined before they are composed:
# a thousand levels take less than half a megabyte of stack.
_SHALLOW = 800
_INDENTED = re.compile(r"[ \t?:-]{100}")
_CORE = "tag:yaml.org,2002:"
_STRING = f"{_CORE}str"
_NULL = f"{_CORE}null"
_KINDS = {"int": "an integer", "float": "a number", "bool": "a boolean", "timestamp": "a date", "null": "null"}
_MERGE = f"{_CORE}merge"
_COLLECTIONS: dict[type[yaml.Node], str] = {yaml.MappingNode: f"{_CORE}map", yaml.SequenceNode: f"{_CORE}seq"}
_SCALARS = frozenset(
    f"{_CORE}{name}" for name in ("str", "null", "bool", "int", "float", "timestamp", "merge", "value")
)

CODE_HINT = "`comp new --from-function` or `comp new --from-program` makes a component from code"
_CODE = frozenset({".py", ".ipynb"})

Place = tuple[str | int, ...]


class Reading(Struct):
    """A document that is being read: the findings so far, and the place of each part."""

    path: Path
    findings: list[Finding] = field(default_factory=list)
    places: dict[Place, Location] = field(default_factory=dict)

    def at(self, node: yaml.Node) -> Location:
        """Return the place of a node."""
        start, end = node.start_mark, node.end_mark
        return Location(
            path=self.path,
            line=start.line + 1,
            column=start.column + 1,
            end_line=end.line + 1,
            end_column=end.column + 1,
        )

    def error(self, rule: str, node: yaml.Node, message: str, advice: str = "", fix: Fix | None = None) -> None:
        """Record an error at a node."""
        where = self.at(node)
        finding = Finding(rule=rule, severity=Severity.ERROR, message=message, where=where, help=advice, fix=fix)
        self.findings.append(finding)
        if len(self.findings) >= MOST_FINDINGS:
            # Each has advice that takes a search.
            raise FindingsError(self.in_order())

    def in_order(self) -> tuple[Finding, ...]:
        """Return the findings in the order of the file, which the reader does not follow."""
        return tuple(sorted(self.findings, key=lambda finding: (finding.where.line or 0, finding.where.column or 0)))

    def mapping(
        self, node: yaml.Node, what: str, known: tuple[str, ...] | None = None, *, unknown: str = "C003"
    ) -> dict[str, yaml.Node]:
        """Return the items of a mapping; duplicate, non-string and (with `known`) unknown keys are findings."""
        if not isinstance(node, yaml.MappingNode):
            if node.tag != _NULL:
                # Reading goes on with an empty one, so that the problems after it are found too.
                self.error("C003", node, f"{what} is not a mapping")
            return {}
        items: dict[str, yaml.Node] = {}
        merged: dict[str, yaml.Node] = {}
        names = _names(node)
        fix: Fix | None
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.error("C003", key, f"a key of {what} is not a plain text")
            elif key.tag == _MERGE:
                for part in self._merged(value, what):
                    merged = {**self.mapping(part, what, known, unknown=unknown), **merged}
            elif key.value in items:
                fix = _without_first(node, key, value)
                self.error("C002", key, f"the key {key.value!r} is in {what} twice", "remove one of them", fix)
            # With `known`, such a key is an unknown one, which the next branch reports.
            elif known is None and key.tag != _STRING:
                kind = _KINDS.get(key.tag.removeprefix(_CORE), "no text")
                message = f"a key of {what} is not a string but {kind}: {key.value}"
                self.error("C004", key, message, "put it in quotes", _quotes(key))
            else:
                items[key.value] = value
                if known is not None and key.value not in known:
                    advice = did_you_mean(key.value, known, otherwise=f"known here: {', '.join(known)}")
                    fix = _another_name(key, [name for name in known if name not in names])
                    self.error(unknown, key, f"unknown key {key.value!r} in {what}", advice, fix)
        # Own keys win over merged ones, and earlier merged mappings over later ones (YAML 1.1, "Merge Key").
        return {**merged, **items} if merged else items

    def _merged(self, value: yaml.Node, what: str) -> list[yaml.Node]:
        """Return the mappings that a merge key names."""
        parts = list(value.value) if isinstance(value, yaml.SequenceNode) else [value]
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                self.error("C003", part, f"a merge key in {what} names a {form(part)}, not a mapping")
        return [part for part in parts if isinstance(part, yaml.MappingNode)]

    def sequence(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """Return the items of a list; null is an empty list."""
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if node.tag != _NULL:
            self.error("C003", node, f"{what} is not a list")
        return []

    def text(self, node: yaml.Node | None, what: str, *, nullable: bool = False) -> str:
        """Return a string; numbers, booleans and the like are findings. With `nullable`, null is the empty text."""
        if node is None or (nullable and node.tag == _NULL):
            return ""
        if isinstance(node, yaml.ScalarNode) and node.tag == _STRING:
            return str(node.value)
        if not isinstance(node, yaml.ScalarNode):
            self.error("C004", node, f"{what} is not a string but a {form(node)}")
        elif node.tag == _NULL:
            self.error("C004", node, f"{what} is empty", "write '' for an empty text")
        else:
            kind = _KINDS.get(node.tag.removeprefix(_CORE), "no text")
            message = f"{what} is not a string but {kind}: {node.value}"
            self.error("C004", node, message, "put it in quotes", _quotes(node))
        return ""


def _spot(node: yaml.Node) -> Spot:
    """Return where a node begins."""
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)


def _quotes(node: yaml.Node) -> Fix:
    """Return the fix that puts a scalar in quotes; neither line of KFP loads it without them."""
    return Fix(title="Put it in quotes", edits=(Quote(_spot(node)),))


def _without_first(node: yaml.MappingNode, key: yaml.ScalarNode, value: yaml.Node) -> Fix:
    """Return the fix that removes the first of two equal keys: KFP takes the last."""
    first, earlier = next((other, given) for other, given in node.value if other.value == key.value)
    equal = isinstance(earlier, yaml.ScalarNode) and (earlier.tag, earlier.value) == (value.tag, value.value)
    applicability = Applicability.SAFE if equal else Applicability.UNSAFE
    return Fix(title=f"Keep the last {key.value!r}", edits=(Remove(_spot(first)),), applicability=applicability)


def _names(node: yaml.MappingNode) -> set[str]:
    """Return the keys of a mapping that are texts."""
    return {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}


def _another_name(key: yaml.ScalarNode, known: list[str]) -> Fix | None:
    """Return the fix of a misspelt key, which is safe if it is hardly another one; None if none is similar."""
    close = closest(key.value, known)
    if close is None:
        return None
    # Neither line of KFP loads the misspelt one.
    sure = closest(key.value, known, similarity=_SURE) == close
    applicability = Applicability.SAFE if sure else Applicability.UNSAFE
    return Fix(title=f"Write {close!r}", edits=(Rename(_spot(key), close),), applicability=applicability)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends, as YAML counts them."""
    # Most texts have no other line end, and the pattern takes twenty times as long.
    return LINE_BREAK.split(text) if any(end in text for end in _RARE_ENDS) else text.split("\n")


def form(node: yaml.Node) -> str:
    """Return the form of a node: mapping, list or text."""
    if isinstance(node, yaml.MappingNode):
        return "mapping"
    return "list" if isinstance(node, yaml.SequenceNode) else "text"


def plain(reading: Reading, node: yaml.Node) -> Any:  # noqa: ANN401 (any JSON value)
    """Return a node as JSON data; scalars that JSON cannot express stay texts."""
    if isinstance(node, yaml.MappingNode):
        return {key: plain(reading, value) for key, value in reading.mapping(node, "this mapping").items()}
    if isinstance(node, yaml.SequenceNode):
        return [plain(reading, part) for part in node.value]
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return is_true(node)
        case "int" | "float":
            return _number(node)
        case _:
            return str(node.value)


def _number(node: yaml.Node) -> int | float | str:
    """Return a number that JSON can express; others (`.inf`, 1_000, base 8) stay texts."""
    try:
        value: int | float = json.loads(node.value)
    except ValueError:
        return str(node.value)
    # JSON takes whole numbers that are larger than any float.
    fits = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
    return value if fits else str(node.value)


def is_true(node: yaml.Node) -> bool:
    """Return the value of a boolean node."""
    # YAML 1.1 has more words than these; the resolver has accepted a boolean before.
    return str(node.value).lower() in {"true", "yes", "on"}


def boolean(reading: Reading, node: yaml.Node | None, what: str) -> bool:
    """Read a boolean; a missing one and null are false."""
    if node is None or node.tag.endswith(":null"):
        return False
    if not isinstance(node, yaml.ScalarNode) or not node.tag.endswith(":bool"):
        reading.error("C003", node, f"{what} is neither true nor false", "write it without quotes")
        return False
    return is_true(node)


def texts(
    reading: Reading, node: yaml.Node | None, what: str, *, structure: str = "C004"
) -> MappingProxyType[str, str]:
    """Read a mapping of texts; `structure` is the rule that a mapping or list among them breaks."""
    read: dict[str, str] = {}
    for key, value in (reading.mapping(node, what) if node is not None else {}).items():
        reading.places[(what, key)] = reading.at(value)
        if structure != "C004" and not isinstance(value, yaml.ScalarNode):
            reading.error(structure, value, f"{key!r} of {what} is a {form(value)}", "write a plain text")
        else:
            read[key] = reading.text(value, f"{key!r} of {what}")
    return MappingProxyType(read)


def line_starts(text: str) -> list[int]:
    """Return the offset of each line's begin; marks of nodes do not count a byte order mark."""
    return [int(text.startswith("\ufeff")), *(match.end() for match in LINE_BREAK.finditer(text))]


def compose(text: str, path: Path) -> yaml.Node:
    """Return the node of one YAML document, whose tags are YAML's own. Raises FindingsError with C001."""
    node = _loaded(text, path, lambda loader: loader.get_single_node())
    if node is None:
        raise _syntax(path, "the document is empty", "a component needs at least implementation.container.image")
    _check_nodes(node, text, path)
    return cast("yaml.Node", node)


def compose_all(text: str, path: Path) -> tuple[yaml.Node, ...]:
    """Return the nodes of all documents of a text. Raises FindingsError as `compose` does."""

    def every(loader: Any) -> list[yaml.Node]:  # noqa: ANN401 (a loader of either kind)
        """Return the documents of a loader."""
        nodes = []
        while loader.check_node():
            nodes.append(loader.get_node())
        return nodes

    nodes = _loaded(text, path, every)
    for node in nodes:
        _check_nodes(node, text, path)
    return tuple(nodes)


def _loaded(text: str, path: Path, load: Callable[[Any], Any]) -> Any:  # noqa: ANN401 (what `load` returns)
    """Return the nodes that `load` takes from a loader of the text. Raises FindingsError."""
    try:
        if not _is_shallow(text):
            _check_nesting(text, path)
        loader = _Loader(text)
        try:
            return load(loader)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _unreadable(path, error) from None
    # libyaml takes UTF-8, which has no form for half of a surrogate pair.
    except UnicodeEncodeError as error:
        raise _syntax(path, f"cannot be parsed as YAML: character {error.start} is half of a pair") from None


@contextmanager
def not_a_contract() -> Iterator[None]:
    """Raise findings without the ids of the linter's rules, which are about contracts, as an InputError."""
    try:
        yield
    except FindingsError as error:
        first, more = error.findings[0], len(error.findings) - 1
        message = f"{first.message} (and {more} more)" if more else first.message
        raise InputError(message, where=first.where, hint=first.help or "correct the YAML there") from None


def read_text(path: Path) -> str:
    """Read a contract's text. Raises InputError if it is missing, too large, not UTF-8, or a file of code."""
    if path.is_dir():
        raise InputError("a folder, expected a component.yaml", where=Location(path=path))
    try:
        data = read_foreign(path, CONTRACT_SIZE)
    except FileNotFoundError:
        raise InputError(
            "the file is missing",
            where=Location(path=path),
            hint="`comp generate` writes the contract of a function",
        ) from None
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror}") from error
    except InputError as error:
        raise _syntax(path, error.message) from None
    # Some code is valid YAML, and its findings would be about keys that it never had.
    if path.suffix in _CODE:
        raise _syntax(
            path,
            "this is code, expected a contract",
            CODE_HINT,
        )
    return decoded(data, path)


def decoded(data: bytes, path: Path) -> str:
    """Return the text of a contract that has the content `data`. Raises FindingsError that names `path`."""
    try:
        CONTRACT_SIZE.check(len(data), str(path))
        return data.decode()
    except InputError as error:
        raise _syntax(path, error.message) from None
    except UnicodeDecodeError as error:
        raise _syntax(path, f"not UTF-8 text: byte {error.start} is {data[error.start]:#x}") from None


def _is_shallow(text: str) -> bool:
    """Return whether libyaml's composer, which recurses, has stack enough for a text, in a tenth of the time of a look.

    A block begins behind blanks and the signs of other blocks, two to a column; a flow collection has a bracket.
    """
    return text.count("[") + text.count("{") < _SHALLOW and not _INDENTED.search(text)


def _check_nesting(text: str, path: Path) -> None:
    """Raise FindingsError for deep nesting before the composer runs, since libyaml recurses without a limit."""
    loader, depth = _Loader(text), 0
    try:
        while (event := loader.get_event()) is not None:
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > _DEEPEST:
                mark = event.start_mark
                raise _syntax(path, "nested too deeply", line=mark.line + 1, column=mark.column + 1)
    finally:
        loader.dispose()


def _check_nodes(node: yaml.Node, text: str, path: Path) -> None:
    """Raise FindingsError for foreign tags, for deep nesting, and for aliases that make the document endless."""
    # Not recursive, and every visit counts: an alias leads to the same node again.
    waiting, visited = [(node, 0)], 0
    while waiting:
        current, depth = waiting.pop()
        if current.tag != _COLLECTIONS.get(type(current)) and current.tag not in _SCALARS:
            raise _at(path, current, f"the tag {current.tag} is not one that KFP can read")
        if isinstance(current, yaml.MappingNode):
            parts = [part for pair in current.value for part in pair]
        else:
            parts = current.value if isinstance(current, yaml.SequenceNode) else []
        visited += len(parts)
        if visited > _MOST_NODES or (depth >= _DEEPEST and parts):
            _check_nesting(text, path)
            raise _at(path, current, "expanded too often by aliases")
        # Most nodes are texts, which need no visit.
        waiting += [(part, depth + 1) for part in parts if part.tag != _STRING or type(part) is not yaml.ScalarNode]


def _at(path: Path, node: yaml.Node, message: str) -> FindingsError:
    """Return the finding about a node that ends the reading."""
    return _syntax(path, message, line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def _unreadable(path: Path, error: yaml.YAMLError) -> FindingsError:
    """Return the finding for an error of the parser, with its place."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    context = getattr(error, "context", None)
    # libyaml's sentence about a second document begins in the context.
    said = f"{context}, {problem}" if context and problem.startswith("but ") else problem
    message = f"not valid YAML: {said}" + (f" ({context})" if context and said == problem else "")
    return _syntax(path, message, line=mark.line + 1 if mark else None, column=mark.column + 1 if mark else None)


def _syntax(
    path: Path, message: str, advice: str = "", *, line: int | None = None, column: int | None = None
) -> FindingsError:
    """Return the finding C001, as the error that ends the reading."""
    where = Location(path=path, line=line, column=column)
    return FindingsError((Finding(rule="C001", severity=Severity.ERROR, message=message, where=where, help=advice),))
