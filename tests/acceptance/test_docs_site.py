"""The documentation site builds without a broken link, and its navigation has every page."""

import re
import tomllib
from pathlib import Path

from tests.conftest import ROOT
from tools.docs_site.building import build
from tools.docs_site.configuration import configuration
from tools.reference_pages.pages import reference_pages

DOCS = ROOT / "docs"
# Reached from a table on another page.
LISTED = ("rules/", "decisions/0")


def test_the_site_builds_and_no_link_is_broken(tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert build(ROOT, site) == []
    assert (site / "index.html").is_file()
    assert (site / "reference" / "commands" / "build.html").is_file()
    # Search without a server.
    assert "iframe-worker.js" in (site / "index.html").read_text()
    assert (site / "search.js").stat().st_size > 100_000


def test_the_navigation_has_every_page_once() -> None:
    named = re.findall(r'"([^"]+\.md)"', configuration(ROOT).partition("[project.theme]")[0])
    pages = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    inside = sorted(page for page in named if not page.startswith("repository/"))
    assert inside == sorted(page for page in pages if not page.startswith(LISTED))


def test_pages_of_the_reference_are_what_the_code_says() -> None:
    pages = reference_pages()
    differing = [name for name, text in pages.items() if _text(DOCS / "reference" / name) != text]
    assert differing == [], "run make reference"
    made = {path.name for path in (DOCS / "reference" / "commands").iterdir()}
    assert made == {Path(name).name for name in pages if name.startswith("commands/")}


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def test_the_generator_is_pinned() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert {"include-group": "docs"} in groups["dev"]
    (name,) = groups["docs"]
    assert f"\n{name}\n" in f"\n{(ROOT / 'constraints.txt').read_text()}"
