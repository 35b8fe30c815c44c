"""Components taken from registries, as users add, check and remove them; with two registries, one of an attacker."""

import json
import os
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.releases import contract_of, publish, release
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

AT = "2026-02-01T12:00:00Z"
TRAIN = Name("ml", "train")
COPY = "components/ml/train/component.yaml"
EDITED = "MODIFIED: `comp add --locked --force` takes the release again, and keeps yours as component.yaml.orig\n"


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
    assert (fine.code, fine.out, fine.err) == (0, "OK  ml/train@1.0.0\n", "1 component\n")
    put(shared, "1.1.0")
    newer = comp("status", folder=tmp_path)
    assert (newer.code, newer.out) == (0, "OUTDATED  ml/train@1.0.0  1.1.0 is newer\n")
    assert comp("status", "--check", folder=tmp_path).code == 1
    (tmp_path / COPY).write_bytes(contract_of("1.0.0", mine="String"))
    edited = comp("status", "ml/train", folder=tmp_path)
    assert (edited.code, edited.out, edited.err) == (
        1,
        f"MODIFIED  ml/train@1.0.0  {COPY} was edited; 1.1.0 is newer\n",
        "1 of 1 component needs a change\n" + EDITED,
    )
    (shared.place.folder).rename(tmp_path / "away")
    assert comp("status", folder=tmp_path).code == 1
    (tmp_path / COPY).unlink()
    (gone,) = json.loads(comp("status", "--local", "--format", "json", folder=tmp_path).out)
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
    empty = "components.lock has no components; `comp add` takes one of a registry\n"
    for words in (["status"], ["outdated"], ["update"], ["add", "--locked"]):
        result = comp(*words, folder=tmp_path)
        assert (result.code, result.out, result.err) == (0, "", empty)


def test_what_status_advises_mends_the_copy(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train", folder=tmp_path)
    (tmp_path / COPY).unlink()
    advised = comp("status", folder=tmp_path).err
    assert advised.endswith("MISSING: `comp add --locked` writes the copy again\n")
    ok("add", "--locked", folder=tmp_path)
    (tmp_path / COPY).write_text("nothing\n")
    assert "CORRUPTED: `comp add --locked --force` takes the release again" in comp("status", folder=tmp_path).err
    ok("add", "--locked", "--force", folder=tmp_path)
    assert comp("status", folder=tmp_path).err == "1 component\n"
    put(shared, "1.1.0")
    checked = comp("status", "--check", folder=tmp_path)
    assert checked.err.endswith("OUTDATED: `comp update --dry-run` shows what a newer version changes\n")


def test_a_yanked_version_without_another_is_not_the_newest(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train", folder=tmp_path)
    mark = Yank(reason="it leaks", at=AT)
    shared.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.0.0"), mark))
    updated = comp("update", folder=tmp_path)
    assert (updated.code, updated.out) == (0, "")
    assert updated.err == (
        "nothing newer\n"
        "warning: ml/train@1.0.0 is yanked, and ^1.0.0 allows no other version; "
        "`comp show ml/train` lists them, and `comp add` takes one\n"
    )


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


PIPELINE = """from kfp import components, dsl

train = components.load_component_from_file("components/ml/train/component.yaml")

@dsl.pipeline
def daily():
    train()
"""
PREVIEW = """\
ml/train 1.0.0 -> 2.0.0: major bump, breaks callers
  breaks  B104  the new input 'c' is required
          N502  the command line changed
  pipeline.py:7:5: the step train of daily does not pass 'c', which is required now [B104]
"""


def test_outdated_lists_what_is_newer(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    none = comp("outdated", folder=tmp_path)
    assert (none.code, none.out, none.err) == (0, "", "no newer release for 1 component\n")
    put(shared, "1.1.0")
    put(shared, "2.0.0", c="Float")
    found = comp("outdated", folder=tmp_path)
    assert (found.code, found.err) == (0, "newer releases for 1 of 1 component\n")
    assert found.out == (
        "component  locked  requested  allowed      newest\n"
        "ml/train   1.0.0   ^1         1.1.0 minor  2.0.0 major, breaks: B104\n"
    )
    (data,) = json.loads(ok("outdated", "--format", "json", folder=tmp_path))
    assert data["allowed"] == {"version": "1.1.0", "bump": "minor", "breaking": False, "rules": []}
    assert data["newest"] == {"version": "2.0.0", "bump": "major", "breaking": True, "rules": ["B104"]}


def test_a_preview_prints_what_breaks_and_changes_nothing(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    put(shared, "2.0.0", c="Float")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    beyond = comp("update", "--dry-run", folder=tmp_path)
    assert (beyond.code, beyond.out, beyond.err) == (
        0,
        "",
        "nothing newer that the requests allow; --latest takes newer releases of ml/train\n",
    )
    preview = comp("update", "--dry-run", "--latest", folder=tmp_path)
    assert (preview.code, preview.out, preview.err) == (1, PREVIEW, "")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    (data,) = json.loads(comp("update", "--dry-run", "--latest", "--format", "json", folder=tmp_path).out)
    assert (data["state"], data["breaking"], data["requested"]) == ("planned", True, "^2")
    assert data["pipelines"][0]["where"] == "pipeline.py:7:5"


def test_update_takes_what_the_request_allows(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    put(shared, "1.1.0")
    put(shared, "2.0.0")
    updated = comp("update", "train", folder=tmp_path)
    assert (updated.code, updated.out, updated.err) == (
        0,
        "ml/train 1.0.0 -> 1.1.0: minor bump, breaks no caller\n",
        "updated ml/train@1.0.0 to 1.1.0\n",
    )
    assert (tmp_path / COPY).read_bytes() == contract_of("1.1.0")
    assert (lock(tmp_path)["ml/train"]["version"], lock(tmp_path)["ml/train"]["requested"]) == ("1.1.0", "^1")
    ok("update", "--latest", folder=tmp_path)
    assert (lock(tmp_path)["ml/train"]["version"], lock(tmp_path)["ml/train"]["requested"]) == ("2.0.0", "^2")
    assert comp("update", folder=tmp_path).err == "everything is the newest\n"


def test_update_never_loses_an_edit(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    put(shared, "1.1.0")
    mine = contract_of("1.0.0", mine="String")
    (tmp_path / COPY).write_bytes(mine)
    locked = (tmp_path / "components.lock").read_bytes()
    refused = comp("update", folder=tmp_path)
    assert (refused.code, refused.err) == (
        1,
        f"warning: {COPY} was edited; it stays as it is, and --force keeps it beside the new one\n",
    )
    assert ((tmp_path / COPY).read_bytes(), (tmp_path / "components.lock").read_bytes()) == (mine, locked)
    forced = comp("update", "--force", folder=tmp_path)
    assert (forced.code, forced.err) == (
        0,
        f"updated ml/train@1.0.0 to 1.1.0\nthe edited copy is kept as {COPY}.orig\n",
    )
    assert (tmp_path / f"{COPY}.orig").read_bytes() == mine


def test_an_update_leaves_a_yanked_version(shared: Directory, tmp_path: Path) -> None:
    put(shared, "1.1.0")
    ok("add", "train@^1", folder=tmp_path)
    mark = Yank(reason="it leaks", at=AT)
    shared.change_marks(TRAIN, lambda marks: marks.with_yank(parse_version("1.1.0"), mark))
    status = comp("status", folder=tmp_path)
    assert (status.code, status.out) == (1, "YANKED  ml/train@1.1.0  yanked: it leaks\n")
    ok("update", folder=tmp_path)
    assert lock(tmp_path)["ml/train"]["version"] == "1.0.0"


def test_copies_are_written_again_as_they_were_locked(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    put(shared, "1.1.0")
    before = (tmp_path / "components.lock").read_bytes()
    (tmp_path / COPY).unlink()
    written = comp("add", "--locked", folder=tmp_path)
    assert (written.code, written.out, written.err) == (0, f"{COPY}\n", "added ml/train@1.0.0\n")
    assert (tmp_path / COPY).read_bytes() == contract_of("1.0.0")
    assert (tmp_path / "components.lock").read_bytes() == before
    (tmp_path / COPY).write_text("name: mine\n")
    assert "this copy was edited" in comp("add", "--locked", folder=tmp_path).err
    nothing = comp("add", folder=tmp_path)
    assert (nothing.code, nothing.err.splitlines()[0]) == (2, "error: no component is named")


def test_another_content_than_the_locked_one_is_refused(shared: Directory, tmp_path: Path) -> None:
    ok("add", "train@^1", folder=tmp_path)
    (tmp_path / COPY).unlink()
    (shared.place.folder).rename(tmp_path / "away")
    put(Directory.create(tmp_path / "shared"), "1.0.0", evil="String")
    refused = comp("add", "--locked", folder=tmp_path)
    assert (refused.code, refused.out) == (1, "")
    assert "error: ml/train@1.0.0 has the digest sha256:" in refused.err
    assert not (tmp_path / COPY).exists()


def test_search_looks_in_all_registries_and_at_types(shared: Directory, tmp_path: Path) -> None:
    other = Directory.create(tmp_path / "other")
    publish(other, release("2.0.0", namespace="nlp", name="parse"))
    (tmp_path / "pyproject.toml").write_text('[tool.comp.registries]\nshared = "shared"\nother = "other"\n')
    found = comp("search", folder=tmp_path)
    assert (found.code, found.err) == (0, "2 components\n")
    assert found.out == "shared:ml/train@1.0.0  Fit a model\nother:nlp/parse@2.0.0  Fit a model\n"
    assert comp("search", "--namespace", "n*", folder=tmp_path).out == "other:nlp/parse@2.0.0  Fit a model\n"
    typed = comp("search", "--accepts", "float", "--registry", "other", folder=tmp_path)
    assert typed.out == "nlp/parse@2.0.0  Fit a model\n  c: Float -> nothing\n"
    none = comp("search", "--produces", "Model", folder=tmp_path)
    assert (none.code, none.out, none.err) == (1, "", "0 components\n")
    mark = Deprecation(reason="old", at=AT)
    shared.change_marks(TRAIN, lambda marks: marks.with_deprecation(mark))
    hidden = comp("search", "ml/train", folder=tmp_path)
    assert (hidden.code, hidden.err) == (1, "0 components; 1 deprecated or yanked, which --deprecated shows\n")
    asked = comp("search", "ml/train", "--deprecated", folder=tmp_path)
    assert (asked.code, asked.out) == (0, "shared:ml/train@1.0.0  (deprecated) Fit a model\n")
    (data,) = json.loads(ok("search", "parse", "--format", "json", folder=tmp_path))
    assert (data["registry"], data["name"], data["yanked"]) == ("other", "nlp/parse", False)


def test_show_compares_versions_and_prints_files(shared: Directory, tmp_path: Path) -> None:
    content = contract_of("2.0.0", c="Float")
    publish(shared, release("2.0.0", content=content, readme=b"# Train\n"), content=content, readme=b"# Train\n")
    mark = Deprecation(reason="no longer kept", at=AT, superseded_by=Name("ml", "fit"))
    shared.change_marks(TRAIN, lambda marks: marks.with_deprecation(mark))
    shown = ok("show", "train", folder=tmp_path)
    assert shown.startswith("ml/train@2.0.0: Train\ndeprecated: no longer kept; use ml/fit\n\nFit a model\n")
    assert "files:      README.md (8 B)\n" in shown
    assert "  2.0.0  2026-01-31  major, breaks callers: B104\n  1.0.0  2026-01-31  the first\n" in shown
    assert ok("show", "train", "--readme", folder=tmp_path) == "# Train"
    assert ok("show", "train@2.0.0", "--yaml", folder=tmp_path) == content.decode().removesuffix("\n")
    assert ok("show", "train", "--versions", "1.0.0..2.0.0", folder=tmp_path) == (
        "ml/train 1.0.0 -> 2.0.0: major bump, breaks callers\n"
        "  breaks  B104  the new input 'c' is required\n"
        "          N502  the command line changed"
    )
    data = json.loads(ok("show", "train", "--versions", "1.0.0..2.0.0", "--format", "json", folder=tmp_path))
    assert (data["name"], data["version"], data["new_version"], data["breaking"]) == (
        "ml/train",
        "1.0.0",
        "2.0.0",
        True,
    )
    whole = json.loads(ok("show", "train", "--format", "json", folder=tmp_path))
    assert (whole["registry"], whole["superseded_by"], whole["versions"]) == ("shared", "ml/fit", ["2.0.0", "1.0.0"])
    assert [step["breaking"] for step in whole["history"]] == [True, None]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["train", "--readme"], 1, "error: ml/train@1.0.0 has no README.md"),
        (["train", "--readme", "--yaml"], 2, "error: --readme, --yaml and --versions exclude each other"),
        (["train", "--versions", "1.0.0"], 2, "error: --versions is '1.0.0', expected two versions"),
        (["train", "--versions", "1.0.0..9.0.0"], 1, "error: shared has no ml/train@9.0.0"),
    ],
)
@pytest.mark.usefixtures("shared")
def test_show_refuses(tmp_path: Path, options: list[str], code: int, message: str) -> None:
    refused = comp("show", *options, folder=tmp_path)
    assert (refused.code, refused.out, refused.err.splitlines()[0]) == (code, "", message)


def test_a_release_is_run_unless_a_path_has_its_name(shared: Directory, tmp_path: Path) -> None:
    """A plain process runs no contract: what is said before shows which contract it would be."""
    alone = "error: a contract alone cannot run as a process"
    newest = comp("run", "ml/train@^1", "--runner", "process", folder=tmp_path)
    assert (newest.code, newest.out, newest.err.splitlines()[:2]) == (
        2,
        "",
        ["ml/train@1.0.0 of shared (shared)", alone],
    )
    ok("add", "train", folder=tmp_path)
    put(shared, "1.1.0")
    locked = comp("run", "ml/train", "--runner", "process", folder=tmp_path)
    assert locked.err.splitlines()[:2] == ["ml/train@1.0.0 of components.lock", alone]
    wrong = comp("run", "ml/train", "-i", "absent=1", "--runner", "process", folder=tmp_path)
    assert (wrong.code, "absent" in wrong.err) == (2, True)
    (tmp_path / "ml" / "train").mkdir(parents=True)
    path = comp("run", "ml/train", "--runner", "process", folder=tmp_path)
    assert (path.code, "components.lock" in path.err) == (1, False)
    misspelt = comp("run", "ml/trian", folder=tmp_path)
    assert (misspelt.code, misspelt.err.splitlines()[0]) == (
        1,
        "error: ml/trian is not a path here, and shared has no component ml/trian",
    )
