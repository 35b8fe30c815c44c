"""The components that `comp stubs` writes: those of a lock, releases of registries, or contracts."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from toolkit.digest import Digest
from toolkit.errors import InputError, Location
from toolkit.pipelines.stubs import StubComponent
from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.lock import ComponentsLock, LockedRelease, read_lock
from toolkit.registry.consuming.locked_contract import locked_contract
from toolkit.registry.names import Name, parse_request
from toolkit.registry.release import CONTRACT, Release
from toolkit.spec.reader import parse_component
from toolkit.spec.schema_header import normalised

_ENDINGS = (".yaml", ".yml")


def stub_components(
    names: Sequence[str],
    *,
    folder: Path,
    beside: Path,
    environ: Mapping[str, str],
    registry: str | None = None,
) -> tuple[StubComponent, ...]:
    """Return the components that names mean, or all of the lock in `folder` for no names.

    A name is one of the lock, a request to a registry, or the path of a contract or of its folder; paths are written as
    seen from `beside`, the folder of the module. A component of the lock keeps its version whatever is asked for.
    Raises InputError for what is missing or invalid, and OutsideError for a registry that cannot be reached.
    """
    lock = read_lock(folder)
    if not names:
        if not lock.components:
            raise InputError(
                f"{lock.path} has no components",
                hint="`comp add` takes one of a registry; or name releases or contracts: comp stubs ml/train@^1",
            )
        return tuple(_locked(lock, entry, environ) for entry in lock.components.values())
    found = {}
    for name in names:
        path = _contract(name)
        component = (
            _of_contract(path, beside) if path else _of_request(name, lock, folder, environ=environ, registry=registry)
        )
        found[component.name] = component
    return tuple(found.values())


def _contract(name: str) -> Path | None:
    """Return the path of a contract that a name is; None for the name of a release."""
    path = Path(name)
    if path.is_dir() and (path / CONTRACT).is_file():
        return path / CONTRACT
    return path if name.endswith(_ENDINGS) else None


def _of_contract(path: Path, beside: Path) -> StubComponent:
    """Return the component of a contract's file, which the module loads by its path."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", hint="name a contract, its folder, or a release") from None
    spec = parse_component(data.decode(errors="replace"), path)
    relative = Path(os.path.relpath(path, beside)).as_posix()
    name = spec.name or path.absolute().parent.name
    return StubComponent(
        # The namespace only tells two components of one name apart.
        name=Name(path.absolute().parent.name.lower(), name.lower()),
        request=relative if relative.startswith(".") else f"./{relative}",
        digest=Digest.of(normalised(data)),
        spec=spec,
        where=path,
    )


def _of_request(
    name: str, lock: ComponentsLock, folder: Path, *, environ: Mapping[str, str], registry: str | None
) -> StubComponent:
    """Return the component of the lock that a name means, or else of a registry."""
    request = parse_request(name)
    entry = next((each for each in lock.components.values() if request.is_of(each.name)), None)
    if entry is not None:
        if not entry.satisfies(request):
            raise InputError(
                f"{entry.name} is locked at {entry.version}, which {name!r} does not allow",
                where=Location(path=lock.path),
                hint=f"comp add {name}, and then comp stubs",
            )
        return _locked(lock, entry, environ)
    registries = Registries.of(registry, environ=environ, folder=folder, required=request.registry is None)
    found = registries.find(request, lock.bindings())
    contract = found.registry.content(found.release, CONTRACT)
    return _released(found.release, contract.decode(errors="replace"))


def _locked(lock: ComponentsLock, entry: LockedRelease, environ: Mapping[str, str]) -> StubComponent:
    """Return a component of the lock."""
    copy = lock.copy_of(entry)
    text = locked_contract(lock, entry, environ).decode(errors="replace")
    request = f"{entry}#{entry.digest}"
    return StubComponent(
        name=entry.name, request=request, digest=entry.digest, spec=parse_component(text, copy), where=copy
    )


def _released(release: Release, text: str) -> StubComponent:
    """Return a component of a registry."""
    where = Path(str(release), CONTRACT)
    return StubComponent(
        name=release.name,
        request=f"{release}#{release.digest}",
        digest=release.digest,
        spec=parse_component(text, where),
        where=where,
    )
