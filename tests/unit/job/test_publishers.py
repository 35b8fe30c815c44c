"""A lock records who published its files, and refuses another publisher until it is accepted."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.artifacts import component
from tests.attested import GOOD, provenance_of
from tests.package_index import PackageIndex, small_wheel
from toolkit.cache.store import Cache
from toolkit.config.project import Project
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.job.context import BuildContext
from toolkit.job.lock import existing_lock, locked_bases
from toolkit.job.publishers import _changes
from toolkit.requirements.lock import Lock
from toolkit.requirements.pin import Pin
from toolkit.requirements.publishers.index_provenance import Found
from toolkit.requirements.publishers.publisher import Publisher, read_publisher

EVIL = {"kind": "GitHub", "repository": "evil/alpha", "workflow": "release.yml"}
NEW, OTHER = "alpha-2.0-py3-none-any.whl", "alpha-3.0-py3-none-any.whl"

Publish = Callable[..., None]


@pytest.fixture
def context(cache: Cache, index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> BuildContext:
    # As on a machine without the extra.
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)
    index.provenance = {}
    return BuildContext(cache=cache)


@pytest.fixture
def publish(index: PackageIndex) -> Publish:
    def publish(publisher: dict[str, Any] | None, version: str, tag: str = "py3-none-any") -> None:
        """Put a version on the index, with its publisher."""
        name = f"alpha-{version}-{tag}.whl"
        index.files[name] = small_wheel("alpha", version, content=tag)
        assert index.provenance is not None
        if publisher:
            index.provenance[name] = provenance_of(name, index.files[name], publisher)

    return publish


@pytest.fixture
def requiring(tmp_path: Path, base: Path) -> Callable[[str], Project]:
    def requiring(requirement: str) -> Project:
        made = component(tmp_path / "component", base=f"layout:{base}", dependencies=(requirement,))
        made.pyproject.write_text(f'[project]\nname = "x"\nversion = "1"\ndependencies = ["{requirement}"]\n')
        return made

    return requiring


def lock_for(project: Project, context: BuildContext, **options: Any) -> Lock:  # noqa: ANN401
    """Lock as a new command does, and read the lock back."""
    _, lock = locked_bases(project, context.again(connected=False), **options)
    assert existing_lock(project) == lock
    return lock


def shown(lock: Lock) -> list[str]:
    return [publisher.shown for publisher in lock.publishers.values()]


def test_the_first_publisher_is_recorded_and_stays(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project], caplog: pytest.LogCaptureFixture
) -> None:
    publish(GOOD, "2.0")
    project = requiring("alpha")
    assert shown(lock_for(project, context)) == ["GitHub good/alpha (release.yml)"]
    publish(GOOD | {"repository": "Good/Alpha"}, "3.0")
    with caplog.at_level(logging.INFO):
        assert shown(lock_for(project, context, upgrade=True)) == ["GitHub Good/Alpha (release.yml)"]
    # In a diff it is seen.
    assert 'repository = "Good/Alpha"' in project.lock.read_text()


@pytest.mark.parametrize("upgrade", [False, True])
def test_another_publisher_is_refused_until_accepted(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project], *, upgrade: bool
) -> None:
    publish(GOOD, "2.0")
    before = lock_for(requiring("alpha"), context)
    publish(EVIL, "3.0")
    project = requiring("alpha" if upgrade else "alpha>=3")
    with pytest.raises(InputError) as caught:
        locked_bases(project, context, upgrade=upgrade)
    assert caught.value.message == (
        "the publisher changed: alpha-3.0-py3-none-any.whl is published by GitHub evil/alpha (release.yml), "
        "and alpha was by GitHub good/alpha (release.yml)"
    )
    assert "--accept-publisher alpha" in (caught.value.hint or "")
    assert existing_lock(project) == before
    for accepted in ("alpha", ":all:"):
        accepting = replace(context, accepted_publishers=frozenset({accepted}))
        assert shown(lock_for(project, accepting, upgrade=upgrade)) == ["GitHub evil/alpha (release.yml)"]


def test_another_name_does_not_accept_it(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project]
) -> None:
    publish(GOOD, "2.0")
    lock_for(requiring("alpha"), context)
    publish(EVIL, "3.0")
    with pytest.raises(InputError, match="the publisher changed"):
        locked_bases(requiring("alpha>=3"), replace(context, accepted_publishers=frozenset({"beta"})))


def test_no_publisher_after_one_is_refused(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project]
) -> None:
    publish(GOOD, "2.0")
    lock_for(requiring("alpha"), context)
    publish(None, "3.0")
    with pytest.raises(InputError, match="published without a publisher, and alpha was by GitHub good/alpha"):
        locked_bases(requiring("alpha>=3"), context)
    accepting = replace(context, accepted_publishers=frozenset({"alpha"}))
    assert shown(lock_for(requiring("alpha>=3"), accepting)) == []


def test_a_publisher_after_none_is_reported(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project], caplog: pytest.LogCaptureFixture
) -> None:
    publish(None, "2.0")
    assert shown(lock_for(requiring("alpha"), context)) == []
    publish(GOOD, "3.0")
    with caplog.at_level(logging.INFO):
        assert shown(lock_for(requiring("alpha>=3"), context)) == ["GitHub good/alpha (release.yml)"]
    assert (
        f"{OTHER} is published by GitHub good/alpha (release.yml); before, its publisher was not known" in caplog.text
    )


def test_another_workflow_of_the_repository_is_reported(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project], caplog: pytest.LogCaptureFixture
) -> None:
    publish(GOOD, "2.0")
    lock_for(requiring("alpha"), context)
    publish(GOOD | {"workflow": "wheels.yml", "environment": "pypi"}, "3.0")
    with caplog.at_level(logging.INFO):
        lock_for(requiring("alpha>=3"), context)
    expected = (
        f"{OTHER} is published by GitHub good/alpha (wheels.yml, environment pypi), "
        "and alpha was by GitHub good/alpha (release.yml)"
    )
    assert expected in caplog.text


def test_another_wheel_of_the_same_version_is_looked_at(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project]
) -> None:
    publish(GOOD, "2.0")
    lock_for(requiring("alpha"), context)
    # A better one for this platform, uploaded later and by another.
    publish(EVIL, "2.0", "cp311-cp311-manylinux_2_17_x86_64")
    with pytest.raises(InputError, match=r"cp311-manylinux_2_17_x86_64\.whl is published by GitHub evil/alpha"):
        locked_bases(requiring("alpha"), context, upgrade=True)


def test_a_publisher_that_cannot_be_looked_up_stops_a_lock_that_knew_one(
    context: BuildContext,
    publish: Publish,
    requiring: Callable[[str], Project],
    index: PackageIndex,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(GOOD, "2.0")
    lock_for(requiring("alpha<3"), context)
    publish(GOOD, "3.0")
    assert index.provenance is not None
    answers, index.provenance = index.provenance, _Missing(index.provenance)
    with pytest.raises(
        OutsideError, match=r"cannot look up who published alpha-3\.0.*and alpha was by GitHub good/alpha"
    ):
        locked_bases(requiring("alpha>=3"), context)
    project = requiring("alpha>=3")
    project.lock.unlink()
    with caplog.at_level(logging.WARNING):
        assert shown(lock_for(project, context)) == []
    assert "cannot look up who published alpha-3.0" in caplog.text
    assert answers


class _Missing(dict[str, bytes]):
    """Provenance that the page names, and the server does not have."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401, ARG002 (as dict has it)
        return None


def test_many_changes_have_one_option(
    context: BuildContext, publish: Publish, requiring: Callable[[str], Project], index: PackageIndex
) -> None:
    names = [f"p{number}" for number in range(12)]

    def all_of(version: str, publisher: dict[str, Any]) -> None:
        for name in names:
            file = f"{name}-{version}-py3-none-any.whl"
            index.files[file] = small_wheel(name, version)
            assert index.provenance is not None
            index.provenance[file] = provenance_of(file, index.files[file], publisher)

    all_of("1.0", GOOD)
    publish(GOOD, "2.0")
    project = requiring('", "'.join(names))
    project = replace(project, dependencies=tuple(names))
    assert len(lock_for(project, context).publishers) == 12
    all_of("2.0", EVIL)
    with pytest.raises(InputError, match=r"; and 2 more$") as caught:
        locked_bases(project, context, upgrade=True)
    assert "--accept-publisher :all:" in (caught.value.hint or "")


def test_the_same_file_keeps_its_publisher() -> None:
    pin = Pin(name="alpha", version="2.0", filename=NEW, digest=Digest("a" * 64))
    good, evil = read_publisher(GOOD), read_publisher(EVIL, verified=True)
    before: dict[str, dict[Digest, Publisher | None]] = {"alpha": {pin.digest: good}}

    def changes(new: Publisher) -> list[str]:
        return [str(change) for change in _changes([pin], before, Found(publishers={pin.digest: new}, unknown={}))]

    assert changes(replace(good, verified=True)) == []
    assert changes(evil) == [
        f"{NEW} is published by GitHub evil/alpha (release.yml), and alpha was by GitHub good/alpha (release.yml)"
    ]
