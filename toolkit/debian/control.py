"""Control files of Debian: paragraphs of fields, and the relations between packages (deb-control(5), deb822(5))."""

import re
from collections.abc import Iterator

from msgspec import Struct

from toolkit.debian.version import satisfies

_NAME = r"[a-z0-9][a-z0-9+.-]{0,200}"
_RELATION = re.compile(
    rf"({_NAME})(?::([a-z0-9-]+))? ?(?:\( ?(<<|<=|=|>=|>>|<|>) ?([^\s)]+) ?\))? ?(?:\[[^\]]*\])? ?(?:<[^>]*> ?)*"
)
NAME = re.compile(_NAME)


class Relation(Struct, frozen=True, kw_only=True):
    """A package that another one needs, provides or excludes: `libc6 (>= 2.36)`. `qualifier` follows a colon."""

    name: str
    qualifier: str = ""
    operator: str = ""
    version: str = ""

    def holds_for(self, version: str) -> bool:
        """Return whether a version of the package is meant."""
        return satisfies(version, self.operator, self.version)

    def __str__(self) -> str:
        name = f"{self.name}:{self.qualifier}" if self.qualifier else self.name
        return f"{name} ({self.operator} {self.version})" if self.operator else name


# Relations: one of them is enough.
Alternatives = tuple[Relation, ...]


def stanzas(text: str) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a control file; a field of several lines keeps its line ends."""
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")):
        fields: dict[str, list[str]] = {}
        last = ""
        for line in block.split("\n"):
            if line[:1] in {" ", "\t"}:
                if last:
                    fields[last].append(line[1:])
                continue
            name, colon, value = line.partition(":")
            if colon and not line.startswith("#"):
                last = name
                fields[last] = [value.strip()]
        if fields:
            yield {name: "\n".join(lines) for name, lines in fields.items()}


def relations(text: str) -> tuple[Alternatives, ...]:
    """Read a field such as `Depends`: all of them have to hold, of each one alternative. Raises ValueError."""
    groups = (group.strip() for group in text.split(","))
    return tuple(tuple(_relation(part) for part in group.split("|")) for group in groups if group)


def _relation(text: str) -> Relation:
    """Read one relation. Raises ValueError."""
    # In one form, since a search through long gaps takes the cube of their length.
    text = " ".join(text.split())
    match = _RELATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:80]!r} names no Debian package")
    name, qualifier, operator, version = match.groups(default="")
    return Relation(name=name, qualifier=qualifier, operator=operator, version=version)
