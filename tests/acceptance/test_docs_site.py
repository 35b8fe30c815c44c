"""The documentation site builds without a broken link, and its navigation has every page."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import ROOT
from tests.daemons import require
from tools.docs_site.building import build
from tools.docs_site.configuration import configuration
from tools.reference_pages.pages import reference_pages

DOCS = ROOT / "docs"
# Reached from a table on another page.
LISTED = ("rules/", "decisions/0")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    assert build(ROOT, folder) == []
    return folder


@pytest.fixture
def browser_page(site: Path) -> Iterator[Page]:
    """The first page in a browser, opened from its file; what the browser complains about, and any server, fails."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=require("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith("file:") else complaints.append(asked.url))
        page.goto((site / "index.html").as_uri())
        yield page
        browser.close()
    assert complaints == []


def test_search_works_from_files(browser_page: Page) -> None:
    browser_page.get_by_role("button", name="Search").first.click()
    browser_page.keyboard.type("baseline")
    browser_page.get_by_text(re.compile(r"^\d+ results?$")).wait_for()
    browser_page.get_by_text("A baseline: new findings only").wait_for()
    browser_page.keyboard.press("Enter")
    browser_page.wait_for_url(re.compile(r"/lint\.html"))
    assert browser_page.locator("h1").inner_text().startswith("comp lint")


def test_the_site_builds_and_no_link_is_broken(site: Path) -> None:
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
