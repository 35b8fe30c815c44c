from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of, component
from tests.package_index import PackageIndex
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.job.context import BuildContext
from toolkit.job.resolve import build_setup, indexes_of, requirements_on, resolve_on
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
BASE = base_of(base_image())


@pytest.fixture
def context(cache: Cache, index: PackageIndex) -> BuildContext:
    """Let uv see the index of the tests, whose address is in the environment."""
    assert index.port
    return BuildContext(cache=cache)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = component(tmp_path / "component", dependencies=("alpha",))
    made.pyproject.write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["alpha"]\n')
    return made


def _versions(pins: dict[Platform, tuple[Pin, ...]]) -> dict[str, list[str]]:
    return {str(platform): [f"{pin.name} {pin.version}" for pin in of_base] for platform, of_base in pins.items()}


def test_every_platform_is_resolved(project: Project, context: BuildContext) -> None:
    arm = replace(BASE, target=replace(BASE.target, platform=ARM64))
    pins = resolve_on(project, (BASE, arm), None, context, anew=set())
    assert _versions(pins) == {"linux/amd64": ["alpha 2.0"], "linux/arm64": ["alpha 2.0"]}


def test_kept_versions_are_preferred_on_new_platforms_too(project: Project, context: BuildContext) -> None:
    old = resolve_on(replace(project, dependencies=("alpha<2",)), (BASE,), None, context, anew=set())
    lock = Lock(inputs="", python="3.11", pins=old)
    arm = replace(BASE, target=replace(BASE.target, platform=ARM64))
    kept = resolve_on(project, (BASE, arm), lock, context, anew=set())
    assert _versions(kept) == {"linux/amd64": ["alpha 1.0"], "linux/arm64": ["alpha 1.0"]}
    assert _versions(resolve_on(project, (BASE,), lock, context, anew={"alpha"})) == {"linux/amd64": ["alpha 2.0"]}


def test_packages_of_the_base_count_only_if_the_settings_say_so(project: Project, context: BuildContext) -> None:
    base = base_of(base_image(), replace(FACTS, packages={"alpha": "1.0"}))
    assert requirements_on(project, base, (), context).present == {}
    shared = replace(project, system_site_packages=True)
    assert requirements_on(shared, base, (), context).present == {"alpha": "1.0"}


def test_options_of_a_requirements_file_name_indexes(project: Project, context: BuildContext) -> None:
    listed = project.folder / "requirements.txt"
    listed.write_text("--index-url https://example.com/simple\n--only-binary beta\nalpha\n")
    own = indexes_of(project, context.environ)
    indexes = indexes_of(replace(project, requirements=listed), context.environ)
    assert (own.listed, indexes.listed) == (None, listed)
    assert "https://example.com/simple" in str(indexes.options)
    assert "beta" in indexes.only_wheels


def test_wheels_are_built_as_the_settings_allow(project: Project, context: BuildContext) -> None:
    setup = build_setup(replace(project, allow_builds=("lib",)), BASE, context)
    assert setup.permission.names == {"lib"}
    assert setup.cache == context.cache
