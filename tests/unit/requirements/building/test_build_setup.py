"""What may be built."""

from pathlib import Path

import pytest

from tests.package_index import HERE, PackageIndex, chosen
from tests.projects import sdist
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.jail.consent import Consent
from toolkit.progress import silent
from toolkit.python.target import Target
from toolkit.requirements.building.build_setup import BuildSetup, Permission
from toolkit.requirements.building.sdists import BuildSystem
from toolkit.requirements.pin import SourceDistribution

_SYSTEM = BuildSystem(requires=("hatchling", "x"), backend="hatchling.build")


def _check(permission: Permission) -> None:
    permission.check("made", "made 1.0 has no wheel that fits", "made-1.0.tar.gz", lambda: _SYSTEM)


@pytest.mark.parametrize(
    "permission", [Permission(names=frozenset({"made"})), Permission(consent=Consent(allow_builds=True))]
)
def test_the_settings_or_the_user_allow_builds(permission: Permission) -> None:
    _check(permission)


def test_otherwise_the_error_says_what_would_run() -> None:
    with pytest.raises(InputError) as caught:
        _check(Permission(names=frozenset({"other"})))
    assert caught.value.message == (
        "made 1.0 has no wheel that fits and would have to be built: that runs code of made-1.0.tar.gz, "
        "hatchling.build with hatchling, x, in a jail without network"
    )
    assert '`allow-builds = ["made"]` in [tool.comp]' in str(caught.value.hint)


def test_a_dry_run_builds_nothing_and_reads_nothing() -> None:
    def never() -> BuildSystem:
        raise AssertionError

    dry = Permission(consent=Consent(dry=True, allow_builds=True), names=frozenset({"made"}))
    with pytest.raises(InputError, match="made is required and would have to be built, which a dry run does not do"):
        dry.check("made", "made is required", "the repository", never)


def test_a_source_is_fetched_once(index: PackageIndex, debian: Target, tmp_path: Path) -> None:
    index.files["made-1.0.tar.gz"] = data = sdist("made")
    (source,) = chosen(["made"], debian)
    assert isinstance(source, SourceDistribution)
    setup = BuildSetup(cache=Cache(tmp_path), report=silent, permission=Permission(), indexes=HERE)
    assert setup.fetched(source).read_bytes() == data
    index.requests.clear()
    assert setup.fetched(source).read_bytes() == data
    assert index.requests == []
