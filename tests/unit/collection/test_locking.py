"""A lock that the components of a collection share: one version of each package, and for each what it requires."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.projects import project
from toolkit.collection.building import MemberRequest, build_many
from toolkit.collection.locking import SharedLocks, lock_together
from toolkit.collection.relocking import relock
from toolkit.collection.workspace import read_members, read_workspace
from toolkit.config.project import read_project
from toolkit.errors import InputError
from toolkit.job.build import build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.job.lock import existing_lock
from toolkit.requirements.shared_lock import read_shared_lock
from toolkit.system.turns import Shared

Write = Callable[..., Path]


def lock(tmp_path: Path, context: BuildContext, *, upgrade: bool = False, check: bool = False) -> SharedLocks:
    """Lock as a new command does."""
    workspace = read_workspace(tmp_path / "work", context.environ)
    return lock_together(workspace, replace(context, shared=Shared()), upgrade=upgrade, check=check)


def packages(locks: SharedLocks) -> dict[str, Mapping[str, str]]:
    return {folder.name: one.packages for folder, one in locks.after.items()}


def test_all_take_one_version_and_each_what_it_requires(tmp_path: Path, context: BuildContext, write: Write) -> None:
    write("one", "alpha")
    write("two", "beta")
    write("three")
    # beta takes alpha below 2, so one takes it too, though it would take 2.0 by itself.
    locks = lock(tmp_path, context)
    assert packages(locks) == {"one": {"alpha": "1.0"}, "two": {"alpha": "1.0", "beta": "1.5"}, "three": {}}
    assert locks.path == tmp_path / "work" / "comp.lock"
    assert read_shared_lock(locks.path) == locks.after
    assert not list((tmp_path / "work").rglob("requirements.lock"))
    text = locks.path.read_bytes()
    assert lock(tmp_path, context, check=True).after == locks.after
    assert locks.path.read_bytes() == text


def test_a_lock_that_would_change_is_stale(tmp_path: Path, context: BuildContext, write: Write) -> None:
    write("one", "alpha")
    with pytest.raises(InputError, match="the lock is missing"):
        lock(tmp_path, context, check=True)
    lock(tmp_path, context)
    write("two", "alpha")
    with pytest.raises(InputError, match="the lock is stale") as refused:
        lock(tmp_path, context, check=True)
    assert refused.value.hint == "`comp lock --all` brings it up to date"
    lock(tmp_path, context)
    write("one", "alpha<2")
    with pytest.raises(InputError, match="the lock is stale"):
        lock(tmp_path, context, check=True)


def test_a_conflict_among_many_is_found_once(
    context: BuildContext, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folders = [write(f"c{number:02}", "alpha>=2" if number == 3 else f"alpha>={number / 100}") for number in range(12)]
    folders.append(write("c99", "beta"))
    members = read_members(folders, context.environ)
    requests = [MemberRequest(member=each, request=BuildRequest(folder=each.folder)) for each in members]
    messages = {str(outcome.failure) for outcome in build_many(requests, context, jobs=4)}
    assert [message.partition(":")[0] for message in messages] == ["c03 and c99 cannot lock together"]
    assert caplog.text.count("resolving for 13 components") == 1


def test_local_projects_are_named_relative_to_the_file(tmp_path: Path, context: BuildContext, write: Write) -> None:
    project(tmp_path / "work" / "libs" / "near", "near")
    sources = '\n[tool.uv.sources]\nnear = {{ path = "{}" }}\n'
    write("one", "near", "alpha", more=sources.format("../libs/near"))
    write("deep/two", "near", more=sources.format("../../libs/near"))
    locks = lock(tmp_path, context)
    assert locks.path.read_text().count('source = "libs/near"') == 1
    sources_of = {
        folder.name: [pin.source.name for pins in one.pins.values() for pin in pins if pin.source]
        for folder, one in locks.after.items()
    }
    assert sources_of == {"one": ["../libs/near"], "two": ["../../libs/near"]}
    assert read_shared_lock(locks.path) == locks.after
    assert lock(tmp_path, context, check=True).after == locks.after


def test_a_build_installs_its_part_and_writes_no_lock_of_its_own(context: BuildContext, write: Write) -> None:
    folder, other = write("one", "alpha"), write("two", "beta")
    able = replace(context, relock=relock)
    with pytest.raises(InputError, match="the lock is missing") as refused:
        build(BuildRequest(folder=folder, locked=True), able)
    assert refused.value.hint == "`comp lock --all` writes it"
    digest = build(BuildRequest(folder=folder), able)
    assert not (folder / "requirements.lock").exists()
    # The first build locks all of them, and the next finds nothing to do.
    assert existing_lock(read_project(other, environ={}))
    fresh = replace(context, shared=Shared())
    assert build(BuildRequest(folder=folder, locked=True), fresh) == digest
    write("two", "beta", "alpha<2")
    assert build(BuildRequest(folder=folder, locked=True), fresh) == digest
    with pytest.raises(InputError, match="the lock is stale"):
        build(BuildRequest(folder=other, locked=True), fresh)


def test_a_collection_is_locked_once_by_a_command_that_builds_all(
    tmp_path: Path, context: BuildContext, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for number in range(4):
        write(f"c{number}", "alpha" if number else "beta")
    members = read_workspace(tmp_path / "work", context.environ).members
    requests = [MemberRequest(member=each, request=BuildRequest(folder=each.folder)) for each in members]
    assert all(outcome.done for outcome in build_many(requests, context, jobs=4))
    assert len([record for record in caplog.records if "resolving for 4 components" in record.getMessage()]) == 1
    assert lock(tmp_path, context, check=True)


def test_a_component_of_a_submodule_has_its_own_lock(tmp_path: Path, context: BuildContext, write: Write) -> None:
    write("one", "alpha<2")
    inner = write("vendored/two", "alpha")
    (tmp_path / "work" / "vendored" / ".git").write_text("gitdir: ../.git/modules/vendored\n")
    assert packages(lock(tmp_path, context)) == {"one": {"alpha": "1.0"}}
    build(BuildRequest(folder=inner), replace(context, relock=relock))
    assert (inner / "requirements.lock").is_file()
    assert lock(tmp_path, context, check=True)


def test_a_broken_component_keeps_its_part(tmp_path: Path, context: BuildContext, write: Write) -> None:
    write("one", "alpha")
    broken = write("two", "beta")
    before = lock(tmp_path, context)
    (broken / "pyproject.toml").write_text("[tool.comp\n")
    write("three", "alpha")
    after = lock(tmp_path, context).after
    assert after[broken] == before.after[broken]
    assert {folder.name for folder in after} == {"one", "two", "three"}
