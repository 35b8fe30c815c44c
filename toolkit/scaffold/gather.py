"""Gather what a piece of code imports: modules of the repository to copy, and requirements to install."""

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from toolkit.errors import Finding, InputError, Severity
from toolkit.interface.module import Module
from toolkit.scaffold.imports import Imported, imports_of
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Copy, Resolved, Surroundings, files_of, importable, package_depth

# The launcher has stand-ins for the annotations of these packages.
STAND_INS = frozenset({"kfp", "toolkit"})
RULE = "F013"
# The package `toolkit` itself, which a source may import from a checkout.
_OWN = Path(__file__).resolve().parent.parent
# From the least to the most severe.
_SEVERITIES = (Severity.INFO, Severity.WARNING, Severity.ERROR)
_WRITE = "add the right distribution to `dependencies` in the new pyproject.toml"


class Gathered(Struct, frozen=True, kw_only=True):
    """What a piece of code imports.

    `place` is where the code goes, below the component's `src`; `relative` means that it works only there, as part of
    its package. `copies` come along; `followed` are those that are imported, parsed. `requirements` are to be
    installed; `unknown` are findings for imports without a known distribution, `findings` are all others. `own` are
    names that other modules import from the code's own module, and `whole` means that one imports all of it.
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
    # With a relative import the code needs its package, and with that all packages around it.
    levels = max([imported.level for imported in imports_of(module, nodes)], default=0)
    depth = max(levels, package_depth(around.source), depth) if levels else depth
    modules: dict[Path, Module] = {}
    # A module that comes along may import relatively, further up than the code itself: start again from there.
    while True:
        place = _place(around.source, depth)
        walk = _Walk(around=around, providers=providers, environ=module.environ, place=place, modules=modules)
        deeper = walk.follow(module, nodes)
        if not deeper:
            return walk.gathered(relative=levels > 0)
        depth += deeper
        levels = max(levels, 1)


def plain_place(source: Path) -> PurePosixPath:
    """Return a file's place without its package, under a name that can be imported and hides no other module."""
    # `__init__` and `__main__` are not names of modules; the folder's name is.
    stem = importable(source.parent.name if source.stem in {"__init__", "__main__"} else source.stem)
    taken = stem in sys.stdlib_module_names or stem in STAND_INS
    return PurePosixPath(f"{stem}_step.py" if taken else f"{stem}.py")


def _place(source: Path, depth: int) -> PurePosixPath:
    """Return a file's place with `depth` of its folders."""
    if not depth:
        return plain_place(source)
    folders = [importable(folder) for folder in source.parent.parts[1:][-depth:]]
    return PurePosixPath(*folders, f"{importable(source.stem)}.py")


class _Walk(Struct):
    """One walk through the imports, with the code at `place`; `modules` are shared by all walks.

    `places` are those under which other modules import the code. `packages` are those whose files were all taken.
    """

    around: Surroundings
    providers: Providers
    environ: Mapping[str, str]
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
        """Follow all imports; return how many more folders the code needs above itself, 0 if it has enough."""
        start = Copy(path=self.around.source, target=self.place)
        pending = [(start, list(imports_of(module, nodes)))]
        while pending:
            home, imports = pending.pop()
            for imported in imports:
                self._check_inside(home, imported)
                missing = imported.level - len(home.target.parent.parts)
                if imported.level and missing > 0 and self._deepens(home, imported):
                    return missing
                if not imported.level or missing <= 0:
                    self._resolve(home, imported)
            while self.waiting:
                copy = self.waiting.pop()
                other = self._module(copy.path)
                pending.append((copy, list(imports_of(other, other.tree.body))))
        return 0

    def _check_inside(self, home: Copy, imported: Imported) -> None:
        """Raise InputError for a relative import that leads out of the repository."""
        above = home.path.parents
        if imported.level and not above[min(imported.level, len(above)) - 1].is_relative_to(self.around.root):
            hint = "copy what it names beside the code"
            raise InputError(f"`{imported}` leads out of {self.around.root}", where=imported.where, hint=hint)

    def _deepens(self, home: Copy, imported: Imported) -> bool:
        """Return whether a relative import needs more packages above the code; else remark that it cannot work."""
        # A file keeps its place below the folder `base`, which holds the code's own packages. A file from another
        # folder on the path has no package around it, whatever the folders are called.
        depth = len(self.place.parent.parts)
        base = self.around.source.parents[depth]
        inside = base in home.path.parents and len(home.path.relative_to(base).parts) == len(home.target.parts)
        if home.path == self.around.source or (depth and inside):
            return True
        message = f"`{imported}` cannot work: {home.path.name} is imported as a module of its own, without a package"
        self._problem(imported, message, f"import {home.path.stem} relatively too, or drop the dots")
        return False

    def gathered(self, *, relative: bool) -> Gathered:
        """Return the result of the walk."""
        if self.places - {self.place}:
            # Other modules import the code from this place.
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

    def _resolve(self, home: Copy, imported: Imported) -> None:
        """Take the files that an import in the file `home` names, or note what has to be installed for it."""
        if imported.level:
            folder, target = home.path.parents[imported.level - 1], home.target.parents[imported.level - 1]
            for candidate in imported.candidates():
                self._relative(imported, folder, target, tuple(candidate.split(".")) if candidate else ())
            return
        top = imported.module.partition(".")[0]
        if top == "__main__":
            self._problem(imported, "`__main__` is the launcher in a component", "import the module by its name")
        elif top in sys.stdlib_module_names:
            self._standard(home, imported, top)
        # For `kfp` and `toolkit` the image has stand-ins, so nothing is installed for their annotations.
        elif top not in STAND_INS or self._shadowed(top):
            # Each name of `from a import b, c` may be a module of its own, found in another place.
            for candidate in imported.candidates():
                resolved = self.around.absolute(candidate)
                if resolved:
                    self._local(imported, resolved)
                else:
                    self._installed(imported, candidate)

    def _shadowed(self, top: str) -> bool:
        """Return whether the repository has its own package by a name that the launcher has a stand-in for."""
        resolved = self.around.absolute(top)
        return resolved is not None and top != "kfp" and not resolved.module.path.is_relative_to(_OWN)

    def _relative(self, imported: Imported, folder: Path, target: PurePosixPath, parts: tuple[str, ...]) -> None:
        """Take the files that a relative import names by `parts` below `folder`."""
        resolved = self.around.inside(folder, target, parts)
        init = Copy(path=folder / "__init__.py", target=target / "__init__.py")
        if resolved:
            self._local(imported, resolved)
        elif init.path.is_file() and not imported.module:
            # `from . import NAME`, a name of the package itself.
            self._local(imported, Resolved(copies=(init,), module=init, rest=parts, base=folder))
        elif not imported.optional:
            self._problem(imported, f"`{imported}` does not name a file", "copy the file beside the code")

    def _local(self, imported: Imported, resolved: Resolved) -> None:
        """Take the files of an import that names modules of the repository."""
        if resolved.module.path == self.around.source:
            self.places.add(resolved.module.target)
            self.own |= set(resolved.rest[:1])
            self.whole = self.whole or not resolved.rest or "*" in imported.names
        for copy in resolved.copies:
            # Packages above the code stay behind, unless one of their names is used: most import half of a project.
            used = copy == resolved.module and (resolved.rest or not imported.names)
            if (used or not self.around.encloses(copy.path)) and copy.path != self.around.source:
                self._take(copy)
        top = resolved.copies[0]
        if top.path.name == "__init__.py" and not self.around.encloses(top.path) and not imported.level:
            self._take_files(top)

    def _take_files(self, package: Copy) -> None:
        """Take all files of a package: it may read its data, or import its modules by computed names."""
        home, target = package.path.parent, package.target.parent
        if target not in self.packages:
            self.packages.add(target)
            for path in files_of(home):
                self.copies.setdefault(target / path.relative_to(home).as_posix(), path)

    def _module(self, path: Path) -> Module:
        """Parse a module, once for all walks."""
        if path not in self.modules:
            self.modules[path] = Module.read(path, self.environ)
        return self.modules[path]

    def _take(self, copy: Copy) -> None:
        """Copy a module, and follow its imports later."""
        self.copies[copy.target] = copy.path
        if copy.target not in self.followed:
            self.followed[copy.target] = copy.path
            self.waiting.append(copy)

    def _standard(self, home: Copy, imported: Imported, top: str) -> None:
        """Warn of a file beside the code with the name of one of Python's own modules: a script imports that file."""
        beside = home.path.with_name(f"{top}.py")
        is_script = not (home.path.parent / "__init__.py").exists()
        if is_script and beside.is_file() and beside not in {home.path, self.around.source}:
            message = (
                f"`{imported}` takes Python's own module; {beside.name} beside it has the same name and stays behind"
            )
            self._problem(imported, message, "rename the file if it is meant", severity=Severity.WARNING)

    def _installed(self, imported: Imported, dotted: str) -> None:
        """Note the requirement for an import of the module `dotted`, or a finding if none is known."""
        provider = self.providers.provider(dotted)
        if provider and not provider.problem:
            self.requirements[provider.requirement] = None
            return
        top = dotted.partition(".")[0]
        if not provider and not imported.optional and (compiled := self.around.compiled(top)):
            message = f"`{imported}`: {compiled.name} is machine code for one platform"
            self._problem(imported, message, "make its project a dependency: [tool.uv.sources] with its path")
            return
        missing = self._missing(dotted)
        severity, advice = Severity.ERROR, _WRITE
        if provider:
            missing, message = provider.requirement, f"`{imported}`: {provider.requirement} {provider.problem}"
            severity = Severity.WARNING if imported.optional else severity
            advice = "add it to `dependencies` in the new pyproject.toml, and its origin to [tool.uv.sources]"
        elif imported.optional:
            message, severity = f"no known distribution has `{missing}`; the code works without it", Severity.INFO
        elif imported.late:
            message = f"no known distribution has `{missing}`, which is imported under a condition"
            severity = Severity.WARNING
        else:
            message = f"`{missing}` is imported; no known distribution has it, and one of that name may be anyone's"
        # Many files may import one module: it is reported once, for the import that needs it most.
        before = self.unknown.get(missing)
        if before is None or _SEVERITIES.index(severity) > _SEVERITIES.index(before.severity):
            self.unknown[missing] = _finding(imported, message, advice, severity)

    def _missing(self, dotted: str) -> str:
        """Return what is missing for an import: the package, or the part of a namespace that distributions share."""
        parts = dotted.split(".")
        prefixes = (".".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return next((prefix for prefix in prefixes if not self.providers.shared(prefix)), dotted)

    def _problem(self, imported: Imported, message: str, advice: str, severity: Severity = Severity.ERROR) -> None:
        """Note a finding, once a file."""
        self.findings.setdefault((message, str(imported.where.path)), _finding(imported, message, advice, severity))


def _finding(imported: Imported, message: str, advice: str, severity: Severity) -> Finding:
    return Finding(rule=RULE, severity=severity, message=message, where=imported.where, help=advice)


def _as_copies(paths: dict[PurePosixPath, Path]) -> tuple[Copy, ...]:
    return tuple(Copy(path=path, target=target) for target, path in sorted(paths.items()))
