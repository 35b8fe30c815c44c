"""The text of a requirements file: its encoding, its lines, and its options, as pip reads them.

pip's documentation, "Requirements File Format". Each option is honoured, or refused with what to write instead.
"""

import codecs
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.reading import read_foreign

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# PEP 263, which pip follows for these files.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_INDEX_OPTIONS = {"--index-url", "--extra-index-url", "--find-links", "--no-index"}
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable"}
# What changes nothing here: wheels are preferred anyway, and features are pip's own.
WITHOUT_EFFECT = {"--prefer-binary", "--use-feature"}
_INSTEAD = {
    "--trusted-host": "certificates are always verified: SSL_CERT_FILE names those of your servers",
    "--uploaded-prior-to": "write `exclude-newer` in [tool.uv] of pyproject.toml",
    "--process-dependency-links": "require it by address: name @ https://…",
}
_FURTHER = re.compile(r"\s--(?!hash\b)([a-z][a-z-]*)(?:[= ]|$)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A logical line: its text, where it begins, and its option with its value where it is one."""

    text: str
    where: Location
    option: str | None = None
    value: str = ""


def read_lines(path: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Line]:
    """Give the logical lines of a file: continued ones joined, comments and empty ones left out, variables put in."""
    try:
        data = read_foreign(path, SETTINGS_SIZE)
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    yield from lines_of(decoded(data, path), path, environ)


def lines_of(text: str, path: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Line]:
    """Give the logical lines of a text, as `read_lines` those of a file."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        if line.endswith("\\"):
            whole += _COMMENT.sub("", line[:-1]) + " "
            continue
        whole = _COMMENT.sub("", whole + line).strip()
        if whole:
            whole = _VARIABLE.sub(lambda found: environ.get(found[1], found[0]), whole)
            yield _line(whole, Location(path=path, line=first))
        whole, first = "", 0


def decoded(data: bytes, path: Path) -> str:
    """Decode a file by its byte order mark, by its coding comment, or as UTF-8."""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", ""))
    if not encoding:
        comments = (_CODING.match(line) for line in data.split(b"\n")[:2])
        encoding = next((found[1].decode() for found in comments if found), "utf-8")
    try:
        return data[len(bom) :].decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(f"not {encoding} text: {error}", where=Location(path=path), hint="save it as UTF-8") from None


def _line(text: str, where: Location) -> Line:
    if not text.startswith("-"):
        return Line(text=text, where=where)
    name, _, value = re.sub(r"[=\s]+", " ", text, count=1).partition(" ")
    if short := re.fullmatch(r"(-[a-z])(.+)", name):
        name, value = short[1], short[2] + value  # -rother.txt
    return Line(text=text, where=where, option=_SHORT.get(name, name), value=value.strip().strip("\"'"))


# Options for the whole resolution, which `options_of` reads.
GENERAL = {*_INDEX_OPTIONS, *WITHOUT_EFFECT, "--no-binary", "--only-binary", "--pre", "--trusted-host"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOptions:
    """What the options of files ask of a resolution: lines about indexes, and about wheels or sources.

    `from_source` are names to be built, `only_wheels` names never to be built (`:all:` for all), `early` says that
    pre-releases count.
    """

    indexes: tuple[str, ...] = ()
    from_source: frozenset[str] = frozenset()
    only_wheels: frozenset[str] = frozenset()
    early: bool = False


def options_of(lines: Iterable[Line]) -> FileOptions:
    """Collect the options of files, in order. Raises InputError for what cannot be honoured."""
    listed = list(lines)
    indexes = [_absolute(line) for line in listed if line.option in _INDEX_OPTIONS]
    wanted: dict[str, set[str]] = {"--no-binary": set(), "--only-binary": set()}
    for line in listed:
        if line.option in wanted:
            _choose(wanted, line)
        elif line.option == "--trusted-host" and not _is_plain(line.value, indexes):
            raise InputError(
                f"not used here: --trusted-host {line.value}", where=line.where, hint=_INSTEAD[line.option]
            )
    return FileOptions(
        indexes=tuple(indexes),
        from_source=frozenset(wanted["--no-binary"]),
        only_wheels=frozenset(wanted["--only-binary"]),
        early=any(line.option == "--pre" for line in listed),
    )


def _choose(wanted: dict[str, set[str]], line: Line) -> None:
    """Take in one option about wheels; the last one that names a package holds, as for pip."""
    chosen = wanted[line.option or ""]
    other = wanted["--only-binary" if line.option == "--no-binary" else "--no-binary"]
    for part in filter(None, line.value.split(",")):
        name = part if part.startswith(":") else canonicalize_name(part)
        if name == ":none:":
            chosen.clear()
        elif name == ":all:" and line.option == "--no-binary":
            raise InputError(
                "not used here: --no-binary :all:", where=line.where, hint="name the packages to be built from source"
            )
        else:
            chosen.add(name)
            other.discard(name)


def requirement_of(line: Line) -> str:
    """Give what a line requires as pip's own words for it: an address gets the name that it holds.

    Raises InputError for an option, or a folder.
    """
    text = line.text
    if line.option is None:
        _refuse_further(line)
    if line.option is not None and line.option != "--editable":
        raise InputError(
            f"not an option that can be used here: {line.option}",
            where=line.where,
            hint=_INSTEAD.get(line.option, "see pip's documentation, Requirements File Format, and uv's settings"),
        )
    if line.option == "--editable":
        text = line.value
    address = text.partition(" ")[0]
    parts = urlsplit(address)
    if parts.scheme in {"http", "https", "file"} or parts.scheme.startswith("git+"):
        egg = re.search(r"egg=([A-Za-z0-9._-]+)", parts.fragment)
        name = egg[1] if egg else _name_in(parts.path)
        if name is None:
            raise InputError(
                f"no name stands in the address {address.partition('@')[0] if '@' in parts.netloc else address}",
                where=line.where,
                hint="write it as name @ address",
            )
        rest = re.sub(r"egg=[^&]*&?", "", parts.fragment)
        bare = parts._replace(fragment=rest).geturl()
        return f"{name} @ {bare}{text[len(address) :]}"
    if line.option == "--editable" or re.match(r"\.{0,2}/|~/|\.$|\.\.$", address):
        file = (line.where.path.parent / Path(address).expanduser()).resolve()
        name = _name_in(file.as_posix()) if file.is_file() else None
        if name is None:
            raise InputError(
                f"a folder is required: {line.text}",
                where=line.where,
                hint="require the project by name, and name its folder in [tool.uv.sources]",
            )
        return f"{name} @ {file.as_uri()}{text[len(address) :]}"
    return text


def _refuse_further(line: Line) -> None:
    """Refuse what stands behind a requirement and is not a hash: it would have no effect."""
    for found in _FURTHER.finditer(line.text):
        raise InputError(
            f"not an option that can be used here: --{found[1]}",
            where=line.where,
            hint="settings of builds belong into `config-settings` of [tool.uv], or into the project that is built",
        )
    if "--hash" in line.text and "sha256:" not in line.text:
        raise InputError("its hashes are not sha256", where=line.where, hint="`pip hash` and `uv export` write sha256")


def _absolute(line: Line) -> str:
    """Give a line about an index with a folder named relative to its file, as pip takes it."""
    folder = line.where.path.parent / line.value
    if line.option == "--find-links" and folder.exists():
        return f"--find-links {folder.absolute()}"
    return f"{line.option} {line.value}".strip()


def _is_plain(host: str, indexes: Iterable[str]) -> bool:
    """Tell whether a host is only asked by plain http, where there is no certificate to distrust."""
    addresses = [urlsplit(line.partition(" ")[2]) for line in indexes]
    there = [one for one in addresses if host in {one.hostname, one.netloc.rpartition("@")[2]}]
    return bool(there) and all(one.scheme == "http" for one in there)


def _name_in(path: str) -> str | None:
    filename = unquote(path).rpartition("/")[2]
    try:
        return parse_wheel_filename(filename)[0]
    except ValueError:
        found = re.fullmatch(r"(.+)-[^-]+\.(?:tar\.gz|zip)", filename)
        return canonicalize_name(found[1]) if found else None
