"""The importable modules that a distribution provides, by the list of its files."""

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

# Wheels often hold these beside their own package by mistake, so an import of one of them may be of any distribution.
STRAY = frozenset(
    (
        *("benchmark", "benchmarks", "bin", "build", "common", "conf", "config", "core", "data", "demo", "demos"),
        *("dist", "doc", "docs", "example", "examples", "helpers", "lib", "libs", "main", "notebooks", "sample"),
        *("samples", "script", "scripts", "setup", "share", "src", "test", "testing", "tests", "tools", "util"),
        *("utils", "version"),
    )
)
# An `__init__.py` with one of these is a namespace package that other distributions fill too (pkgutil, setuptools).
_NAMESPACE = re.compile(r"extend_path\(\s*__path__|declare_namespace\(\s*__name__")
_CODE = {".py", ".so", ".pyd"}


def owned_modules(files: Iterable[str], read: Callable[[str], str]) -> frozenset[str]:
    """Return the dotted names of the packages and modules among a distribution's `files`, outermost only.

    For a namespace package, which several distributions fill, these are the parts below it: `google.cloud.storage`.
    `read` returns the text of one of the files.
    """
    code = [path for path in map(PurePosixPath, files) if path.suffix in _CODE and ".." not in path.parts]
    packages = {path.parent.parts for path in code if path.name == "__init__.py"}
    spaces = {parts for parts in packages if _NAMESPACE.search(read("/".join((*parts, "__init__.py"))))}
    owned = set()
    for path in code:
        parts = (*path.parent.parts, path.name.partition(".")[0])
        owner = next((parts[:depth] for depth in range(1, len(parts)) if parts[:depth] in packages - spaces), parts)
        public = all(part.isidentifier() and not part.startswith("_") for part in owner)
        if public and owner[0] not in STRAY and owner[-1] != "__init__":
            owned.add(".".join(owner))
    return frozenset(owned)
