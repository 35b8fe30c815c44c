"""A TOML document with positions: tomllib gives none, and an error about a setting has to say where it stands."""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from toolkit.errors import InputError, Location
from toolkit.limits import SETTINGS_SIZE
from toolkit.machine import cannot
from toolkit.reading import read_foreign

Keys = tuple[str, ...]

_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_PATH = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_PATH})\s*\]")
_KEY = re.compile(rf"\s*({_PATH})\s*=(.*)")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A TOML file: its path, its text for finding lines, and its data."""

    path: Path
    text: str
    data: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Document | None":
        """Read a file, None when there is none. Raises InputError for what is not TOML, with line and column."""
        try:
            text = read_foreign(path, SETTINGS_SIZE).decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise InputError(
                f"not UTF-8 text: byte {error.start} is {error.object[error.start]:#x}",
                where=Location(path=path, line=error.object.count(b"\n", 0, error.start) + 1),
                hint="TOML is always UTF-8: save the file so",
            ) from None
        except OSError as error:
            raise cannot(f"cannot read {path}", error) from error
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
        except ValueError as error:  # a number of more digits than Python takes
            raise InputError(f"not readable: {error}", where=Location(path=path)) from None

    def table(self, *keys: str) -> dict[str, Any]:
        """Return a nested table, empty when it is missing; anything but a table is an error."""
        value: Any = self.data
        for depth, key in enumerate(keys, 1):
            value = value.get(key, {})
            if not isinstance(value, dict):
                raise InputError(f"{'.'.join(keys[:depth])} is not a table", where=self.where(*keys[:depth]))
        return cast("dict[str, Any]", value)

    def string(self, *keys: str) -> str:
        """Return a string, empty when the key is missing; anything else is an error."""
        value = self.table(*keys[:-1]).get(keys[-1], "")
        if not isinstance(value, str):
            raise InputError(f"{keys[-1]} is not a string: {value!r}", where=self.where(*keys), hint="put it in quotes")
        return value

    def strings(self, *keys: str) -> tuple[str, ...]:
        """Return a list of strings, empty when the key is missing; anything else is an error."""
        value = self.table(*keys[:-1]).get(keys[-1], [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            hint = f'write {keys[-1]} = ["…"]'
            raise InputError(f"{keys[-1]} is not a list of strings", where=self.where(*keys), hint=hint)
        return tuple(value)

    def where(self, *keys: str) -> Location:
        """Say where a key is set or its table opened; of a key that is missing, where its table is."""
        places: dict[Keys, tuple[int, int]] = {}
        for path, line, column in _places(self.text):
            for depth in range(1, len(path) + 1):
                places.setdefault(path[:depth], (line, column))
        for depth in range(len(keys), 0, -1):
            if found := places.get(keys[:depth]):
                return Location(path=self.path, line=found[0], column=found[1])
        return Location(path=self.path)

    def check(self, table: Mapping[str, Any], known: Iterable[str], *keys: str) -> None:
        """Refuse a key of the table at `keys` that is not `known`."""
        for key in table:
            if key not in known:
                close = get_close_matches(key, list(known), n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"
                raise InputError(f"unknown key {key!r} in [{'.'.join(keys)}]", where=self.where(*keys, key), hint=hint)


def _places(text: str) -> Iterator[tuple[Keys, int, int]]:
    """Give every key that begins a line, whole, with its line and column; those in inline tables are left out."""
    table: Keys = ()
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
    return tuple(part.strip("\"'") for part in re.findall(_PART, path))


def toml_value(value: object) -> str:
    """Write a value in one line. What JSON writes of texts, numbers, truth values and lists is TOML, too."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{toml_value(str(key))} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {inner} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False)
