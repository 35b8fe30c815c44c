"""Components taken from registries, as users add, check and remove them; with two registries, one of an attacker."""

import json
import os
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.releases import contract_of, publish, release
from toolkit.registry.directory import Directory
from toolkit.registry.marks import Deprecation, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

AT = "2026-02-01T12:00:00Z"
TRAIN = Name("ml", "train")
COPY = "components/ml/train/component.yaml"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directory:
    """Make a registry with ml/train 1.0.0, which the project's settings name."""
    monkeypatch.setenv("COMP_REGISTRIES_FILE", os.devnull)
    monkeypatch.delenv("COMP_REGISTRY", raising=False)
    (tmp_path / "pyproject.toml").write_text('[tool.comp.registries]\nshared = "shared"\n')
    directory = Directory.create(tmp_path / "shared")
    put(directory, "1.0.0")
    return directory


def put(registry: Directory, version: str, **more: str) -> None:
    """Publish a version of ml/train, whose inputs are `more`, by name and type."""
    content = contract_of(version, **more)
    publish(registry, release(version, content=content), content=content)


def lock(folder: Path) -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = json.loads((folder / "components.lock").read_text())["components"]
    return entries


def test_a_component_is_added_from_the_configured_registry(shared: Directory, tmp_path: Path) -> None:
    added = comp("add", "train", folder=tmp_path)
    assert (added.code, added.out, added.err) == (0, f"{COPY}\n", "added ml/train@1.0.0\n")
    assert (tmp_path / COPY).read_bytes() == contract_of("1.0.0")
    entry = lock(tmp_path)["ml/train"]
    assert (entry["requested"], entry["registry"], entry["path"]) == ("^1.0.0", "shared", COPY)
    assert shared.place.folder == tmp_path / "shared"


@pytest.mark.usefixtures("shared")
def test_in_a_folder_below_the_same_lock_counts(tmp_path: Path) -> None:
    ok("add", "train", folder=tmp_path)
    deep = tmp_path / "pipelines" / "daily"
    deep.mkdir(parents=True)
    assert comp("add", "train@1.0.0", folder=deep).out == f"../../{COPY}\n"
    assert lock(tmp_path)["ml/train"]["requested"] == "1.0.0"
    assert comp("status", folder=deep).out == "OK  ml/train@1.0.0\n"
    assert not (deep / "components.lock").exists()


def test_a_dry_run_writes_nothing(shared: Directory, tmp_path: Path) -> None:
    planned = comp("add", "ml/train@^1", "--dry-run", "--format", "json", folder=tmp_path)
    assert (planned.code, planned.err) == (0, "would add ml/train@1.0.0\n")
    assert json.loads(planned.out) == [
        {
            "name": "ml/train",
            "version": "1.0.0",
            "digest": str(shared.release(TRAIN, parse_version("1.0.0")).digest),
            "image": "registry.example.com/ml/train@sha256:" + "0" * 64,
            "requested": "^1",
            "registry": "shared",
            "path": COPY,
            "previous": None,
            "changed": True,
        }
    ]
    assert not (tmp_path / "components.lock").exists()
    assert not (tmp_path / "components").exists()


def test_a_version_and_its_digest_are_checked_together(shared: Directory, tmp_path: Path) -> None:
    digest = shared.release(TRAIN, parse_version("1.0.0")).digest
    ok("add", f"ml/train@1.0.0#{digest}", folder=tmp_path)
    refused = comp("add", f"ml/train@1.0.0#sha256:{'1' * 64}", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert f"ml/train@1.0.0 has the digest {digest}, expected sha256:1111" in refused.err


def test_a_yanked_version_is_added_only_by_its_number(shared: Directory, tmp_path: Path) -> None:
    put(shared, "1.1.0")
    mark = Yank(reason="it leaks", at=AT)
    shared.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.1.0"), mark))
    assert comp("add", "train", folder=tmp_path).err == "added ml/train@1.0.0\n"
    refused = comp("add", "train@^1.1", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: no release of ml/train matches ^1.1\n\nhint: its releases: 1.0.0, 1.1.0 (yanked: it leaks)\n"
    )
    exact = comp("add", "train@1.1.0", folder=tmp_path)
    assert (exact.code, exact.err) == (0, "warning: ml/train@1.1.0 is yanked: it leaks\nadded ml/train@1.1.0\n")


def test_a_deprecated_component_names_its_successor(shared: Directory, tmp_path: Path) -> None:
    mark = Deprecation(reason="no longer kept", at=AT, superseded_by=Name("ml", "fit"))
    shared.change_marks(TRAIN, lambda marks: marks.with_deprecation(mark))
    added = comp("add", "train", folder=tmp_path)
    assert (added.code, added.err) == (
        0,
        "warning: ml/train is deprecated: no longer kept; use ml/fit\nadded ml/train@1.0.0\n",
    )


def test_status_has_a_line_for_each_component(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train", folder=tmp_path)
    fine = comp("status", folder=tmp_path)
    assert (fine.code, fine.out, fine.err) == (0, "OK  ml/train@1.0.0\n", "1 component: none need a change\n")
    put(shared, "1.1.0")
    newer = comp("status", folder=tmp_path)
    assert (newer.code, newer.out) == (0, "OUTDATED  ml/train@1.0.0  1.1.0 is newer\n")
    assert comp("status", "--check", folder=tmp_path).code == 1
    (tmp_path / COPY).write_bytes(contract_of("1.0.0", mine="String"))
    edited = comp("status", "ml/train", folder=tmp_path)
    assert (edited.code, edited.out, edited.err) == (
        1,
        f"MODIFIED  ml/train@1.0.0  {COPY} was edited; 1.1.0 is newer\n",
        "1 component: 1 needs a change\n",
    )
    (shared.place.folder).rename(tmp_path / "away")
    assert comp("status", folder=tmp_path).code == 1
    (tmp_path / COPY).unlink()
    (gone,) = json.loads(comp("status", "--offline", "--format", "json", folder=tmp_path).out)
    assert gone == {
        "name": "ml/train",
        "version": "1.0.0",
        "state": "MISSING",
        "states": ["MISSING"],
        "reasons": [f"{COPY} does not exist"],
        "requested": "^1.0.0",
        "registry": "shared",
        "path": COPY,
        "allowed": None,
        "newest": None,
    }


def test_status_without_a_lock(tmp_path: Path) -> None:
    result = comp("status", folder=tmp_path)
    assert (result.code, result.out, result.err) == (0, "", "0 components: none need a change\n")


@pytest.mark.usefixtures("shared")
def test_a_removed_component_leaves_nothing_of_its_own(tmp_path: Path) -> None:
    ok("add", "train", folder=tmp_path)
    (tmp_path / COPY).write_text("name: mine\n")
    refused = comp("remove", "train", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        f"error: {COPY}: this copy was edited, and removing the component would lose that\n"
        "\nhint: --force keeps it beside, as component.yaml.orig\n"
    )
    removed = comp("remove", "train", "--force", folder=tmp_path)
    assert (removed.code, removed.out, removed.err) == (
        0,
        "ml/train@1.0.0\n",
        f"the edited copy is kept as {COPY}.orig\n",
    )
    assert (lock(tmp_path), (tmp_path / f"{COPY}.orig").read_text()) == ({}, "name: mine\n")
    unknown = comp("remove", "train", folder=tmp_path)
    assert (unknown.code, unknown.err.splitlines()[0]) == (1, "error: components.lock has no component train")


def test_a_name_cannot_be_taken_from_an_attackers_registry(shared: Directory, tmp_path: Path) -> None:
    evil = Directory.create(tmp_path / "evil")
    put(evil, "99.0.0")
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.comp.registries]\nshared = "shared"\nevil = "evil"\n')
    refused = comp("add", "ml/train", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        "error: ml/train is in 2 registries: shared (shared), evil (evil)\n"
        "\nhint: choose one: `shared:ml/train`, --registry shared, or namespaces = […] of the registry that it "
        "belongs to\n"
    )
    ok("add", "shared:ml/train", folder=tmp_path)
    # From now on the name is bound to its registry, also if another one has a higher version.
    assert comp("add", "ml/train", folder=tmp_path).err == "ml/train@1.0.0 is there already\n"
    assert comp("status", folder=tmp_path).out == "OK  ml/train@1.0.0\n"
    other = comp("add", "ml/train", "--registry", "evil", folder=tmp_path)
    assert (other.code, other.out) == (1, "")
    assert "ml/train was added from shared, and --registry is evil (evil)" in other.err
    settings.write_text('[tool.comp.registries]\nshared = { place = "shared", namespaces = ["ml"] }\nevil = "evil"\n')
    ok("remove", "ml/train", folder=tmp_path)
    assert comp("add", "train", folder=tmp_path).err == "added ml/train@1.0.0\n"
    (shared.place.folder).rename(tmp_path / "away")
    ok("remove", "ml/train", folder=tmp_path)
    lost = comp("add", "ml/train", folder=tmp_path)
    assert (lost.code, lost.out) == (1, "")
    assert "shared is not a component registry" in lost.err
