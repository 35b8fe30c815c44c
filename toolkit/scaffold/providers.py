"""Which requirement brings an imported module: known from the project, its environment, or a table; never guessed.

A name that nobody has checked may be anybody's on an index, so a module's own name proves nothing.
"""

import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from toolkit.errors import Location
from toolkit.interface.module import nameable
from toolkit.limits import PROJECT_FILE_SIZE
from toolkit.scaffold.owned import owned_modules

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_INDEX_OPTION = re.compile(r"^\s*(-i|--index-url|--extra-index-url|-f|--find-links)\b", re.MULTILINE)
_ENVIRONMENTS = (".venv", "venv")
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """A requirement that brings a module, or the `problem` why its distribution cannot be required by name."""

    requirement: str
    problem: str = ""


@dataclass(slots=True)
class Providers:
    """What is known of distributions in the folders from a source file up to the root of its repository.

    `declared` are requirements by canonical name, the nearest file's; `elsewhere` names that do not come from the
    index, with the reason; `sites` are the folders of installed packages that count.
    """

    declared: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    sites: list[Path] = field(default_factory=list)
    _installed: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @classmethod
    def read(cls, folders: tuple[Path, ...], environ: Mapping[str, str] | None = None) -> "Providers":
        """Read requirements, locks and environments of `folders`, the nearest first; files that cannot be read, not."""
        known = cls()
        environ = os.environ if environ is None else environ
        for folder in folders:
            known._read_folder(folder)
        active = [Path(environ[name]) for name in _ACTIVE if environ.get(name)]
        for prefix in [*(folder / name for folder in folders for name in _ENVIRONMENTS), *active]:
            known.sites += sorted(prefix.glob("lib/python3*/site-packages"))
        return known

    def provider(self, module: str) -> Provider | None:
        """Find what brings a module, by the longest prefix of its dotted name that is known; None when none is."""
        parts = module.split(".")
        for depth in range(len(parts), 0, -1):
            prefix = ".".join(parts[:depth])
            names = self._bringing(prefix)
            if names:
                return self._required(names)
        return None

    def all_public(self) -> bool:
        """Tell whether it is known of every requirement which modules it brings, and it is the index's."""
        return not set(self.declared) - _public()

    def shared(self, module: str) -> bool:
        """Tell whether a module is a namespace that several distributions put their parts into."""
        return any(known.startswith(f"{module}.") for known in _table()) and not self._bringing(module)

    def _bringing(self, prefix: str) -> list[str]:
        installed = self._owners(prefix.partition(".")[0]).get(prefix, [])
        listed = _table().get(prefix, [])
        declared = canonicalize_name(prefix.replace(".", "-"))
        same = [declared] if declared in self.declared or declared in self.elsewhere else []
        found = list(dict.fromkeys((*installed, *listed, *same)))
        wanted = [name for name in found if name in self.declared or name in self.elsewhere]
        # Of several that bring one module, the one counts that the project asks for, then the one it has.
        return wanted or (installed if len(installed) == 1 else listed)

    def _required(self, names: list[str]) -> Provider:
        name = names[0]
        if name in self.elsewhere:
            return Provider(requirement=name, problem=self.elsewhere[name])
        return Provider(requirement=self.declared.get(name, name))

    def _owners(self, top: str) -> dict[str, list[str]]:
        """Say which installed distributions bring a top-level package, or the parts of a namespace package."""
        if not nameable(top):
            return {}
        if top not in self._installed:
            found: dict[str, list[str]] = {}
            for site in self.sites:
                if not (site / top).is_dir() and not any(site.glob(f"{top}.*")):
                    continue
                # With email and more behind it, it would cost every `comp lint` 20 ms.
                from importlib.metadata import distributions

                for one in distributions(path=[str(site)]):
                    for module in _owned(one, top):
                        name = canonicalize_name(one.name)
                        found.setdefault(module, [])
                        found[module] += [name] if name not in found[module] else []
                        if elsewhere := _origin(one):
                            self.elsewhere.setdefault(name, elsewhere)
                if found:
                    break
            self._installed[top] = found
        return self._installed[top]

    def _read_folder(self, folder: Path) -> None:
        data = _toml(folder / "pyproject.toml")
        wanted = [*_declared(data)]
        for name, said in _not_from_index(data, folder):
            self._elsewhere(name, said)
        for name, value in _table_of(data, "tool", "poetry", "dependencies").items():
            if isinstance(value, dict) and {"git", "path", "url", "source"} & {*value}:
                said = f"has a source of its own in [tool.poetry.dependencies] of {folder / 'pyproject.toml'}"
                self._elsewhere(name, said)
            elif name != "python":
                wanted.append(name)
        private = folder / "pyproject.toml" if _names_indexes(data) else None
        for path in sorted(folder.glob("requirements*.txt")):
            text = _text(path)
            private = path if _INDEX_OPTION.search(text) else private
            wanted += [re.sub(r"(^|\s)#.*$|\s--hash=\S+|\\$", "", line).strip() for line in text.splitlines()]
        for lock in _LOCKS:
            for name, own in _packages(_toml(folder / lock)):
                if own:
                    self._elsewhere(name, f"has a source of its own in {folder / lock}")
                else:
                    wanted.append(name)
        for text in wanted:
            self._declare(text, private)

    def _elsewhere(self, name: str, said: str) -> None:
        self.elsewhere.setdefault(canonicalize_name(name), said)

    def _declare(self, text: str, private: Path | None) -> None:
        """Remember a requirement; `private` is the file that names other indexes for it, which the component lacks."""
        try:
            required = Requirement(text)
        except InvalidRequirement:
            return
        name = canonicalize_name(required.name)
        if private and name not in _public():
            self._elsewhere(name, f"may come from an index that {private} names")
        self.declared.setdefault(name, text)


@cache
def _table() -> dict[str, list[str]]:
    """Read the table that scripts/distributions.py makes from wheels: of several the one to choose comes first."""
    modules: dict[str, list[str]] = json.loads(Path(__file__).with_name("distributions.json").read_text("utf-8"))[
        "modules"
    ]
    return modules


@cache
def _public() -> frozenset[str]:
    """Name the distributions whose wheels the table was made from."""
    return frozenset(name for names in _table().values() for name in names)


def _owned(one: "Distribution", top: str) -> frozenset[str]:
    try:
        record = one.read_text("RECORD") or ""
        named = bool(one.metadata["Name"])
    except (OSError, ValueError, KeyError):
        return frozenset()  # a broken installation says nothing
    if not named or (f"{top}/" not in record and f"{top}." not in record):
        return frozenset()
    files = {str(path): path for path in one.files or () if path.parts[0].partition(".")[0] == top}

    def read(path: str) -> str:
        try:
            return Path(files[path].locate()).read_text("utf-8", "replace")
        except OSError:
            return ""

    return owned_modules(files, read)


def _origin(one: "Distribution") -> str:
    """Say where a distribution was installed from when that was no index (PyPA, direct_url.json)."""
    try:
        url = json.loads(one.read_text("direct_url.json") or "{}").get("url", "")
    except (ValueError, AttributeError):
        return ""
    return f"was installed from {re.sub('//[^/@]*@', '//', url)}, not from the index by its name" if url else ""


def _not_from_index(data: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, str]]:
    """Name what an index may have from others: the project itself, and what it takes from elsewhere."""
    for table in (_table_of(data, "project"), _table_of(data, "tool", "poetry")):
        if isinstance(name := table.get("name"), str):
            yield name, f"is the project in {folder} itself"
    for name in _table_of(data, "tool", "uv", "sources"):
        yield name, f"has a source of its own in [tool.uv.sources] of {folder / 'pyproject.toml'}"


def _declared(data: Mapping[str, Any]) -> Iterator[str]:
    project = _table_of(data, "project")
    groups = (_table_of(project, "optional-dependencies"), _table_of(data, "dependency-groups"))
    for listed in (project.get("dependencies"), *(part for group in groups for part in group.values())):
        yield from (text for text in listed if isinstance(text, str)) if isinstance(listed, list) else ()


def _names_indexes(data: Mapping[str, Any]) -> bool:
    """Tell whether a project names indexes of its own, to uv or to poetry."""
    uv, poetry = _table_of(data, "tool", "uv"), _table_of(data, "tool", "poetry")
    return bool({"index", "index-url", "extra-index-url", "find-links"} & {*uv}) or "source" in poetry


def _packages(data: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Name the packages of a lock, `[[package]]` in uv's, poetry's and pdm's and `[[packages]]` in pylock.toml.

    True stands with those that do not come from an index, or not from the one that most come from.
    """
    listed = [one for key in ("package", "packages") if isinstance(data.get(key), list) for one in data[key]]
    found = [one for one in listed if isinstance(one, dict) and isinstance(one.get("name"), str)]
    sources = [_table_of(one, "source") for one in found]
    indexes = Counter(str(source["registry"]) for source in sources if "registry" in source)
    usual = indexes.most_common(1)[0][0] if indexes else ""
    for one, source in zip(found, sources, strict=True):
        # What lies in the repository itself is found there.
        if not {"editable", "virtual", "directory"} & {*source}:
            own = {*one} & {"vcs", "directory", "archive", "git", "path", "url"}
            plain = not source or source.get("registry") == usual
            yield one["name"], bool(own) or not plain


def _table_of(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _text(path: Path) -> str:
    """Read a file; one that is missing says nothing. Raises InputError for one that is too large."""
    try:
        PROJECT_FILE_SIZE.check(path.stat().st_size, path.name, where=Location(path=path))
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
