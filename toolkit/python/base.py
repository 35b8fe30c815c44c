"""Facts about a base image: its Python, C library, user and packages, read from its layers without unpacking."""

import logging
import posixpath
import re
import tarfile
from collections.abc import Iterable, Mapping
from typing import IO, Any, ClassVar

from msgspec import Struct, field
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from toolkit.cache.records import Record
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.errors import InputError, Location
from toolkit.image_paths import PREFIX
from toolkit.oci.image import Image, Layer
from toolkit.oci.tree import Tree
from toolkit.python.shared_libraries import is_library
from toolkit.python.users import by_number, read_accounts

log = logging.getLogger(__name__)

# Raise it when other facts are read, or the same ones in another way; it is part of the key in the cache.
_READER_VERSION = 5
_CHUNK = 1 << 20
# No interpreter and no library is larger.
_MOST_CHUNKS = 512
# A version may lie across two chunks; no pattern matches more bytes than this.
_OVERLAP = 256

_INTERPRETER = re.compile(r"(?:.*/)?(?:bin/python3(?:\.\d+)?|lib(?:64)?/(?:[^/]+/)?libpython3\.\d+\w*\.so[.\d]*)")
_C_LIBRARY = re.compile(r"(?:usr/)?lib(?:64)?/(?:[^/]+/)?(?:libc\.so\.6|libc-2\.\d+\.so|ld-musl-[^/]+\.so\.1)")
_PASSWD, _GROUP = "etc/passwd", "etc/group"
_TEXTS = frozenset({"etc/os-release", "usr/lib/os-release", _PASSWD, _GROUP})
# The texts that the programs print for their versions, as they are compiled into them.
_VERSION_IN_PYTHON = re.compile(rb"\0(3\.\d{1,3}\.\d{1,3}(?:(?:a|b|rc)\d{1,3})?\+?)\0")
_VERSION_IN_GLIBC = re.compile(rb"GNU C Library [^\n]{0,80}? release version (2\.\d{1,3})(?!\d)")
_VERSION_IN_MUSL = re.compile(rb"\0(1\.\d{1,3}\.\d{1,3})\0")
_DIST_INFO = re.compile(
    r"((?:.*/)?python3(?:\.\d+)?)/(?:site|dist)-packages/([^/-]+)-([^/-]+)(?:-py3\.\d+)?\.(?:dist|egg)-info"
)


class BaseFacts(Record, frozen=True, kw_only=True):
    """The facts about a base that decide what can be installed on it.

    `python` is the absolute path of the interpreter with links resolved, `version` its full version
    (`3.11.2`). `libc` is `glibc` or `musl`, `libc_version` like `2.36`. `packages` are the Python
    distributions that the base's interpreter already has, by normalised name, `libraries` the names of all shared
    libraries wherever they lie, links included. `user` is the one that the base names, by number if its accounts have
    it; empty if it names none. `users` and `groups` are the numbers of these accounts by name.
    """

    KIND: ClassVar[str] = "base-facts"

    python: str
    version: str
    libc: str
    libc_version: str
    os_id: str
    os_version: str
    user: str
    packages: Mapping[str, str]
    libraries: frozenset[str] = frozenset()
    users: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def minor(self) -> str:
        """`3.11` of `3.11.2`."""
        return ".".join(self.version.split(".")[:2])


def read_facts(image: Image, cache: Cache, *, python: str | None = None) -> BaseFacts:
    """Read the facts of a base, from the cache or by streaming its layers once.

    `python` names an interpreter other than the first `python3` or `python` on the image's PATH. Raises InputError for
    a base without a usable Python.
    """
    key = {"image": str(image.digest), "python": python, "reader": _READER_VERSION}

    def made() -> BaseFacts:
        """Read the layers."""
        log.debug("reading the base %s", image.digest)
        tree = _BaseTree()
        for layer in image.layers:
            tree.apply(layer)
        return _facts(tree, image.parsed_config().get("config") or {}, python)

    return cache.recall_or_make(BaseFacts, key, made, counted="bases")


def check_python(project: Project, facts: BaseFacts, reference: str) -> None:
    """Raise InputError unless the base's Python is one that the component runs on."""
    if project.requires_python and not SpecifierSet(project.requires_python).contains(facts.version, prereleases=True):
        raise InputError(
            f"the base {reference} has Python {facts.version}, the component requires {project.requires_python}",
            where=Location(path=project.pyproject),
            hint="choose another base, or change `requires-python`",
        )


class SystemFacts(Struct, frozen=True, kw_only=True):
    """The C library of layers, `glibc` or `musl` with its version like `2.36`, and the names of shared libraries."""

    c_library: tuple[str, str] | None
    libraries: frozenset[str]


def read_system(layers: Iterable[Layer]) -> SystemFacts:
    """Read the C library and the shared libraries of layers, which come from bottom to top."""
    tree = _BaseTree()
    for layer in layers:
        tree.apply(layer)
    return SystemFacts(c_library=_c_library(tree), libraries=_libraries(tree))


class _BaseTree(Tree):
    """The paths of a base's files, and what is `found` in some: versions, the release's description, accounts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def look(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
        """Search an interpreter or a C library for its version, and read the texts that are needed whole."""
        # A hard link has no content of its own; that of its first path has been searched.
        if member.islnk():
            if found := self.found.get(posixpath.normpath(member.linkname).lstrip("/")):
                self.found[path] = found
            return
        stream = archive.extractfile(member)
        if stream is None:
            return
        if path in _TEXTS:
            self.found[path] = stream.read(_CHUNK).decode(errors="replace")
        elif _INTERPRETER.fullmatch(path):
            # Empty text marks a path that has been searched in vain.
            self.found[path] = _search(stream, _VERSION_IN_PYTHON) or ""
        elif _C_LIBRARY.fullmatch(path):
            self.found[path] = _search(stream, _VERSION_IN_MUSL if "musl" in path else _VERSION_IN_GLIBC) or ""

    def forget(self, path: str) -> None:
        """Drop a path."""
        super().forget(path)
        self.found.pop(path, None)


def _search(stream: IO[bytes], pattern: re.Pattern[bytes]) -> str | None:
    """Return the first group of the first match. None if there is no match, or the file is too large."""
    tail = b""
    for _ in range(_MOST_CHUNKS):
        chunk = stream.read(_CHUNK)
        if not chunk:
            break
        if match := pattern.search(tail + chunk):
            return match[1].decode()
        tail = (tail + chunk)[-_OVERLAP:]
    return None


def _facts(tree: _BaseTree, config: Mapping[str, Any], python: str | None) -> BaseFacts:
    """Return the facts of a base. Raises InputError for one that nothing can be installed on."""
    # Below a link, the layers' files would lie elsewhere, or the link be lost.
    for path in (posixpath.dirname(PREFIX), PREFIX):
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
    users, groups = (read_accounts(tree.found.get(path, "")) for path in (_PASSWD, _GROUP))
    return BaseFacts(
        python=f"/{interpreter}",
        version=version,
        libc=library[0],
        libc_version=library[1],
        os_id=release.get("ID", "linux"),
        os_version=release.get("VERSION_ID", ""),
        user=by_number(str(config.get("User") or ""), users, groups),
        packages=_packages(tree, interpreter, version),
        libraries=_libraries(tree),
        users=users,
        groups=groups,
    )


def _interpreter(tree: _BaseTree, config: Mapping[str, Any], python: str | None) -> str:
    """Return the path of the interpreter with links resolved, without a leading slash. Raises InputError."""
    if python is not None:
        found = tree.resolve(python)
        if found is None:
            raise InputError(f"the base has no {python}", hint="correct `python` in [tool.comp]")
        return found
    variables = dict(line.partition("=")[::2] for line in config.get("Env") or [])
    folders = (variables.get("PATH") or "/usr/local/bin:/usr/bin:/bin").split(":")
    # `python` may still be a Python 2.
    for name in ("python3", "python"):
        for folder in folders:
            if found := tree.resolve(posixpath.join(folder, name)):
                return found
    raise InputError(
        "the base has no Python on its PATH",
        hint="choose a base with Python such as python:3.11-slim, or name its interpreter as `python` in [tool.comp]",
    )


def _version(tree: _BaseTree, interpreter: str) -> str:
    """Return the version that is compiled into the interpreter, or else into its library. Raises InputError."""
    if version := tree.found.get(interpreter):
        return version
    # An interpreter that was built with --enable-shared has the version in libpython alone.
    minor = re.search(r"python(3\.\d+)", interpreter)
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    for path, version in sorted(tree.found.items()):
        fits = minor is None or version.startswith(f"{minor[1]}.")
        if "libpython" in path and version and fits and path.startswith(f"{prefix}/lib"):
            return version
    raise InputError(
        f"cannot tell the version of the base's /{interpreter}", hint="name another `python` in [tool.comp]"
    )


def _c_library(tree: _BaseTree) -> tuple[str, str] | None:
    """Return the name and the version of the C library. None if it is neither glibc nor musl."""
    for path, version in sorted(tree.found.items()):
        if _C_LIBRARY.fullmatch(path) and version:
            # Wheels' tags name major and minor alone.
            return ("musl" if "musl" in path else "glibc"), ".".join(version.split(".")[:2])
    return None


def _libraries(tree: _BaseTree) -> frozenset[str]:
    """Return the names of all shared libraries, links included."""
    return frozenset(path.rpartition("/")[2] for path in (*tree.files, *tree.links) if is_library(path))


def _os_release(tree: _BaseTree) -> dict[str, str]:
    """Return the fields of os-release(5); /etc comes before /usr/lib, as there."""
    text = tree.found.get("etc/os-release") or tree.found.get("usr/lib/os-release") or ""
    return os_release_fields(text)


def os_release_fields(text: str) -> dict[str, str]:
    """Return the fields of a file of os-release(5), without quotes."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs}


def _packages(tree: _BaseTree, interpreter: str, version: str) -> dict[str, str]:
    """Return the versions of the distributions that the interpreter imports, by their normalised names."""
    prefix = posixpath.dirname(posixpath.dirname(interpreter))
    minor = ".".join(version.split(".")[:2])
    libraries = {f"{prefix}/lib/python{minor}", f"{prefix}/lib/python3", f"{prefix}/lib64/python{minor}"}
    if prefix == "usr":
        libraries.add(f"usr/local/lib/python{minor}")  # Where Debian's Python has pip put what it installs.
    packages = {}
    for path in sorted(tree.files):
        match = _DIST_INFO.match(path)
        # Distributions of other interpreters in the image do not count.
        if match and match[1] in libraries and _is_version(match[3]):
            packages[canonicalize_name(match[2])] = match[3]
    return dict(sorted(packages.items()))


def _is_version(text: str) -> bool:
    """Return whether a text is a version (PyPA version specifiers)."""
    try:
        Version(text)
    except ValueError:  # also a number of more digits than Python takes
        return False
    return True
