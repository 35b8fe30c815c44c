"""A collection whose lock is stale: one command locks it once, whichever of its components asks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import PackageIndex, small_wheel
from toolkit.collection.building import MemberRequest, build_many
from toolkit.collection.relocking import relock
from toolkit.collection.workspace import read_members
from toolkit.config.project import read_project
from toolkit.errors import InputError
from toolkit.job.build import build
from toolkit.job.context import BuildContext, BuildRequest
from toolkit.requirements.shared_lock import read_shared_lock
from toolkit.system.turns import Shared

Write = Callable[..., Path]


def _versions(root: Path) -> dict[str, str]:
    return {folder.name: one.packages["alpha"] for folder, one in read_shared_lock(root / "comp.lock").items()}


def test_all_components_are_locked_once_for_a_command(
    tmp_path: Path, context: BuildContext, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for folder in (write("one", "alpha"), write("two", "beta")):
        relock(read_project(folder, environ={}), context, upgrade=False)
        # beta takes alpha below 2.
        assert _versions(tmp_path / "work") == {"one": "1.0", "two": "1.0"}
    assert caplog.text.count("resolving for 2 components") == 1


def test_an_upgrade_takes_newer_versions(
    tmp_path: Path, context: BuildContext, write: Write, index: PackageIndex
) -> None:
    project = read_project(write("one", "alpha"), environ={})
    relock(project, context, upgrade=False)
    index.files["alpha-3.0-py3-none-any.whl"] = small_wheel("alpha", "3.0")
    relock(project, replace(context, shared=Shared()), upgrade=False)
    assert _versions(tmp_path / "work") == {"one": "2.0"}
    relock(project, replace(context, shared=Shared()), upgrade=True)
    assert _versions(tmp_path / "work") == {"one": "3.0"}


def test_a_conflict_is_that_of_each_component_and_found_once(
    tmp_path: Path, context: BuildContext, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    projects = [read_project(write(*words), environ={}) for words in (("one", "alpha>=2"), ("two", "beta"), ("three",))]
    for project in projects:
        with pytest.raises(InputError, match="one and two cannot lock together"):
            relock(project, context, upgrade=False)
    assert caplog.text.count("resolving for 3 components") == 1
    assert not (tmp_path / "work" / "comp.lock").exists()


def test_a_component_outside_of_the_collection_is_refused(tmp_path: Path, context: BuildContext, write: Write) -> None:
    write("one", "alpha")
    folder = write("apart", "alpha")
    (tmp_path / "work" / "pyproject.toml").write_text('[tool.comp.workspace]\nmembers = ["one"]\nlock = "shared"\n')
    with pytest.raises(InputError, match="is not a member of the collection") as refused:
        build(BuildRequest(folder=folder), replace(context, relock=relock))
    assert "a [tool.comp.workspace] of its own" in (refused.value.hint or "")
    # Beside a member too, for which the collection is locked anew.
    requests = [
        MemberRequest(member=member, request=BuildRequest(folder=member.folder))
        for member in read_members([tmp_path / "work" / "one", folder], context.environ)
    ]
    outcomes = {outcome.member.name: outcome for outcome in build_many(requests, context, jobs=1)}
    assert outcomes["one"].done
    assert "is not a member of the collection" in str(outcomes["apart"].failure)
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text() + "[tool.comp.workspace]\n")
    build(BuildRequest(folder=folder), replace(context, relock=relock, shared=Shared()))
    assert (folder / "requirements.lock").is_file()
