"""Builds of wheels, as a component with `allow-builds` makes them."""

from pathlib import Path

from tests.package_index import HERE, PackageIndex, chosen
from tests.projects import sdist
from toolkit.cache.store import Cache
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.building import build
from toolkit.requirements.building.build_setup import BuildSetup, Permission, WheelBuilder
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, SourceDistribution

ALLOWED = Permission(names=frozenset({"plain", "native", "both", "below"}))


def build_source(
    source: SourceDistribution,
    target: Target,
    cache: Cache,
    wheel_builder: WheelBuilder | None = None,
    permission: Permission = ALLOWED,
) -> Pin:
    """Build a source distribution of the index."""
    setup = BuildSetup(indexes=HERE, cache=cache, report=silent, permission=permission, wheel_builder=wheel_builder)
    return build.build_source(source, target, setup)


def build_folder(folder: Path, name: str, target: Target, cache: Cache, *, relative_to: Path) -> Pin:
    """Build a project of the user's own."""
    setup = BuildSetup(indexes=HERE, cache=cache, report=silent, permission=Permission())
    return build.build_folder(folder, name, target, setup, relative_to=relative_to)


def rebuild(pin: Pin, target: Target, cache: Cache, *, indexes: Indexes = HERE) -> None:
    """Build a pin again."""
    build.rebuild(pin, target, BuildSetup(cache=cache, report=silent, permission=ALLOWED, indexes=indexes))


def source_of(index: PackageIndex, target: Target, name: str, **options: str) -> SourceDistribution:
    """Put a source distribution on the index, and resolve to it."""
    index.files[f"{name}-1.0.tar.gz"] = sdist(name, **options)
    (source,) = chosen([name], target)
    assert isinstance(source, SourceDistribution)
    return source
