import json
import logging
from pathlib import Path

import pytest

from tests.catalogues import SCORE, TRAIN, publish, small_registry
from toolkit.catalogue.site import Built, Choices, build_site
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version


def _times(root: Path) -> dict[str, int]:
    """Return when each page was written."""
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in root.rglob("*.html")}


def _changed(root: Path, before: dict[str, int]) -> list[str]:
    """Return the pages that were written since."""
    return sorted(name for name, time in _times(root).items() if before.get(name) != time)


def test_a_catalogue_has_a_list_and_a_page_for_each_component(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    built = build_site(registry, out, Choices())
    assert built == Built(components=3, written=3, unchanged=0, removed=0, failed=())
    assert built.summary() == "3 components: 3 made, 0 unchanged"
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()) == [
        ".comp-catalog.json",
        *("assets/list.js", "assets/page.js", "assets/style.css"),
        *("c/data/load-table.html", "c/data/load-table.yaml", "c/ml/score.html", "c/ml/score.yaml"),
        *("c/ml/train-model.html", "c/ml/train-model.yaml", "data/000.js", "index.html", "index.json", "llms.txt"),
    ]
    assert len(json.loads((out / "index.json").read_text())["components"]) == 3


def test_the_same_registry_changes_no_file(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name[0] != "."}
    assert build_site(registry, out, Choices()).written == 0
    assert {
        path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name[0] != "."
    } == before


def test_a_new_release_changes_its_page_and_the_list(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    before = _times(out)
    publish(registry, "ml/score", "1.1.0", SCORE)
    assert build_site(registry, out, Choices()).written == 1
    assert _changed(out, before) == ["c/ml/score.html", "index.html"]


def test_a_component_that_now_fits_changes_the_pages_of_its_neighbours(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    before = _times(out)
    publish(registry, "ml/another-score", "1.0.0", SCORE)
    build_site(registry, out, Choices())
    assert _changed(out, before) == ["c/ml/another-score.html", "c/ml/train-model.html", "index.html"]


def test_a_yank_of_an_old_version_changes_the_page(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    publish(registry, "ml/score", "1.1.0", SCORE)
    build_site(registry, out, Choices())
    yank = Yank(reason="It lost a library.", at="2026-02-01T00:00:00Z")
    registry.change_marks(Name("ml", "score"), lambda marks: marks.with_yank(parse_version("1.0.0"), yank))
    assert build_site(registry, out, Choices()).written == 1
    assert "It lost a library." in (out / "c" / "ml" / "score.html").read_text()


def test_another_title_changes_every_page(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    assert build_site(registry, out, Choices(title="Shared")).written == 3
    assert "Shared" in (out / "c" / "ml" / "score.html").read_text()


def test_a_damaged_release_is_reported_and_the_others_are_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    damaged = [publish(registry, "ml/score", "1.1.0", SCORE), publish(registry, "ml/new", "1.0.0", TRAIN)]
    for release in damaged:
        (path,) = (registry.root / "blobs").rglob(release.digest.hex)
        path.write_text("{")
    with caplog.at_level(logging.WARNING):
        built = build_site(registry, out, Choices())
    assert built.failed == ("ml/new", "ml/score")
    assert (built.components, built.written, built.unchanged) == (4, 1, 1)
    assert "ml/score cannot be shown" in caplog.text
    # The page of before stays, and a component without a page is in no list.
    assert "1.0.0" in (out / "c" / "ml" / "score.html").read_text()
    assert [each["name"] for each in json.loads((out / "index.json").read_text())["components"]] == [
        *("data/load-table", "ml/score", "ml/train-model")
    ]


def test_packages_for_artifact_hub_come_and_go(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices(artifact_hub=True))
    assert (out / "artifact-hub" / "ml-score" / "1.0.0" / "artifacthub-pkg.yml").is_file()
    build_site(registry, out, Choices())
    assert not (out / "artifact-hub").exists()


def test_a_component_that_is_gone_has_no_page(tmp_path: Path) -> None:
    registry, out = small_registry(tmp_path / "registry"), tmp_path / "site"
    build_site(registry, out, Choices())
    fewer = Directory.create(tmp_path / "fewer")
    publish(fewer, "ml/score", "1.0.0", SCORE)
    built = build_site(fewer, out, Choices())
    assert (built.components, built.removed) == (1, 2)
    assert built.summary().endswith(", 2 removed")
    assert sorted(path.name for path in (out / "c").rglob("*.html")) == ["score.html"]
    assert not (out / "c" / "data").exists()


def test_an_empty_registry_has_a_page(tmp_path: Path) -> None:
    assert build_site(Directory.create(tmp_path / "registry"), tmp_path / "site", Choices()).components == 0
    assert "This registry is empty" in (tmp_path / "site" / "index.html").read_text()
