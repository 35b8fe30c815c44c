"""Find everything that a piece of code takes along: the modules that it imports, and files that it opens beside it."""

import ast
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from toolkit.errors import Finding, Location, Severity
from toolkit.interface.module import Module
from toolkit.limits import CARRIED_SIZE
from toolkit.scaffold.gather import RULE, Gathered, gather
from toolkit.scaffold.opened_files import OpenedFiles, added_to_path, opened_files
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Copy, Surroundings


class Carried(Struct, frozen=True, kw_only=True):
    """What comes along; the fields are those of `Gathered`, and these.

    `left` are files beside the code that it may open and that stay behind. `minor` is the minor version of Python that
    the code needs, if newer than the oldest that comp runs on.
    """

    place: PurePosixPath
    relative: bool
    copies: tuple[Copy, ...]
    requirements: tuple[str, ...]
    findings: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    left: tuple[Path, ...]
    minor: int | None
    own: frozenset[str]
    whole: bool


def carry(module: Module, nodes: Iterable[ast.AST], around: Surroundings) -> Carried:
    """Return what `nodes`, which are parts of `module`, need. Raises InputError if it is larger than CARRIED_SIZE."""
    nodes = list(nodes)
    # Folders on `sys.path` count for imports, so they are found before the imports are followed.
    itself = Copy(path=around.source, target=PurePosixPath(around.source.name))
    around = replace(around, added=added_to_path(module, itself, around.root))
    providers = Providers.read(around.folders, module.environ)
    gathered = gather(module, nodes, around, providers)
    opened = _opened(module, nodes, around, gathered)
    higher = max((_above(gathered.place, path, around) for files in opened for path, _ in files.outside), default=0)
    if higher:
        # The code goes into deeper folders, so that files above it have a place in the component.
        gathered = gather(module, nodes, around, providers, depth=len(gathered.place.parent.parts) + higher)
        opened = _opened(module, nodes, around, gathered)
    # A file that is both opened and imported comes along as a module.
    copies = {copy.target: copy for files in opened for copy in files.copies}
    copies |= {copy.target: copy for copy in gathered.copies}
    CARRIED_SIZE.check(sum(copy.path.stat().st_size for copy in copies.values()), "what is copied with the code")
    outside = dict(pair for files in opened for pair in files.outside)
    copied = {copy.path for copy in copies.values()}
    minors = (each.minor for each in (module, *(other for _, other in gathered.followed)) if each.minor)
    return Carried(
        place=gathered.place,
        relative=gathered.relative,
        copies=tuple(copies[target] for target in sorted(copies)),
        requirements=gathered.requirements,
        findings=(*gathered.findings, *(_outside(module.path, path, line) for path, line in outside.items())),
        unknown=gathered.unknown,
        left=tuple(sorted({path for files in opened for path in files.left} - copied)),
        minor=max(minors, default=None),
        own=gathered.own,
        whole=gathered.whole,
    )


def _opened(module: Module, nodes: Iterable[ast.AST], around: Surroundings, gathered: Gathered) -> list[OpenedFiles]:
    """Return the files that the code opens, and those that each module it imports does."""
    search = list(around.search())
    opened = [opened_files(module, nodes, Copy(path=around.source, target=gathered.place), search, around.root)]
    for copy, other in gathered.followed:
        opened.append(opened_files(other, other.tree.body, copy, search, around.root))
    return opened


def _above(place: PurePosixPath, path: Path, around: Surroundings) -> int:
    """Return by how many folders a file lies above the code's own place; 0 for one outside of the repository."""
    if not path.is_relative_to(around.root):
        return 0
    depth = len(place.parent.parts)
    needed = next((up for up, folder in enumerate(around.source.parents) if path.is_relative_to(folder)), 0)
    return max(0, needed - depth)


def _outside(source: Path, path: Path, line: int) -> Finding:
    """Return the finding for a file without a place in the component."""
    return Finding(
        rule=RULE,
        severity=Severity.ERROR,
        message=f"the code opens {path}, which cannot come along",
        where=Location(path=source, line=line),
        help="move it beside the code, or take it as an input",
    )
