"""What a package's maintainer scripts would do, read from them: they never run (deb-postinst(5)).

Links of alternatives are made, since they follow from the text alone. Of the rest, what may be missed is named.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from msgspec import Struct

# Of a text without anything that a shell would replace; in single quotes it may have spaces.
# Searches are for pieces of lines: what is hostile shall not take the square of its length, in time or in memory.
_ASSIGNMENT = re.compile(
    r"(?m)^[ \t]*([A-Za-z_]\w*)=(?:'([^'$`\n]{0,300})'|[\"']?([^\s\"'$`\\;&|]{0,300})[\"']?)[ \t]*(?:;[ \t]*)?$"
)
_LOOP = re.compile(r"for\s+([A-Za-z_]\w*)\s+in\s+([^$`]*)")
_OTHER_LOOP = re.compile(r"(?:for|while|until)\s")
# Calls, also those in loops; more than any package has.
_MOST_CALLS = 500
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
# An absolute path without `..` and without anything that a shell would replace.
_PATH = re.compile(r"(?:/(?!\.\.?(?:/|$))[\w.+:~-]+)+")
# Words after `--slave`.
_SLAVE = 3
_SCRIPTS = ("postinst", "preinst")
_LARGEST, _LONGEST_LINE = 200_000, 4000
# What a program does that a component may miss. Services, documents and menus are of no use in a container.
_MISSED = {
    "its users or groups are not added": r"\b(?:adduser|addgroup|useradd|groupadd|systemd-sysusers)\b",
    "file capabilities are not set": r"\bsetcap\b",
    "diversions are not made": r"\bdpkg-divert\b[^\n]{0,300}--add",
    "no locale is generated": r"\b(?:locale-gen|localedef)\b",
    "Java's certificates are not made": r"\bcacerts\b|jks-keystore",
    "its index of fonts, icons or modules is not made": (
        r"\b(?:gdk-pixbuf-query-loaders|glib-compile-schemas|gio-querymodules|update-mime-database)\b"
    ),
}


class Alternative(Struct, frozen=True, kw_only=True):
    """One link of update-alternatives(1): /`link` leads by the `name` in /etc/alternatives to `path`."""

    link: str
    name: str
    path: str
    priority: int


class Effects(Struct, frozen=True, kw_only=True):
    """The alternatives that the scripts of a package install, and what else they would do, in words."""

    alternatives: tuple[Alternative, ...] = ()
    missed: tuple[str, ...] = ()


def effects_of(control: Mapping[str, bytes]) -> Effects:
    """Read the scripts among the control files of a package."""
    text = "\n".join(_plain(control[name]) for name in _SCRIPTS if name in control)
    found, unread = [], False
    for words in islice(_installs(text), _MOST_CALLS):
        alternatives = [*_alternatives(words)]
        unread = unread or not alternatives
        found += alternatives
    missed = [words for words, pattern in _MISSED.items() if re.search(pattern, text)]
    if unread:
        missed.append("an alternative is not installed")
    return Effects(alternatives=tuple(found), missed=tuple(missed))


def _plain(script: bytes) -> str:
    """Return a script's lines without comments, with continued lines as one and simple variables in place."""
    text = script[:_LARGEST].decode("utf-8", "replace").replace("\\\n", " ")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    text = "\n".join(line for line in lines if len(line) <= _LONGEST_LINE)
    values = {name: quoted or plain for name, quoted, plain in _ASSIGNMENT.findall(text)}
    return _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[0]), text)


def _installs(text: str) -> Iterator[list[str]]:
    """Yield the words that follow `update-alternatives … --install`, for each time that it is called."""
    # The loops around a line, each with its variable and the values of that, if they are known.
    loops: list[tuple[str, list[str]]] = []
    for part in re.split(r"[\n;]", text):
        line = re.sub(r"^(?:do|then|else)\s+", "", part.strip())
        if match := _LOOP.fullmatch(line):
            loops.append((match[1], match[2].split()))
        elif _OTHER_LOOP.match(line):
            loops.append(("", [""]))
        elif line == "done" and loops:
            loops.pop()
        elif "update-alternatives" in line and "--install" in line:
            yield from map(_words, _repeated(line, loops))


def _repeated(line: str, loops: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    """Yield a line with each combination of the values that the variables of loops have."""
    for values in product(*(values for _, values in loops)):
        known = {name: value for (name, _), value in zip(loops, values, strict=True) if name}
        yield _VARIABLE.sub(lambda match, known=known: known.get(match[1] or match[2], match[0]), line)  # type: ignore[misc]


def _words(line: str) -> list[str]:
    """Return the words that follow `--install`; none if a shell would read them in another way."""
    try:
        words = shlex.split(line.partition("update-alternatives")[2])
    except ValueError:
        return []
    return words[words.index("--install") + 1 :] if "--install" in words else []


def _alternatives(words: list[str]) -> Iterator[Alternative]:
    """Yield the link and the further ones (`--slave`) of a call; nothing if its words are not all known."""
    try:
        link, name, path, priority = words[:4]
        number = int(priority)
    except ValueError:
        return
    links = [(link, name, path)]
    rest = words[4:]
    while rest[:1] == ["--slave"]:
        links += [(rest[1], rest[2], rest[3])] if len(rest) > _SLAVE else []
        rest = rest[_SLAVE + 1 :]
    for link, name, path in links:
        if _PATH.fullmatch(link) and _PATH.fullmatch(path) and re.fullmatch(r"[\w.+-]+", name):
            yield Alternative(link=link.lstrip("/"), name=name, path=path, priority=number)
