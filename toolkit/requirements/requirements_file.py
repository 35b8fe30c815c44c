"""The text of a requirements file: its encoding, its lines and its options, as pip reads them.

pip's documentation, "Requirements File Format". Each option has its effect, or is refused with a hint.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct
from packaging.utils import canonicalize_name, parse_wheel_filename

from toolkit.errors import InputError, Location, OutsideError
from toolkit.limits import SETTINGS_SIZE
from toolkit.system.reading import read_foreign

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # Before UTF-16, whose mark it begins with.
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# PEP 263, as pip applies it to these files.
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_INDEX_OPTIONS = {"--index-url", "--extra-index-url", "--find-links", "--no-index"}
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-r": "--requirement", "-c": "--constraint", "-e": "--editable"}
# These change nothing here: comp prefers wheels anyway, and features are pip's own.
WITHOUT_EFFECT = {"--prefer-binary", "--use-feature"}
_INSTEAD = {
    "--trusted-host": "certificates are always verified: SSL_CERT_FILE names those of your servers",
    "--uploaded-prior-to": "write `exclude-newer` in [tool.uv] of pyproject.toml",
    "--process-dependency-links": "require it by address: name @ https://…",
}
_FURTHER = re.compile(r"\s--(?!hash\b)([a-z][a-z-]*)(?:[= ]|$)")


class Line(Struct, frozen=True, kw_only=True):
    """A logical line: its text, where it begins, and the option and value if it is one."""

    text: str
    where: Location
    option: str | None = None
    value: str = ""


def read_lines(path: Path, environ: Mapping[str, str]) -> Iterator[Line]:
    """Return the logical lines of a file: lines joined, comments and empty lines left out, variables replaced."""
    try:
        data = read_foreign(path, SETTINGS_SIZE)
    except OSError as error:
        raise OutsideError(f"cannot read {path}: {error.strerror or error}") from error
    yield from lines_of(decoded(data, path), path, environ)


def lines_of(text: str, path: Path, environ: Mapping[str, str]) -> Iterator[Line]:
    """Return the logical lines of a text, as `read_lines` does for a file."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        first = first or number
        # pip joins lines before it looks for options.
        if line.endswith("\\"):
            whole += _COMMENT.sub("", line[:-1]) + " "
            continue
        whole = _COMMENT.sub("", whole + line).strip()
        if whole:
            # pip replaces ${NAME} in capitals only, and leaves what is not set as it is.
            whole = _VARIABLE.sub(lambda variable: environ.get(variable[1], variable[0]), whole)
            yield _line(whole, Location(path=path, line=first))
        whole, first = "", 0


def decoded(data: bytes, path: Path) -> str:
    """Return the text of a file: by its byte order mark, its coding comment, or else in UTF-8."""
    bom, encoding = next(((bom, name) for bom, name in _BOMS if data.startswith(bom)), (b"", ""))
    if not encoding:
        # In the first two lines only (PEP 263).
        comments = (_CODING.match(line) for line in data.split(b"\n")[:2])
        encoding = next((comment[1].decode() for comment in comments if comment), "utf-8")
    try:
        # The name of an encoding comes from the file, so it may be one that Python does not know.
        return data[len(bom) :].decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(f"not {encoding} text: {error}", where=Location(path=path), hint="save it as UTF-8") from None


def _line(text: str, where: Location) -> Line:
    """Return a logical line, with its option if it begins with a dash; `--name=value` and `--name value` are equal."""
    if not text.startswith("-"):
        return Line(text=text, where=where)
    name, _, value = re.sub(r"[=\s]+", " ", text, count=1).partition(" ")
    if short := re.fullmatch(r"(-[a-z])(.+)", name):
        name, value = short[1], short[2] + value  # -rother.txt
    return Line(text=text, where=where, option=_SHORT.get(name, name), value=value.strip().strip("\"'"))


# Options of the whole resolution, which `options_of` collects.
GENERAL = {*_INDEX_OPTIONS, *WITHOUT_EFFECT, "--no-binary", "--only-binary", "--pre", "--trusted-host"}


class FileOptions(Struct, frozen=True, kw_only=True):
    """The options of files for a resolution: lines about indexes, and the rest as in `Indexes`."""

    indexes: tuple[str, ...] = ()
    from_source: frozenset[str] = frozenset()
    only_wheels: frozenset[str] = frozenset()
    early: bool = False


def options_of(lines: Iterable[Line]) -> FileOptions:
    """Return the options in lines, in order. Raises InputError for an option that cannot have its effect."""
    listed = list(lines)
    indexes = [_absolute(line) for line in listed if line.option in _INDEX_OPTIONS]
    chosen: dict[str, set[str]] = {"--no-binary": set(), "--only-binary": set()}
    for line in listed:
        if line.option in chosen:
            _choose(chosen, line)
        elif line.option == "--trusted-host" and not _is_plain_http(line.value, indexes):
            raise InputError(
                f"not used here: --trusted-host {line.value}", where=line.where, hint=_INSTEAD[line.option]
            )
    return FileOptions(
        indexes=tuple(indexes),
        from_source=frozenset(chosen["--no-binary"]),
        only_wheels=frozenset(chosen["--only-binary"]),
        early=any(line.option == "--pre" for line in listed),
    )


def _choose(options: dict[str, set[str]], line: Line) -> None:
    """Add one option about wheels; the last one that names a package counts, as in pip."""
    # Both sets are changed: the option takes a name out of the other one.
    chosen = options[line.option or ""]
    other = options["--only-binary" if line.option == "--no-binary" else "--no-binary"]
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
    """Return the requirement in a line. An address alone gets the name that it contains.

    Raises InputError for an option or a folder.
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
        # pip's old form for the name of what an address holds.
        egg = re.search(r"egg=([A-Za-z0-9._-]+)", parts.fragment)
        name = egg[1] if egg else _name_in(parts.path)
        if name is None:
            raise InputError(
                f"there is no name in the address {address.partition('@')[0] if '@' in parts.netloc else address}",
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
    """Raise InputError for an option behind a requirement that is not a hash: it would have no effect."""
    for option in _FURTHER.finditer(line.text):
        raise InputError(
            f"not an option that can be used here: --{option[1]}",
            where=line.where,
            hint="settings of builds go into `config-settings` of [tool.uv], or into the project that is built",
        )
    if "--hash" in line.text and "sha256:" not in line.text:
        raise InputError("its hashes are not sha256", where=line.where, hint="`pip hash` and `uv export` write sha256")


def _absolute(line: Line) -> str:
    """Return a line about an index; pip takes a folder in it as relative to the file."""
    folder = line.where.path.parent / line.value
    if line.option == "--find-links" and folder.exists():
        return f"--find-links {folder.absolute()}"
    return f"{line.option} {line.value}".strip()


def _is_plain_http(host: str, indexes: Iterable[str]) -> bool:
    """Whether a host is only reached by plain HTTP, where there is no certificate to verify."""
    addresses = [urlsplit(line.partition(" ")[2]) for line in indexes]
    there = [address for address in addresses if host in {address.hostname, address.netloc.rpartition("@")[2]}]
    return bool(there) and all(address.scheme == "http" for address in there)


def _name_in(path: str) -> str | None:
    """Return the distribution that a wheel or source distribution is of, by its file name."""
    filename = unquote(path).rpartition("/")[2]
    try:
        return parse_wheel_filename(filename)[0]
    except ValueError:
        # Names may have dashes, and versions have none (PyPA, "Source distribution file name").
        sdist = re.fullmatch(r"(.+)-[^-]+\.(?:tar\.gz|zip)", filename)
        return canonicalize_name(sdist[1]) if sdist else None
