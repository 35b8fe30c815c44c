import re
from pathlib import Path

from msgspec.structs import replace

from tests.catalogues import TRAIN, publish, small_registry
from toolkit.catalogue.component_page import Subject, Surroundings, component_files, page_path
from toolkit.catalogue.fitting import Fits
from toolkit.catalogue.pages import Pages
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version


def _page(registry: Directory, name: str) -> str:
    """Return the page of a component."""
    entries = list(registry.entries())
    entry = next(entry for entry in entries if entry.name == name)
    fits, known = Fits(entries), {each.name for each in entries}
    around = Surroundings(registry=registry, place=None, pages=Pages("Shared"))
    subject = Subject(
        entry=entry, before=fits.before(entry), after=fits.after(entry), successor=entry.superseded_by in known
    )
    return component_files(subject, around)[page_path(name)].decode()


def test_a_page_shows_what_a_component_is(tmp_path: Path) -> None:
    html = _page(small_registry(tmp_path), "ml/score")
    assert "<title>ml/score · Shared</title>" in html
    assert "Measure a model." in html
    assert '<tr id="input-model">' in html
    assert '<tr id="output-metrics">' in html
    assert "comp add ml/score@^1.0.0" in html
    assert "Apache-2.0" in html
    assert "robot" in html
    assert 'href="../../c/ml/train-model.html"' in html
    assert 'id="readme"' not in html


def test_the_contract_lies_beside_the_page(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    entries = list(registry.entries())
    around = Surroundings(registry=registry, place=None, pages=Pages("S"))
    files = component_files(Subject(entry=entries[0]), around)
    assert sorted(files) == ["c/data/load-table.html", "c/data/load-table.yaml"]
    assert files["c/data/load-table.yaml"].startswith(b"name: Load table\n")


def test_a_deprecated_component_names_its_successor(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)
    deprecation = Deprecation(reason="It is slow.", at="2026-02-01T00:00:00Z", superseded_by=Name("ml", "score"))
    registry.change_marks(Name("ml", "train-model"), lambda marks: marks.with_deprecation(deprecation))
    html = _page(registry, "ml/train-model")
    assert 'It is slow. Use <a href="../../c/ml/score.html">ml/score</a> instead.' in html
    other = replace(deprecation, superseded_by=Name("ml", "gone"))
    registry.change_marks(Name("ml", "train-model"), lambda marks: marks.with_deprecation(other))
    assert "Use <code>ml/gone</code> instead." in _page(registry, "ml/train-model")


def test_a_yanked_version_is_marked(tmp_path: Path) -> None:
    registry = small_registry(tmp_path)

    def yank(marks: Marks) -> Marks:
        return marks.with_yank(parse_version("1.0.0"), Yank(reason="It lost a library.", at="2026-02-01T00:00:00Z"))

    registry.change_marks(Name("ml", "score"), yank)
    html = _page(registry, "ml/score")
    assert "<strong>Version 1.0.0 is yanked.</strong> It lost a library." in html


def test_only_web_addresses_of_sources_are_links(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    publish(registry, "a/web", "1.0.0", TRAIN, source="https://ann:pw@git.example/x", revision="0" * 40)
    publish(registry, "a/script", "1.0.0", TRAIN, source="javascript:alert(1)")
    assert '<a href="https://git.example/x" rel="noopener noreferrer nofollow">git.example/x</a>' in _page(
        registry, "a/web"
    )
    html = _page(registry, "a/script")
    assert "javascript:alert(1)" in html
    assert 'href="javascript' not in html


def test_ports_of_similar_names_have_anchors_of_their_own(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    ports = "inputs:\n- {name: A b}\n- {name: a-b}\n- {name: '!!'}\n"
    publish(registry, "a/b", "1.0.0", f"name: x\n{ports}implementation:\n  container: {{image: IMAGE}}\n")
    assert re.findall(r'<tr id="(input-[^"]+)"', _page(registry, "a/b")) == ["input-a-b", "input-a-b-2", "input-port"]


def test_a_graph_of_components_has_a_page(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    publish(registry, "a/graph", "1.0.0", "name: G\nimplementation:\n  graph:\n    tasks: {}\n")
    assert "<h1>" in _page(registry, "a/graph")
