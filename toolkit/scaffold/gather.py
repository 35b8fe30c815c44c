"""Gather what a piece of code needs beside itself: modules of the repository, and what has to be installed."""

import ast
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from toolkit.errors import InputError
from toolkit.findings import Finding, Severity
from toolkit.interface.module import Module
from toolkit.scaffold.imports import Imported, imports_of
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Copy, Resolved, Surroundings, files_of, importable, package_depth

# The launcher has stand-ins for the words of these.
STAND_INS = frozenset({"kfp", "toolkit"})
RULE = "F013"
_OWN = Path(__file__).resolve().parent.parent
_SEVERITIES = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_WRITE = "add the right distribution to `dependencies` in the new pyproject.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What was found around some code.

    `place` is where the code itself goes, and `relative` whether it works there alone, as part of its package.
    `copies` come along; `followed` are those of them that the code imports. `requirements` are known, `unknown` says
    what else has to be installed, `findings` what else is wrong. `own` are names that other modules import from the
    code's module, `whole` that one takes all of it.
    """

    place: PurePosixPath
    relative: bool
    copies: tuple[Copy, ...]
    followed: tuple[tuple[Copy, Module], ...]
    requirements: tuple[str, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    own: frozenset[str]
    whole: bool


def gather(
    module: Module, nodes: Iterable[ast.AST], around: Surroundings, providers: Providers, *, depth: int = 0
) -> Gathered:
    """Follow the imports of `nodes`, which are parts of `module`, through the files around it.

    `depth` is the least number of folders that the code keeps above itself.
    """
    nodes = list(nodes)
    levels = max([one.level for one in imports_of(module, nodes)], default=0)
    depth = max(levels, package_depth(around.source), depth) if levels else depth
    modules: dict[Path, Module] = {}
    while True:
        walk = _Walk(around=around, providers=providers, place=_place(around.source, depth), modules=modules)
        deeper = walk.follow(module, nodes)
        if not deeper:
            return walk.gathered(relative=levels > 0)
        depth += deeper
        levels = max(levels, 1)


def plain_place(source: Path) -> PurePosixPath:
    """Give a file a name that can be imported, and that is not one of Python's own modules or ours."""
    # `__init__` and `__main__` name no module; the folder does.
    stem = importable(source.parent.name if source.stem in {"__init__", "__main__"} else source.stem)
    taken = stem in sys.stdlib_module_names or stem in STAND_INS
    return PurePosixPath(f"{stem}_step.py" if taken else f"{stem}.py")


def _place(source: Path, depth: int) -> PurePosixPath:
    if not depth:
        return plain_place(source)
    folders = [importable(folder) for folder in source.parent.parts[1:][-depth:]]
    return PurePosixPath(*folders, f"{importable(source.stem)}.py")


@dataclass(slots=True)
class _Walk:
    around: Surroundings
    providers: Providers
    place: PurePosixPath
    modules: dict[Path, Module]
    packages: set[PurePosixPath] = field(default_factory=set)
    copies: dict[PurePosixPath, Path] = field(default_factory=dict)
    followed: dict[PurePosixPath, Path] = field(default_factory=dict)
    requirements: dict[str, None] = field(default_factory=dict)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    unknown: dict[str, Finding] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    places: set[PurePosixPath] = field(default_factory=set)
    whole: bool = False
    waiting: list[Copy] = field(default_factory=list)

    def follow(self, module: Module, nodes: Iterable[ast.AST]) -> int:
        """Follow all imports; give how many folders further up a relative import leads, 0 when it is all there."""
        start = Copy(path=self.around.source, target=self.place)
        read = [(start, list(imports_of(module, nodes)))]
        while read:
            home, imports = read.pop()
            for one in imports:
                self._check_inside(home, one)
                missing = one.level - len(home.target.parent.parts)
                if one.level and missing > 0 and self._deepens(home, one):
                    return missing
                if not one.level or missing <= 0:
                    self._one(home, one)
            while self.waiting:
                copy = self.waiting.pop()
                other = self._module(copy.path)
                read.append((copy, list(imports_of(other, other.tree.body))))
        return 0

    def _check_inside(self, home: Copy, one: Imported) -> None:
        above = home.path.parents
        if one.level and not above[min(one.level, len(above)) - 1].is_relative_to(self.around.root):
            hint = "copy what it names beside the code"
            raise InputError(f"`{one}` leads out of {self.around.root}", where=one.where, hint=hint)

    def _deepens(self, home: Copy, one: Imported) -> bool:
        """Tell whether a relative import needs a further package around the code, not one that Python has not got."""
        depth = len(self.place.parent.parts)
        base = self.around.source.parents[depth]
        inside = base in home.path.parents and len(home.path.relative_to(base).parts) == len(home.target.parts)
        if home.path == self.around.source or (depth and inside):
            return True
        message = f"`{one}` cannot work: {home.path.name} is imported as a module of its own, without a package"
        self._problem(one, message, f"import {home.path.stem} relatively too, or drop the dots")
        return False

    def gathered(self, *, relative: bool) -> Gathered:
        if self.places - {self.place}:
            # Other modules know the code by this name.
            self.place = max(self.places, key=lambda place: len(place.parts))
        self.copies.pop(self.place, None)
        return Gathered(
            place=self.place,
            relative=relative,
            copies=_as_copies(self.copies),
            followed=tuple((copy, self._module(copy.path)) for copy in _as_copies(self.followed)),
            requirements=tuple(sorted(self.requirements)),
            findings=tuple(self.findings.values()),
            unknown=tuple(self.unknown.values()),
            own=frozenset(self.own),
            whole=self.whole,
        )

    def _one(self, home: Copy, one: Imported) -> None:
        if one.level:
            folder, target = home.path.parents[one.level - 1], home.target.parents[one.level - 1]
            for candidate in one.candidates():
                self._relative(one, folder, target, tuple(candidate.split(".")) if candidate else ())
            return
        top = one.module.partition(".")[0]
        if top == "__main__":
            self._problem(one, "`__main__` is the launcher in a component", "import the module by its name")
        elif top in sys.stdlib_module_names:
            self._standard(home, one, top)
        elif top not in STAND_INS or self._shadowed(top):
            for candidate in one.candidates():
                found = self.around.absolute(candidate)
                if found:
                    self._local(one, found)
                else:
                    self._outside(one, candidate)

    def _shadowed(self, top: str) -> bool:
        """Tell whether the repository has a package of its own by a name that the launcher has a stand-in for."""
        found = self.around.absolute(top)
        return found is not None and top != "kfp" and not found.module.path.is_relative_to(_OWN)

    def _relative(self, one: Imported, folder: Path, target: PurePosixPath, parts: tuple[str, ...]) -> None:
        found = self.around.inside(folder, target, parts)
        init = Copy(path=folder / "__init__.py", target=target / "__init__.py")
        if found:
            self._local(one, found)
        elif init.path.is_file() and not one.module:
            # `from . import NAME`, a name of the package itself.
            self._local(one, Resolved(copies=(init,), module=init, rest=parts, base=folder))
        elif not one.optional:
            self._problem(one, f"`{one}` names no file", "copy the file beside the code")

    def _local(self, one: Imported, found: Resolved) -> None:
        if found.module.path == self.around.source:
            self.places.add(found.module.target)
            self.own |= set(found.rest[:1])
            self.whole = self.whole or not found.rest or "*" in one.names
        for copy in found.copies:
            # Packages that the code itself lies in are not run for it, unless one of their names is used.
            left = self.around.encloses(copy.path) and not (copy == found.module and (found.rest or not one.names))
            if not left and copy.path != self.around.source:
                self._take(copy)
        top = found.copies[0]
        if top.path.name == "__init__.py" and not self.around.encloses(top.path) and not one.level:
            self._take_files(top)

    def _take_files(self, package: Copy) -> None:
        """Take all files of a package, once: many modules import from it."""
        home, target = package.path.parent, package.target.parent
        if target not in self.packages:
            self.packages.add(target)
            for path in files_of(home):
                self.copies.setdefault(target / path.relative_to(home).as_posix(), path)

    def _module(self, path: Path) -> Module:
        """Read a module, once for all rounds."""
        if path not in self.modules:
            self.modules[path] = Module.read(path)
        return self.modules[path]

    def _take(self, copy: Copy) -> None:
        self.copies[copy.target] = copy.path
        if copy.target not in self.followed:
            self.followed[copy.target] = copy.path
            self.waiting.append(copy)

    def _standard(self, home: Copy, one: Imported, top: str) -> None:
        """Say so where a file beside has the name of one of Python's own modules: a script would get that file."""
        beside = home.path.with_name(f"{top}.py")
        alone = not (home.path.parent / "__init__.py").exists()
        if alone and beside.is_file() and beside not in {home.path, self.around.source}:
            message = f"`{one}` takes Python's own module; {beside.name} beside it has the same name and stays behind"
            self._problem(one, message, "rename the file if it is meant", severity=Severity.WARNING)

    def _outside(self, one: Imported, dotted: str) -> None:
        found = self.providers.provider(dotted)
        if found and not found.problem:
            self.requirements[found.requirement] = None
            return
        top = dotted.partition(".")[0]
        if not found and not one.optional and (compiled := self.around.compiled(top)):
            message = f"`{one}`: {compiled.name} is machine code for one platform"
            self._problem(one, message, "make its project a dependency: [tool.uv.sources] with its path")
            return
        missing = self._missing(dotted)
        severity, advice = Severity.ERROR, _WRITE
        if found:
            missing, message = found.requirement, f"`{one}`: {found.requirement} {found.problem}"
            severity = Severity.WARNING if one.optional else severity
            advice = "add it to `dependencies` in the new pyproject.toml, and to [tool.uv.sources] where it comes from"
        elif one.optional:
            message, severity = f"nothing known brings `{missing}`, which the code can do without", Severity.INFO
        elif one.late:
            message, severity = f"nothing known brings `{missing}`, imported where a condition holds", Severity.WARNING
        else:
            message = (
                f"`{missing}` is imported, and what brings it is not known: a distribution of its name may be anybody's"
            )
        # Many files may import one module: it is named once, for the import that needs it most.
        before = self.unknown.get(missing)
        if before is None or _SEVERITIES.index(severity) > _SEVERITIES.index(before.severity):
            self.unknown[missing] = _finding(one, message, advice, severity)

    def _missing(self, dotted: str) -> str:
        """Name what is missing for an import: the package, or its part of a namespace that many share."""
        parts = dotted.split(".")
        prefixes = (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return next((prefix for prefix in prefixes if not self.providers.shared(prefix)), dotted)

    def _problem(self, one: Imported, message: str, advice: str, severity: Severity = Severity.ERROR) -> None:
        self.findings.setdefault((message, str(one.where.path)), _finding(one, message, advice, severity))


def _finding(one: Imported, message: str, advice: str, severity: Severity) -> Finding:
    return Finding(rule=RULE, severity=severity, message=message, where=one.where, help=advice)


def _as_copies(found: dict[PurePosixPath, Path]) -> tuple[Copy, ...]:
    return tuple(Copy(path=path, target=target) for target, path in sorted(found.items()))
