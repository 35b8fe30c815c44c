"""The contracts that folders and paths stand for, for commands that work on contracts alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.collection.targets import Targets, looks_like_a_contract, no_contract
from toolkit.collection.workspace import NoComponentError, read_workspace
from toolkit.errors import InputError


def contracts_in(folder: Path) -> list[Path]:
    """Return the contracts of a component's folder: component.yaml, then those in components/ by their names."""
    contracts = [folder / "component.yaml", *sorted((folder / "components").glob("*.yaml"))]
    return [path for path in contracts if path.is_file()]


def contracts_of_components(paths: Sequence[Path]) -> list[Path]:
    """Return the contracts of components' folders; a file stands for itself. Raises InputError for a folder without."""
    contracts: list[Path] = []
    for path in paths:
        found = contracts_in(path) if path.is_dir() else [_checked(path)]
        if not found:
            raise InputError(f"{path} has no component.yaml", hint="name a component's folder, or use --all")
        contracts += found
    return contracts


def contracts_of_collections(
    paths: Sequence[Path], environ: Mapping[str, str]
) -> tuple[list[Path], NoComponentError | None]:
    """Return the contracts of all components below folders, and the error for a folder without a component.

    A file stands for itself. The error is not raised, since components may have been there before.
    """
    contracts: list[Path] = []
    nothing_left = None
    for path in paths:
        if not path.is_dir():
            contracts.append(_checked(path))
            continue
        try:
            members = read_workspace(path, environ).members
        except NoComponentError as error:
            nothing_left = error
        else:
            contracts += [contract for member in members for contract in contracts_in(member.folder)]
    return contracts, nothing_left


def _checked(path: Path) -> Path:
    """Return a file that may be a contract, missing or not. Raises InputError for one of another kind."""
    if path.is_file() and path.suffix not in {".yaml", ".yml"} and not looks_like_a_contract(path):
        raise InputError(f"{path} is not a contract", hint="name a component.yaml, or a component's folder")
    return path


def contracts_below(paths: Sequence[Path], environ: Mapping[str, str]) -> list[Path]:
    """Return the contracts that files, folders and globs stand for as in `Targets`, each once.

    Raises InputError for a path without any.
    """
    found: dict[Path, None] = {}
    empty = set(range(len(paths)))
    targets = Targets(paths, environ)
    for target in targets:
        for path in contracts_in(target.path) if target.is_folder else [target.path]:
            if not target.is_found or looks_like_a_contract(path):
                found[path] = None
                empty.discard(target.asked)
    for number in sorted(empty - targets.repeated):
        raise no_contract(paths[number])
    return list(found)
