"""Facts about a base image: its Python, C library, user and packages, read from its layers without unpacking."""

import logging
import posixpath
import re
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import IO, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from toolkit.cache import Cache
from toolkit.errors import InputError
from toolkit.oci.image import Image, Layer
from toolkit.oci.tree import Tree
from toolkit.python.shared_libraries import is_library

log = logging.getLogger(__name__)

_READER_VERSION = 3
_CHUNK = 1 << 20
# No interpreter and no library is larger.
_MOST_CHUNKS = 512
_OVERLAP = 256

_INTERPRETER = re.compile(r"(?:.*/)?(?:bin/python3(?:\.\d+)?|lib(?:64)?/(?:[^/]+/)?libpython3\.\d+\w*\.so[.\d]*)")
_C_LIBRARY = re.compile(r"(?:usr/)?lib(?:64)?/(?:[^/]+/)?(?:libc\.so\.6|libc-2\.\d+\.so|ld-musl-[^/]+\.so\.1)")
_VERSION_IN_PYTHON = re.compile(rb"\0(3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,3})?\+?)\0")
_VERSION_IN_GLIBC = re.compile(rb"GNU C Library [^\n]{0,80}? release version (2\.\d{1,3})(?!\d)")
_VERSION_IN_MUSL = re.compile(rb"\0(1\.\d{1,3}\.\d{1,3})\0")
_DIST_INFO = re.compile(
    r"((?:.*/)?python3(?:\.\d+)?)/(?:site|dist)-packages/([^/-]+)-([^/-]+)(?:-py3\.\d+)?\.(?:dist|egg)-info"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseFacts:
    """What we need to know of a base to put Python code on top of it.

    `python` is the absolute path of the interpreter with links resolved, `version` its full version
    (`3.11.2`). `libc` is `glibc` or `musl`, `libc_version` like `2.36`. `packages` are the Python
    distributions that the base's interpreter already has, by normalised name, `libraries` the names of all shared
    libraries wherever they lie, links included.
    """

    python: str
    version: str
    libc: str
    libc_version: str
    os_id: str
    os_version: str
    user: str
    packages: Mapping[str, str]
    libraries: frozenset[str] = frozenset()

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.2`."""
        return ".".join(self.version.split(".")[:2])


def read_facts(image: Image, cache: Cache, *, python: str | None = None) -> BaseFacts:
    """Read the facts of a base, from the cache or by streaming its layers once.

    `python` names the interpreter when it is not the first `python3` or `python` on the image's PATH. Raises
    InputError when the base has no usable Python.
    """
    key = {"image": str(image.digest), "python": python, "reader": _READER_VERSION}
    known = _recalled(cache.record("base-facts", key))
    if known is not None:
        return known
    log.debug("reading the base %s", image.digest)
    tree = _Base()
    for layer in image.layers:
        tree.apply(layer)
    facts = _facts(tree, image.parsed_config().get("config") or {}, python)
    cache.write_record("base-facts", key, _as_record(facts))
    return facts


@dataclass(frozen=True, kw_only=True, slots=True)
class SystemFacts:
    """The C library of layers, `glibc` or `musl` with its version like `2.36`, and the names of shared libraries."""

    c_library: tuple[str, str] | None
    libraries: frozenset[str]


def read_system(layers: Iterable[Layer]) -> SystemFacts:
    """Read what the machine code in layers, from bottom to top, stands on."""
    tree = _Base()
    for layer in layers:
        tree.apply(layer)
    return SystemFacts(c_library=_c_library(tree), libraries=_libraries(tree))


def _as_record(facts: BaseFacts) -> dict[str, Any]:
    return asdict(facts) | {"packages": dict(facts.packages), "libraries": sorted(facts.libraries)}


def _recalled(record: Mapping[str, Any] | None) -> BaseFacts | None:
    """Read facts back; None when there are none, or another version of this program wrote them."""
    texts = {one.name for one in fields(BaseFacts)} - {"packages", "libraries"}
    if record is None or set(record) != texts | {"packages", "libraries"}:
        return None
    packages, libraries = record["packages"], record["libraries"]
    if not isinstance(packages, dict) or not isinstance(libraries, list):
        return None
    if not all(isinstance(text, str) for text in (*libraries, *(record[name] for name in texts))):
        return None
    return BaseFacts(**{**record, "libraries": frozenset(libraries)})


class _Base(Tree):
    """The base's file system as far as it matters: what was found in some files, by their paths."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Search interpreters, C libraries and the description of the release."""
        if member.islnk():
            if found := self.found.get(posixpath.normpath(member.linkname).lstrip("/")):
                self.found[path] = found
            return
        stream = archive.extractfile(member)
        if stream is None:
            return
        if path in {"etc/os-release", "usr/lib/os-release"}:
            self.found[path] = stream.read(_CHUNK).decode(errors="replace")
        elif _INTERPRETER.fullmatch(path):
            self.found[path] = _search(stream, _VERSION_IN_PYTHON) or ""
        elif _C_LIBRARY.fullmatch(path):
            self.found[path] = _search(stream, _VERSION_IN_MUSL if "musl" in path else _VERSION_IN_GLIBC) or ""

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self.found.pop(path, None)


def _search(stream: IO[bytes], pattern: re.Pattern[bytes]) -> str | None:
    tail = b""
    for _ in range(_MOST_CHUNKS):
        chunk = stream.read(_CHUNK)
        if not chunk:
            break
        if match := pattern.search(tail + chunk):
            return match[1].decode()
        tail = (tail + chunk)[-_OVERLAP:]
    return None


def _facts(tree: _Base, config: Mapping[str, Any], python: str | None) -> BaseFacts:
    for path in ("opt", "opt/comp"):
        if path in tree.links:
            raise InputError(
                f"in the base, /{path} is a link to {tree.links[path]}, and a layer would replace it",
                hint="use another base",
            )
    interpreter = _interpreter(tree, config, python)
    version = _version(tree, interpreter)
    library = _c_library(tree)
    if library is None:
        raise InputError("the base has neither glibc nor musl where they are expected", hint="use another base")
    release = _os_release(tree)
    return BaseFacts(
        python=f"/{interpreter}",
        version=version,
        libc=library[0],
        libc_version=library[1],
        os_id=release.get("ID", "linux"),
        os_version=release.get("VERSION_ID", ""),
        user=str(config.get("User") or ""),
        packages=_packages(tree, interpreter, version),
        libraries=_libraries(tree),
    )


def _interpreter(tree: _Base, config: Mapping[str, Any], python: str | None) -> str:
    if python is not None:
        found = tree.resolve(python)
        if found is None:
            raise InputError(f"the base has no {python}", hint="correct `python` in [tool.comp]")
        return found
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or [])
    folders = (variables.get("PATH") or "/usr/local/bin:/usr/bin:/bin").split(":")
    for name in ("python3", "python"):
        for folder in folders:
            if found := tree.resolve(posixpath.join(folder, name)):
                return found
    raise InputError(
        "the base has no Python on its PATH",
        hint="choose a base with Python such as python:3.11-slim, or name its interpreter as `python` in [tool.comp]",
    )


def _version(tree: _Base, interpreter: str) -> str:
    """Find the version compiled into the interpreter, or into the library it is a thin front of."""
    if version := tree.found.get(interpreter):
        return version
    minor = re.search(r"python(3\.\d+)", interpreter)
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    for path, version in sorted(tree.found.items()):
        fits = minor is None or version.startswith(f"{minor[1]}.")
        if "libpython" in path and version and fits and path.startswith(f"{prefix}/lib"):
            return version
    raise InputError(
        f"cannot tell the version of the base's /{interpreter}", hint="name another `python` in [tool.comp]"
    )


def _c_library(tree: _Base) -> tuple[str, str] | None:
    for path, version in sorted(tree.found.items()):
        if _C_LIBRARY.fullmatch(path) and version:
            return ("musl" if "musl" in path else "glibc"), ".".join(version.split(".")[:2])
    return None


def _libraries(tree: _Base) -> frozenset[str]:
    return frozenset(path.rpartition("/")[2] for path in (*tree.files, *tree.links) if is_library(path))


def _os_release(tree: _Base) -> dict[str, str]:
    text = tree.found.get("etc/os-release") or tree.found.get("usr/lib/os-release") or ""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value.strip("\"'") for key, _, value in pairs}


def _packages(tree: _Base, interpreter: str, version: str) -> dict[str, str]:
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    minor = ".".join(version.split(".")[:2])
    libraries = {f"{prefix}/lib/python{minor}", f"{prefix}/lib/python3", f"{prefix}/lib64/python{minor}"}
    if prefix == "usr":
        libraries.add(f"usr/local/lib/python{minor}")  # Where Debian's Python has pip put what it installs.
    packages = {}
    for path in sorted(tree.files):
        match = _DIST_INFO.match(path)
        if match and match[1] in libraries and _is_version(match[3]):
            packages[canonicalize_name(match[2])] = match[3]
    return dict(sorted(packages.items()))


def _is_version(text: str) -> bool:
    try:
        Version(text)
    except ValueError:  # also a number of more digits than Python takes
        return False
    return True
