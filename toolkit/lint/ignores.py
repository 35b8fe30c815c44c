"""Comments that ignore findings, `# comp:ignore[C060] reason`, and the findings about such comments.

A comment holds for its line; one that stands alone holds for the next line that is no comment. It may stand in the YAML
and in a program inside of the implementation. What looks like one in another text, such as a description, is text.
"""

import re
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import yaml
from msgspec import Struct

from toolkit.edits import Cut, Fix, Spot
from toolkit.errors import MOST_FINDINGS, Finding, Location
from toolkit.lint.rule import RULES, WARNING, RuleCategory, meant, reported
from toolkit.spec.document import compose, lines_of

_WORD = "comp:ignore"
# Several may share a line: the reason ends where the next one begins.
_COMMENT = re.compile(rf"#\s*{_WORD}(?![\w:-])(?:\[(?P<ids>[^\]]*)\])?(?P<reason>(?:(?!#\s*{_WORD}).)*)")
_NAME = re.compile(r"[^\s,]+")
# More than there are rules.
_MOST_NAMES = 200

reported(
    "C100",
    "ignore-without-reason",
    WARNING,
    RuleCategory.SETTINGS,
    "A comment ignores a finding and does not say why.",
    """
    Those who read the contract later cannot know whether the reason still holds, and so the comment stays for ever.

    Wrong:
        image: registry.example.com/ml/train:1.0  # comp:ignore[C060]

    Right:
        image: registry.example.com/ml/train:1.0  # comp:ignore[C060] the base team moves this tag on purpose
    """,
)

reported(
    "C101",
    "unused-ignore",
    WARNING,
    RuleCategory.SETTINGS,
    "A comment ignores a finding that is not there.",
    """
    The contract was mended, or the comment stands at another line than the finding. It would hide the next finding of
    its rule. Rules that the settings switch off are not counted as unused.

    Wrong:
        # comp:ignore[C061] the tag moves on purpose
        image: registry.example.com/ml/train:1.0
        $ comp lint --select C061,C101 component.yaml

    Right:
        image: registry.example.com/ml/train:1.0
    """,
)

reported(
    "C102",
    "invalid-ignore",
    WARNING,
    RuleCategory.SETTINGS,
    "A comment ignores a rule that does not exist or that a comment cannot ignore, or has another form.",
    """
    The comment has no effect. Findings about what cannot be read, or about a whole file, have no line whose comment
    counts.

    Wrong:
        image: registry.example.com/ml/train:1.0  # comp:ignore[C06O] the tag moves on purpose

    Right:
        image: registry.example.com/ml/train:1.0  # comp:ignore[C060] the tag moves on purpose
    """,
)


class Named(Struct, frozen=True, kw_only=True):
    """A rule as a comment names it, and where."""

    rule: str
    where: Location


class Ignore(Struct, frozen=True, kw_only=True):
    """One comment: the line that it holds for, and what it names. `has_reason` is about the text behind.

    One that is `in_text` stands in a program or behind its `|`: to remove it from there is left to the author.
    """

    line: int
    where: Location
    names: tuple[Named, ...]
    has_reason: bool
    in_text: bool


def without_ignored(findings: Iterable[Finding], text: str, path: Path, *, off: Collection[str] = ()) -> list[Finding]:
    """Return the findings that no comment ignores, and those about the comments. `off` are rules that do not apply."""
    # Nearly every contract has no such comment, and then the text is not parsed again.
    if _WORD not in text:
        return list(findings)
    ignores = read_ignores(text, path)
    used: set[tuple[int, str]] = set()
    kept = []
    ignored = {(each.line, name.rule) for each in ignores for name in each.names}
    for finding in findings:
        key = (finding.where.line or 0, finding.rule)
        if key in ignored:
            used.add(key)
        else:
            kept.append(finding)
    remarks = (remark for each in ignores for remark in _remarks(each, used, off))
    return [*kept, *islice(remarks, MOST_FINDINGS)]


def read_ignores(text: str, path: Path) -> list[Ignore]:
    """Return the comments of a contract that can be read, in its order."""
    lines = lines_of(text)
    after = _next_lines(lines)
    root = compose(text, path)
    # In the order of the text, in which none overlaps another.
    texts = sorted(map(_span, _scalars(root)))
    whole = sorted(map(_whole_span, _scalars(root, programs=True)))
    return [
        _ignore(match, after[number], number, path, in_text=_is_text((number, match.start()), whole))
        for number, line in enumerate(lines)
        if _WORD in line
        for match in _COMMENT.finditer(line)
        if not _is_text((number, match.start()), texts)
    ]


def _ignore(match: re.Match[str], about: int, number: int, path: Path, *, in_text: bool) -> Ignore:
    """Return the comment at a match in the line with this index, which holds for the line `about`."""
    start = match.start("ids")
    return Ignore(
        line=1 + about,
        where=_at(path, number, match.start(), match.start() + len(match[0].rstrip())),
        names=tuple(
            Named(rule=name[0], where=_at(path, number, start + name.start(), start + name.end()))
            for name in islice(_NAME.finditer(match["ids"] or ""), _MOST_NAMES)
        ),
        has_reason=bool(re.search(r"\w", match["reason"])),
        in_text=in_text,
    )


def _next_lines(lines: Sequence[str]) -> list[int]:
    """Return for each line the one that a comment in it holds for.

    Of a line that is nothing but a comment, that is the first one after it that is no comment; an empty one ends the
    search.
    """
    about = list(range(len(lines)))
    for number in range(len(lines) - 2, -1, -1):
        if _is_comment(lines[number]):
            # The last line has none after it: those that lead there hold for themselves.
            ends = _is_comment(lines[about[number + 1]])
            about[number] = number if ends else about[number + 1]
    return about


def _is_comment(line: str) -> bool:
    """Whether a line is nothing but a comment."""
    return line.lstrip().startswith("#")


def _at(path: Path, number: int, start: int, end: int) -> Location:
    """Return the place of some characters of a line."""
    return Location(path=path, line=number + 1, column=start + 1, end_line=number + 1, end_column=end + 1)


def _scalars(root: yaml.Node, *, programs: bool = False) -> Iterator[yaml.ScalarNode]:
    """Yield the texts of a contract; without `programs`, all but those of the implementation."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        # An alias leads to the same node again.
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            yield node
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            inner = programs or node is not root
            parts = (pair for pair in node.value if inner or pair[0].value != "implementation")
            waiting += [part for pair in parts for part in pair]


_Position = tuple[int, int]


def _span(scalar: yaml.ScalarNode) -> tuple[_Position, _Position]:
    """Return where a text begins and ends, counted from 0."""
    begin, end = _whole_span(scalar)
    # A comment may follow the `|` or `>` of a text that begins on the next line.
    return ((begin[0] + 1, 0) if scalar.style in {"|", ">"} else begin), end


def _whole_span(scalar: yaml.ScalarNode) -> tuple[_Position, _Position]:
    """Return where a text begins and ends, with its quotes, `|` or `>`."""
    return (scalar.start_mark.line, scalar.start_mark.column), (scalar.end_mark.line, scalar.end_mark.column)


def _is_text(place: _Position, texts: Sequence[tuple[_Position, _Position]]) -> bool:
    """Whether a place lies in one of the texts, which are in order."""
    index = bisect(texts, place, key=lambda span: span[0])
    return index > 0 and place < texts[index - 1][1]


def _remarks(ignore: Ignore, used: Collection[tuple[int, str]], off: Collection[str]) -> Iterator[Finding]:
    """Yield what is wrong with a comment."""
    if not ignore.names:
        yield _finding("C102", ignore.where, "the comment names no rule", "write # comp:ignore[C060] and the reason")
        return
    if not ignore.has_reason:
        yield _finding("C100", ignore.where, "the comment gives no reason", "write it behind the bracket")
    for name in ignore.names:
        rule = RULES.get(name.rule)
        if rule is None:
            yield _finding("C102", name.where, f"unknown rule: {name.rule!r}", _advice(name.rule))
        elif rule.check is None:
            yield _finding("C102", name.where, f"a comment cannot ignore {rule.id}", rule.acceptance())
        elif rule.id not in off and (ignore.line, rule.id) not in used:
            remove = "remove the comment" if len(ignore.names) == 1 else f"remove {rule.id} from it"
            fix = _without(ignore, name, used)
            yield _finding("C101", name.where, f"the comment ignores {rule.id}, which is not found here", remove, fix)


def _advice(name: str) -> str:
    """Return what to write instead of an unknown rule."""
    if name[0] in "BV":
        return "`comp breaking` obeys no comments: the version says what callers have to expect"
    close = meant(name)
    return f"did you mean {close}?" if close else "`comp rules` lists the rules"


def _without(ignore: Ignore, name: Named, used: Collection[tuple[int, str]]) -> Fix | None:
    """Return the fix that removes a rule from a comment, or all of a comment that nothing uses.

    None if its reason goes on in the next comments, which would stay behind, and in a text.
    """
    if ignore.in_text:
        return None
    if all((ignore.line, each.rule) not in used for each in ignore.names):
        edit = _cut(ignore.where, ignore.where) if ignore.line <= (ignore.where.line or 0) + 1 else None
        return Fix(title="Remove the comment", edits=(edit,)) if edit else None
    at = ignore.names.index(name)
    if at + 1 < len(ignore.names):
        edit = _cut(name.where, ignore.names[at + 1].where, to_begin=True)
    else:
        edit = _cut(ignore.names[at - 1].where, name.where, from_end=True)
    return Fix(title=f"Remove {name.rule} from the comment", edits=(edit,))


def _cut(first: Location, last: Location, *, from_end: bool = False, to_begin: bool = False) -> Cut:
    """Return the edit that removes the characters from one place to another."""
    start = first.end_column if from_end else first.column
    end = last.column if to_begin else last.end_column
    return Cut(Spot(first.line or 1, start or 1), Spot(last.line or 1, end or 1))


def _finding(rule: str, where: Location, message: str, advice: str, fix: Fix | None = None) -> Finding:
    """Return a finding about a comment."""
    return Finding(rule=rule, severity=RULES[rule].severity, message=message, where=where, help=advice, fix=fix)
