"""The components that a compiled pipeline uses, each with the contract that it came from."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from toolkit.config.toml import TomlDocument
from toolkit.declared.model import Declared
from toolkit.digest import Digest, canonical_json
from toolkit.errors import InputError, Location
from toolkit.pipelines.declarations import declared_by
from toolkit.pipelines.images import is_pinned
from toolkit.pipelines.kfp_process import Answer, Loaded, LoadedRelease
from toolkit.pipelines.lock import LockedComponent
from toolkit.redaction import without_login
from toolkit.registry.consuming.lock import LOCK_NAME, read_components_lock
from toolkit.registry.consuming.lock_place import lock_above
from toolkit.spec.reader import parse_component
from toolkit.spec.schema_header import normalised

# What identifies a container: the pipeline may set its environment and resources.
_IDENTITY = ("image", "command", "args")
# The folder of a component with the contracts of further ones in its image.
_FURTHER = "components"


class UsedComponent(Struct, frozen=True, kw_only=True):
    """A component as a pipeline uses it. `contract` is the file that it was loaded from, None without one."""

    entry: LockedComponent
    contract: Path | None

    def locked(self, pins: Mapping[str, str]) -> LockedComponent:
        """Return the component with its image by digest."""
        return replace(self.entry, image=pins.get(self.entry.image, self.entry.image))

    def check_image(self) -> None:
        """Raise InputError for a component of this project whose image was never pushed."""
        folder = _component_folder(self.contract) if self.contract else None
        if folder is None or is_pinned(self.entry.image):
            return
        raise InputError(
            f"{self.entry.name} has no pushed image: its contract names {self.entry.image}",
            where=Location(path=self.contract or folder),
            hint=f"comp build --push {os.path.relpath(folder)}; --allow-tags keeps the name for a run on this machine",
        )


def used_components(path: Path, document: Mapping[str, Any], answer: Answer) -> tuple[UsedComponent, ...]:
    """Return the components of the pipeline at `path`, compiled to `document`, without repetitions.

    Raises InputError for a copy of a registry's component that differs from `components.lock`'s.
    """
    executors = document.get("deploymentSpec", {}).get("executors", {})
    used: dict[str, UsedComponent] = {}
    for key, component in document.get("components", {}).items():
        container = executors.get(component.get("executorLabel"), {}).get("container")
        if not container:
            # A pipeline in the pipeline, whose own components are listed too, or an importer, which has no image.
            continue
        name = key.removeprefix("comp-")
        loaded = _loaded(container, answer.loaded)
        use = _from_contract(path, name, container, loaded) if loaded else _from_code(path, name, component, container)
        if not any(replace(other.entry, name=name) == use.entry for other in used.values()):
            used[name] = use
    return tuple(used.values())


def declared_executors(document: Mapping[str, Any], answer: Answer) -> dict[str, Declared]:
    """Return what the contracts of a pipeline's executors declare, by the executors' labels.

    Raises InputError for invalid declarations.
    """
    executors = document.get("deploymentSpec", {}).get("executors", {})
    loads = {label: _loaded(executor.get("container", {}), answer.loaded) for label, executor in executors.items()}
    return {
        label: declared_by(loaded.text, Path(loaded.source or "component.yaml"))
        for label, loaded in loads.items()
        if loaded
    }


def _loaded(container: Mapping[str, Any], every: tuple[Loaded, ...]) -> Loaded | None:
    """Return the contract that runs a container; None if the pipeline's own code made it."""
    wanted = _identity(container)
    return next((loaded for loaded in every if wanted in map(_identity, loaded.containers)), None)


def _identity(container: Mapping[str, Any]) -> tuple[object, ...]:
    return tuple(container.get(key) or None for key in _IDENTITY)


def _from_code(path: Path, name: str, component: Mapping[str, Any], container: Mapping[str, Any]) -> UsedComponent:
    """Return a component that the pipeline's own code made; its digest is that of its interface and container."""
    identity = {
        "inputs": component.get("inputDefinitions"),
        "outputs": component.get("outputDefinitions"),
        "container": _identity(container),
    }
    digest = Digest.of(canonical_json(identity))
    entry = LockedComponent(name=name, digest=str(digest), source=path.name, image=str(container.get("image", "")))
    return UsedComponent(entry=entry, contract=None)


def _from_contract(path: Path, name: str, container: Mapping[str, Any], loaded: Loaded) -> UsedComponent:
    """Return a component that was loaded; a copy of a registry's component has the release that it is of."""
    here = path.resolve().parent
    if loaded.release:
        return _from_release(here, name, container, loaded.release)
    data = normalised(loaded.text.encode())
    digest = str(Digest.of(data))
    is_address = "://" in (loaded.source or "")
    contract = Path(loaded.source).resolve() if loaded.source and not is_address else None
    source = without_login(loaded.source or path.name)
    entry = LockedComponent(
        name=name, digest=digest, source=source, image=str(container.get("image", "")), version=_version(loaded)
    )
    if contract:
        entry = replace(entry, source=Path(os.path.relpath(contract, here)).as_posix(), **_release(contract, digest))
    return UsedComponent(entry=entry, contract=contract)


def _from_release(here: Path, name: str, container: Mapping[str, Any], release: LoadedRelease) -> UsedComponent:
    """Return a component that `toolkit.load` loaded: its text may have the image of a mirror, but it has its digest."""
    entry = LockedComponent(
        name=name,
        digest=release.digest,
        source=Path(os.path.relpath(release.copy, here)).as_posix(),
        image=str(container.get("image", "")),
        version=release.version,
        release=f"{release.name}@{release.version}",
    )
    return UsedComponent(entry=entry, contract=release.copy)


def _version(loaded: Loaded) -> str | None:
    """Return the version that a contract states in its annotations; None for IR and other contracts."""
    try:
        annotations = parse_component(loaded.text, Path(loaded.source or "component.yaml")).annotations
    except InputError:
        # kfp loads IR too, and contracts with faults that the linter is there for.
        return None
    return annotations.get("version")


def _release(contract: Path, digest: str) -> dict[str, str]:
    """Return version and release of a copy that `comp add` made; empty for other contracts."""
    for name, added in _added(contract):
        if added.get("digest") != digest:
            raise InputError(
                f"this copy of {name} {added.get('version')} was edited: its digest is not that of {LOCK_NAME}",
                where=Location(path=contract),
                hint=f"comp add {name}@{added.get('version')} --force takes the release's own contract",
            )
        return {"version": str(added["version"]), "release": f"{name}@{added['version']}"}
    return {}


def _added(contract: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the entry of the nearest `components.lock` for a contract."""
    lock = lock_above(contract.parent)
    if lock is None:
        return
    for name, entry in read_components_lock(lock).items():
        if (lock.parent / str(entry.get("path", ""))).resolve() == contract:
            yield name, entry


def _component_folder(contract: Path) -> Path | None:
    """Return the component folder of a contract: that of `component.yaml` or of `components/NAME.yaml`, else None."""
    for folder in (contract.parent, *([contract.parent.parent] if contract.parent.name == _FURTHER else [])):
        document = TomlDocument.read(folder / "pyproject.toml")
        if document and document.table("tool", "comp") and "defaults" not in document.table("tool", "comp"):
            return folder
    return None
