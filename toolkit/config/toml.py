"""A TOML document with positions: tomllib gives none, and an error about a setting needs its place."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import InputError, Location
from toolkit.limits import SETTINGS_SIZE
from toolkit.system.moment import once
from toolkit.system.os_errors import cannot
from toolkit.system.reading import read_foreign
from toolkit.words import did_you_mean

Keys = tuple[str, ...]

_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_PATH = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]")
_KEY = re.compile(rf"\s*({_PATH})\s*=(.*)")
# tomllib writes the place into its message; fields for it exist only since Python 3.14.
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class TomlDocument(Struct, frozen=True, kw_only=True):
    """A TOML file: its path, its text for finding lines, and its data."""

    path: Path
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "TomlDocument | None":
        """Read a file; None if it is missing. Raises InputError with the place if it is not TOML."""
        return once(("toml", path), lambda: cls._read(path))

    @classmethod
    def _read(cls, path: Path) -> "TomlDocument | None":
        try:
            data = read_foreign(path, SETTINGS_SIZE)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot(f"cannot read {path}", error) from error
        return cls.parse(path, data)

    @classmethod
    def parse(cls, path: Path, data: bytes) -> "TomlDocument":
        """Parse the content of a file. Raises InputError with the place if it is not TOML."""
        # A contract alone has no settings, and needs no parser of them.
        import tomllib

        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}",
                where=Location(path=path, line=error.object.count(b"\n", 0, error.start) + 1),
                hint="TOML is always UTF-8: save the file so",
            ) from None
        try:
            # TOML wants LF or CRLF; universal newlines are what editors and tomllib.load agree on.
            return cls(path=path, text=text, data=tomllib.loads(text.replace("\r\n", "\n")))
        except tomllib.TOMLDecodeError as error:
            message = str(error)
            place = _PLACE.search(message)
            line, column = (int(place[1]), int(place[2])) if place and place[1] else (text.count("\n") + 1, None)
            where = Location(path=path, line=line, column=column)
            raise InputError(f"not valid TOML: {_PLACE.sub('', message)}", where=where) from None
        except RecursionError:
            raise InputError("not readable: nested too deeply", where=Location(path=path)) from None
        except ValueError as error:  # A number with more digits than Python reads.
            raise InputError(f"not readable: {error}", where=Location(path=path)) from None

    def table(self, *keys: str) -> dict[str, Any]:
        """Return a nested table, empty if it is missing. Raises InputError for another value."""
        value: Any = self.data
        for depth, key in enumerate(keys, 1):
            value = value.get(key, {})
            if not isinstance(value, dict):
                raise InputError(f"{'.'.join(keys[:depth])} is not a table", where=self.where(*keys[:depth]))
        return cast("dict[str, Any]", value)

    def string(self, *keys: str) -> str:
        """Return a string, empty if the key is missing. Raises InputError for another value."""
        value = self.table(*keys[:-1]).get(keys[-1], "")
        if not isinstance(value, str):
            raise InputError(f"{keys[-1]} is not a string: {value!r}", where=self.where(*keys), hint="put it in quotes")
        return value

    def strings(self, *keys: str) -> tuple[str, ...]:
        """Return a list of strings, empty if the key is missing. Raises InputError for another value."""
        value = self.table(*keys[:-1]).get(keys[-1], [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            hint = f'write {keys[-1]} = ["…"]'
            raise InputError(f"{keys[-1]} is not a list of strings", where=self.where(*keys), hint=hint)
        return tuple(value)

    def where(self, *keys: str) -> Location:
        """Return the place of a key, or else of the innermost table around it that has one, or else the file."""
        places = _places(self.text)
        for depth in range(len(keys), 0, -1):
            if place := places.get(keys[:depth]):
                return Location(path=self.path, line=place[0], column=place[1])
        return Location(path=self.path)

    def where_item(self, item: str, *keys: str) -> Location:
        """Return the place of a text in the list at `keys`, or of the key if it is not written as it is."""
        key = self.where(*keys)
        for number, line in enumerate(self.text.split("\n")[(key.line or 1) - 1 :], key.line or 1):
            for quoted in (json.dumps(item, ensure_ascii=False), f"'{item}'"):
                if quoted in line:
                    return Location(path=self.path, line=number, column=line.index(quoted) + 1)
        return key

    def where_key(self, key: str, *keys: str) -> Location:
        """Return the place of a key in the table at `keys`, which may be an inline one on a single line."""
        place = self.where(*keys, key)
        outer = self.where(*keys)
        if place != outer or outer.line is None:
            return place
        line = self.text.split("\n")[outer.line - 1]
        found = re.search(rf"""(?<![\w.-])["']?{re.escape(key)}["']?\s*=""", line)
        return replace(outer, column=found.start() + 1) if found else outer

    def check(self, table: Mapping[str, Any], known: Iterable[str], *keys: str) -> None:
        """Raise InputError for a key of the table at `keys` that is not `known`."""
        for key in table:
            if key not in known:
                hint = did_you_mean(key, known, otherwise=f"known: {', '.join(sorted(known))}")
                table_name = f" in [{'.'.join(keys)}]" if keys else ""
                raise InputError(f"unknown key {key!r}{table_name}", where=self.where(*keys, key), hint=hint)


# One document is asked for many places.
@lru_cache(maxsize=16)
def _places(text: str) -> Mapping[Keys, tuple[int, int]]:
    """Return the line and column of every key and table."""
    places: dict[Keys, tuple[int, int]] = {}
    for path, line, column in _keys(text):
        for depth in range(1, len(path) + 1):
            # `[a.b]` is also the place of `a` unless that has one before.
            places.setdefault(path[:depth], (line, column))
    return places


def _keys(text: str) -> Iterator[tuple[Keys, int, int]]:
    """Yield every key that begins a line, in full, with its line and column; not those in inline tables."""
    table: Keys = ()
    # The quotes that end a text of several lines, in which a line may look like a key.
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            closing = "" if closing in line else closing
        elif header := _HEADER.match(line):
            table = _split(header[1])
            yield table, number, header.start(1) + 1
        elif key := _KEY.match(line):
            yield (*table, *_split(key[1])), number, key.start(1) + 1
            opened = next((quote for quote in ('"""', "'''") if key[2].count(quote) % 2), "")
            closing = opened


def _split(path: str) -> Keys:
    """Return the parts of a dotted key without their quotes."""
    return tuple(part.strip("\"'") for part in re.findall(_PART, path))


def toml_value(value: object) -> str:
    """Return a value as one line of TOML. JSON's texts, numbers, booleans and lists are TOML, too."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_value(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)


def bare_table(table: Mapping[str, object]) -> str:
    """Return a table as one line of TOML, whose keys need no quotes."""
    return f"{{ {', '.join(f'{key} = {toml_value(value)}' for key, value in table.items())} }}"
