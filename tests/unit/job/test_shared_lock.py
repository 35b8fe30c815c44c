"""One resolution for many components: which versions they get, what is kept, and what cannot stand together."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.attested import GOOD, provenance_of
from tests.components import FUNCTION, small_base, write_component
from tests.package_index import PackageIndex, small_wheel
from tests.projects import project as local_project
from toolkit.cache.store import Cache
from toolkit.config.project import Project, read_project
from toolkit.errors import InputError
from toolkit.job.context import BuildContext
from toolkit.job.shared_lock import lock_projects
from toolkit.oci.reference import parse_reference
from toolkit.requirements.lock import Lock
from toolkit.system.turns import Shared

Write = Callable[..., Project]


@pytest.fixture
def context(cache: Cache, index: PackageIndex) -> BuildContext:
    """Let uv see the index of the tests, whose address is in the environment."""
    assert index.port
    return BuildContext(cache=cache)


@pytest.fixture
def write(tmp_path: Path, base: Path) -> Write:
    """Return a function that writes a component."""

    def written(name: str, *dependencies: str, on: Path = base, more: str = "") -> Project:
        settings = f'[tool.comp]\nentrypoint = "count_words:count"\nbase = "layout:{on}"\n{more}'
        head = f'[project]\nname = "{name}"\nversion = "1.0.0"\ndependencies = {list(dependencies)!r}\n'
        files = {"src/count_words.py": FUNCTION, "pyproject.toml": head + settings}
        return read_project(write_component(tmp_path / name, on, files), environ={})

    return written


def lock(
    projects: Sequence[Project],
    context: BuildContext,
    old: Mapping[Path, Lock] | None = None,
    *,
    upgrade: bool = False,
    check: bool = False,
) -> dict[Path, Lock]:
    """Lock as a new command does."""
    return lock_projects(projects, old or {}, replace(context, shared=Shared()), upgrade=upgrade, check=check)


def packages(locks: Mapping[Path, Lock]) -> dict[str, Mapping[str, str]]:
    return {folder.name: one.packages for folder, one in locks.items()}


def test_versions_stay_until_an_upgrade(context: BuildContext, write: Write, index: PackageIndex) -> None:
    one = write("one", "alpha")
    old = lock([one], context)
    assert packages(old) == {"one": {"alpha": "2.0"}}
    index.files["alpha-3.0-py3-none-any.whl"] = small_wheel("alpha", "3.0")
    both = [one, write("two", "alpha")]
    assert packages(lock(both, context, old)) == {"one": {"alpha": "2.0"}, "two": {"alpha": "2.0"}}
    assert packages(lock(both, context, old, upgrade=True)) == {"one": {"alpha": "3.0"}, "two": {"alpha": "3.0"}}


def test_a_pre_release_stays_only_while_it_is_asked_for(
    context: BuildContext, write: Write, index: PackageIndex
) -> None:
    index.files["alpha-3.0rc1-py3-none-any.whl"] = small_wheel("alpha", "3.0rc1")
    old = lock([write("one", "alpha==3.0rc1")], context)
    assert packages(old) == {"one": {"alpha": "3.0rc1"}}
    assert packages(lock([write("one", "alpha")], context, old)) == {"one": {"alpha": "2.0"}}


def test_a_check_leaves_out_what_is_stale_and_asks_no_index(
    context: BuildContext, write: Write, index: PackageIndex
) -> None:
    one, two = write("one", "alpha"), write("two", "alpha")
    old = lock([one, two], context)
    index.requests.clear()
    changed = [one, write("two", "alpha<2"), write("three", "alpha")]
    assert lock(changed, context, old, check=True) == {one.folder: old[one.folder]}
    assert index.requests == []


def test_components_of_no_collection_have_no_locks(context: BuildContext) -> None:
    assert lock([], context) == {}


def test_components_that_exclude_each_other_are_named(context: BuildContext, write: Write) -> None:
    two = write("two", "beta")
    projects = [write("one", "alpha>=2"), write("between", "alpha"), two]
    with pytest.raises(InputError, match=r"one and two cannot lock together: .*alpha") as refused:
        lock(projects, context)
    assert refused.value.where
    assert refused.value.where.path == two.pyproject
    assert 'lock = "each"' in (refused.value.hint or "")
    # What no component could have is its own fault.
    with pytest.raises(InputError, match="nowhere") as refused:
        lock([*projects[:2], write("two", "nowhere")], context)
    assert "together" not in refused.value.message


def test_three_that_go_together_only_in_pairs_are_all_named(
    context: BuildContext, write: Write, index: PackageIndex
) -> None:
    for version in ("1.0", "2.0", "3.0"):
        index.files[f"alpha-{version}-py3-none-any.whl"] = small_wheel("alpha", version)
    projects = [write(f"not-{number}", f"alpha!={number}.0") for number in (1, 2, 3)]
    with pytest.raises(InputError, match="not-1, not-2, not-3 cannot lock together"):
        lock(projects, context)


def test_two_projects_of_one_name(tmp_path: Path, context: BuildContext, write: Write) -> None:
    here, there = (local_project(tmp_path / place, "near", mark=place) for place in ("here", "there"))
    one, two = write("one", f"near @ {here.as_uri()}"), write("two", f"near @ {there.as_uri()}")
    with pytest.raises(InputError, match="one and two take near from different places") as refused:
        lock([one, two], context)
    assert refused.value.where
    assert refused.value.where.path == two.pyproject


def test_another_python_takes_the_same_versions_if_it_can(
    tmp_path: Path, context: BuildContext, write: Write, index: PackageIndex
) -> None:
    files: dict[str, bytes | str | None] = {
        "usr/bin/python3": "python3.12",
        "usr/bin/python3.12": b"\x7fELF\0junk\x003.12.1\0more",
    }
    newer = small_base(tmp_path / "newer", files=files)
    index.files["alpha-3.0-py3-none-any.whl"] = small_wheel("alpha", "3.0", python=">=3.12")
    old, new = write("old", "alpha"), write("new", "alpha", on=newer)
    locks = lock([old, new], context)
    assert packages(locks) == {"old": {"alpha": "2.0"}, "new": {"alpha": "2.0"}}
    assert [one.python for one in locks.values()] == ["3.11", "3.12"]
    assert packages(lock([new, old], context)) == {"old": {"alpha": "2.0"}, "new": {"alpha": "3.0"}}


def test_a_base_for_one_run_leaves_the_one_that_is_recorded(context: BuildContext, write: Write) -> None:
    one = write("one", "alpha")
    base = parse_reference(f"host.example/python:3.11@sha256:{'0' * 64}")
    old = {folder: replace(locked, base=base) for folder, locked in lock([one], context).items()}
    for_one_run = replace(one, base_overridden=True)
    assert lock([for_one_run], context, old)[one.folder].base == base
    assert lock([for_one_run], context)[one.folder].base is None
    assert lock([one], context, old)[one.folder].base is None


def test_publishers_are_those_of_all_components(
    context: BuildContext, write: Write, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a machine without the extra.
    monkeypatch.setitem(sys.modules, "pypi_attestations", None)

    def attest(publisher: dict[str, Any]) -> None:
        index.provenance = {name: provenance_of(name, data, publisher) for name, data in index.files.items()}

    attest(GOOD)
    old = lock([write("one", "alpha"), write("two", "beta")], context)
    assert {folder.name: len(one.publishers) for folder, one in old.items()} == {"one": 1, "two": 2}
    # A component that is new to the collection has no lock of its own to compare with.
    index.files["alpha-1.1-py3-none-any.whl"] = small_wheel("alpha", "1.1")
    attest({"kind": "GitHub", "repository": "evil/alpha", "workflow": "release.yml"})
    both = [write("one", "alpha"), write("three", "alpha==1.1")]
    with pytest.raises(InputError, match=r"alpha-1\.1-py3-none-any\.whl is published by GitHub evil/alpha"):
        lock(both, context, old)
    assert len(lock(both, replace(context, accepted_publishers=frozenset({"alpha"})), old)) == 2
