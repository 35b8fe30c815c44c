"""All that comes along with a piece of code: the modules it imports and the files it opens beside itself."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from toolkit.errors import Location
from toolkit.findings import Finding, Severity
from toolkit.interface.module import Module
from toolkit.limits import CARRIED_SIZE
from toolkit.scaffold.companions import Companions, added_to_path, companions
from toolkit.scaffold.gather import RULE, Gathered, gather
from toolkit.scaffold.providers import Providers
from toolkit.scaffold.surroundings import Copy, Surroundings


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What comes along, as in `Gathered`; `left` are files beside the code that may be opened and stay behind.

    `minor` is the Python 3 that the code needs, where that is newer than the running one.
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
    """Find what `nodes`, which are parts of `module`, need. Raises InputError when it is larger than the bound."""
    nodes = list(nodes)
    itself = Copy(path=around.source, target=PurePosixPath(around.source.name))
    around = replace(around, added=added_to_path(module, itself, around.root))
    providers = Providers.read(around.folders)
    found = gather(module, nodes, around, providers)
    opened = _opened(module, nodes, around, found)
    higher = max((_above(found.place, path, around) for one in opened for path, _ in one.outside), default=0)
    if higher:
        # The code goes deeper, so that what it opens above itself has a place.
        found = gather(module, nodes, around, providers, depth=len(found.place.parent.parts) + higher)
        opened = _opened(module, nodes, around, found)
    copies = {copy.target: copy for one in opened for copy in one.copies}
    copies |= {copy.target: copy for copy in found.copies}
    CARRIED_SIZE.check(sum(copy.path.stat().st_size for copy in copies.values()), "what is copied with the code")
    outside = dict(pair for one in opened for pair in one.outside)
    return Carried(
        place=found.place,
        relative=found.relative,
        copies=tuple(copies[target] for target in sorted(copies)),
        requirements=found.requirements,
        findings=(*found.findings, *(_outside(module.path, path, line) for path, line in outside.items())),
        unknown=found.unknown,
        left=tuple(sorted({path for one in opened for path in one.left} - {copy.path for copy in copies.values()})),
        minor=max((one.minor for one in (module, *(other for _, other in found.followed)) if one.minor), default=None),
        own=found.own,
        whole=found.whole,
    )


def _opened(module: Module, nodes: Iterable[ast.AST], around: Surroundings, found: Gathered) -> list[Companions]:
    search = list(around.search())
    opened = [companions(module, nodes, Copy(path=around.source, target=found.place), search, around.root)]
    for copy, other in found.followed:
        opened.append(companions(other, other.tree.body, copy, search, around.root))
    return opened


def _above(place: PurePosixPath, path: Path, around: Surroundings) -> int:
    """Count the folders by which a file lies above the code's own place; 0 for one outside of the repository."""
    if not path.is_relative_to(around.root):
        return 0
    depth = len(place.parent.parts)
    needed = next((up for up, folder in enumerate(around.source.parents) if path.is_relative_to(folder)), 0)
    return max(0, needed - depth)


def _outside(source: Path, path: Path, line: int) -> Finding:
    return Finding(
        rule=RULE,
        severity=Severity.ERROR,
        message=f"the code opens {path}, which cannot come along",
        where=Location(path=source, line=line),
        help="move it beside the code, or take it as an input",
    )
