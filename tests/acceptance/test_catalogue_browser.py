"""The catalogue in a real browser: from the disk and from the server, in light and dark, on a desk and a phone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.catalogues import TRAIN, entry, publish, small_registry
from tests.daemons import require
from toolkit.catalogue import site as site_module
from toolkit.catalogue.folder import site_folder
from toolkit.catalogue.pages import Pages
from toolkit.catalogue.serving import Changes, serving
from toolkit.catalogue.site import Choices, build_site
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CODE = f"```python\n# {'x' * 300}\n```\n\n"
README = f"# Train\n\nSee [below](#below).\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n{CODE}#### Below\n"
AT = "2026-02-01T00:00:00Z"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # A busy machine may take long; a test that is right does not wait for it.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        # Debian's, as no other can be had everywhere; a sandbox needs a user of its own.
        browser = playwright.chromium.launch(executable_path=require("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    registry = small_registry(tmp_path_factory.mktemp("registry"))
    more = TRAIN.replace("outputs:\n", "- {name: seed, type: Integer, default: '1'}\noutputs:\n", 1)
    renamed = more.replace("name: data", "name: table").replace("inputPath: data", "inputPath: table")
    publish(registry, "ml/train-model", "1.1.0", more)
    publish(
        registry,
        *("ml/train-model", "2.0.0", renamed),
        readme=README,
        tags=("sklearn",),
        authors=("Ada",),
        source="https://git.example/x",
        platforms=("linux/amd64",),
    )
    publish(registry, "old/fit", "1.0.0", TRAIN.replace("Fit a", "Once fitted a"))
    deprecation = Deprecation(reason="It is slow.", at=AT, superseded_by=Name("ml", "train-model"))
    registry.change_marks(Name("old", "fit"), lambda marks: marks.with_deprecation(deprecation))

    def yank(marks: Marks) -> Marks:
        return marks.with_yank(parse_version("1.1.0"), Yank(reason="It lost a library.", at=AT))

    registry.change_marks(Name("ml", "train-model"), yank)
    return registry


@pytest.fixture(scope="module")
def site(registry: Directory, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    build_site(registry, out, Choices())
    return out


@pytest.fixture(scope="module")
def places(site: Path) -> Iterator[dict[str, str]]:
    """The catalogue from the disk, and from a server."""
    with serving(site, 0, Changes()) as address:
        yield {"disk": f"{site.as_uri()}/", "server": address}


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Open an address; at the end, nothing may have been complained about."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(address: str, *, size: dict[str, int] | None = None, scheme: str = "light", script: bool = True) -> Page:
        context = browser.new_context(
            viewport=size or DESK,  # type: ignore[arg-type] # a ViewportSize
            color_scheme=scheme,  # type: ignore[arg-type] # light or dark
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _names(page: Page) -> list[str]:
    """Return the components that the list shows."""
    return page.locator("#items a").all_inner_texts()


@pytest.mark.parametrize("place", ["disk", "server"])
def test_a_reader_finds_opens_and_copies(places: dict[str, str], open_page: Open, place: str) -> None:
    page = open_page(places[place] + "index.html")
    expect(page.locator("#status")).to_have_text("3 components")
    assert _names(page) == ["data/load-table", "ml/score", "ml/train-model"]
    # The keyboard alone: search, the first result, its page.
    page.keyboard.press("/")
    page.keyboard.type("train")
    expect(page.locator("#status")).to_have_text("1 of 4 components")
    expect(page.locator("#items mark").first).to_have_text("train")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_title("ml/train-model · Component catalogue")
    # The clipboard of a browser without a window is empty, or refused.
    page.evaluate("navigator.clipboard.writeText = async (text) => { globalThis.copied = text; }")
    page.get_by_role("button", name="Copy the command that adds it").click()
    expect(page.locator("#said")).to_have_text("Copied the command that adds it")
    assert page.evaluate("copied") == "comp add ml/train-model@^2.0.0"
    page.get_by_role("tab", name="KFP").click()
    expect(page.get_by_role("tabpanel", name="KFP")).to_contain_text('load("ml/train-model@^2.0.0")')
    page.get_by_role("link", name="data/load-table").first.click()
    expect(page).to_have_title("data/load-table · Component catalogue")


SEARCHES = [
    ("", ["data/load-table", "ml/score", "ml/train-model"]),
    ("MEASURE", ["ml/score"]),
    ("model", ["ml/train-model", "ml/score"]),
    ("rate", ["ml/train-model"]),
    ("produces:Model", ["ml/train-model"]),
    ("accepts:dataset produces:model", ["ml/train-model"]),
    ("produces:Mod", ["ml/train-model"]),
    ("type:Dataset", ["data/load-table", "ml/train-model"]),
    ("input:seed", ["ml/train-model"]),
    ("ns:data", ["data/load-table"]),
    ('owner:"Ada"', ["data/load-table", "ml/train-model"]),
    ("tag:csv", ["data/load-table"]),
    ("is:deprecated", ["old/fit"]),
    ("absent", []),
    ("http://x", []),
]


def test_searches(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "index.html")
    for query, expected in SEARCHES:
        page.goto(f"{places['disk']}index.html#q={quote(query)}")
        expect(page.locator("#q")).to_have_value(query)
        count = "3 components" if not query else f"{len(expected)} of 4 components"
        expect(page.locator("#status")).to_have_text(count)
        assert _names(page) == expected, query


def test_filters_narrow_the_list_and_stand_in_the_address(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "index.html")
    page.get_by_role("checkbox", name="sklearn").check()
    expect(page.locator("#status")).to_have_text("2 of 4 components")
    page.get_by_role("group", name="Produces").get_by_role("checkbox", name="Model").check()
    page.wait_for_url("**#produces=Model&tag=sklearn")
    assert _names(page) == ["ml/train-model"]
    # Another reader, with the link.
    other = open_page(page.url)
    expect(other.locator("#status")).to_have_text("1 of 4 components")
    assert _names(other) == ["ml/train-model"]
    other.get_by_role("button", name="Remove Tag: sklearn").click()
    expect(other.locator("#chips")).to_have_text("Produces: Model")
    other.get_by_role("button", name="Clear all").click()
    expect(other.locator("#status")).to_have_text("3 components")


def test_deprecated_components_are_shown_when_asked_for(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "index.html")
    page.get_by_label("Show deprecated").check()
    expect(page.locator("#status")).to_have_text("4 of 4 components")
    page.locator("#items a", has_text="fit").click()
    expect(page.locator(".notice")).to_have_text("Deprecated. It is slow. Use ml/train-model instead.")
    page.locator(".notice a").click()
    expect(page).to_have_title("ml/train-model · Component catalogue")


def test_the_keyboard_reaches_all(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "index.html")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == "ml/score"
    # As when more data come: the list is drawn anew, and the focus stays.
    page.evaluate(
        "dispatchEvent(new Event('hashchange'));"
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )
    assert page.evaluate("document.activeElement.textContent") == "ml/score"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("score")
    expect(page.locator("#status")).to_have_text("1 of 4 components")
    page.keyboard.press("Escape")
    expect(page.locator("#status")).to_have_text("3 components")
    page.keyboard.type("score")
    page.keyboard.press("Enter")
    expect(page).to_have_title("ml/score · Component catalogue")
    page.get_by_role("tab", name="comp").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="KFP")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()


def test_any_two_versions_are_compared(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "c/ml/train-model.html")
    box = page.locator("#compare")
    expect(box).to_contain_text("1.1.0 → 2.0.0: breaks callers")
    page.get_by_label("Compare", exact=True).select_option("1.0.0")
    page.get_by_label("with", exact=True).select_option("1.1.0")
    expect(box).to_contain_text("1.0.0 → 1.1.0: adds")
    expect(box).to_contain_text("'seed'")
    other = open_page(page.url)
    expect(other.locator("#compare")).to_contain_text("1.0.0 → 1.1.0: adds")
    expect(other.locator("#versions tr", has_text="It lost a library.")).to_contain_text("1.1.0")


def test_without_scripts_everything_can_be_read(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["disk"] + "index.html", script=False)
    assert _names(page) == ["data/load-table", "ml/score", "ml/train-model"]
    page.locator("#items a").last.click()
    expect(page.locator("#use-argo")).to_be_visible()
    expect(page.locator("#use-docker")).to_be_visible()


def test_colours_follow_the_reader(places: dict[str, str], open_page: Open) -> None:
    page = open_page(places["server"] + "index.html", scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 18, 22)")
    page.get_by_role("button", name="Colours: auto").click()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.locator("#items a").first.click()
    # The click does not wait for the next page, which has no ground yet.
    expect(page.get_by_role("tab").first).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")


def test_ten_thousand_components_are_a_small_first_page(tmp_path: Path, open_page: Open) -> None:
    entries = [
        entry(f"team-{number % 40:02}/step-{number:05}", takes=("Dataset",), gives=(f"Type{number % 200}",))
        for number in range(10_000)
    ]
    with site_folder(tmp_path / "site") as folder:
        site_module._shared(folder, sorted(entries, key=lambda each: each.name), Choices(), Pages("Large"))
        folder.finish()
    loaded = """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .map((each) => [new URL(each.name).pathname, each.decodedBodySize])"""
    with serving(tmp_path / "site", 0, Changes()) as address:
        page = open_page(address + "index.html")
        expect(page.locator("#status")).to_have_text("10,000 components")
        expect(page.get_by_role("button", name="Show all 10,000")).to_be_visible()
        files = page.evaluate(loaded)
        assert sum(size for _, size in files) < 200_000
        assert not [path for path, _ in files if path.startswith("/data/")]
        page.keyboard.press("/")
        page.keyboard.type("step-07777")
        expect(page.locator("#status")).to_have_text("1 of 10,000 components")
        assert _names(page) == ["team-17/step-07777"]
        assert len([path for path, _ in page.evaluate(loaded) if path.startswith("/data/")]) == 64


AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()


# The texts that a button to copy lies over.
COVERED = """[...document.querySelectorAll(".code")].filter((code) => {
    const [text, button] = [...code.querySelectorAll("pre, .copy")].map((each) => each.getBoundingClientRect());
    return button.width && text.right > button.left && text.bottom > button.top && text.top < button.bottom;
}).map((code) => code.dataset.what)"""
PAGES = ("index.html", "index.html#q=model", "index.html#q=absent", "c/ml/train-model.html")


@pytest.mark.parametrize(
    ("scheme", "size", "paths"), [("light", DESK, PAGES), ("dark", DESK, PAGES[1::2]), ("light", PHONE, PAGES[::3])]
)
def test_axe_finds_no_violation(
    places: dict[str, str], open_page: Open, scheme: str, size: dict[str, int], paths: tuple[str, ...]
) -> None:
    page = open_page("about:blank", size=size, scheme=scheme)
    for path in paths:
        page.goto(places["disk"] + path)
        expect(page.locator("html.js")).to_be_attached()
        if path == "index.html#q=absent":
            expect(page.locator("#status")).to_have_text("0 of 4 components")
        page.evaluate(AXE)
        # The styles would be fetched again to look into them, which the policy refuses.
        found = page.evaluate("axe.run({preload: false})")
        problems = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
        assert problems == [], path
        # Nothing sticks out of a narrow screen.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(COVERED) == []


EVIL = '<script>globalThis.ran = 1</script><img src=x onerror="globalThis.ran = 1">"\'`${ran = 1}</title></style>'
HOSTILE = f"""name: {json.dumps(EVIL)}
description: {json.dumps(EVIL + " *x* [x](javascript:ran=1)")}
inputs:
- name: {json.dumps("a " + EVIL)}
  type: {json.dumps("T" + EVIL)}
  default: {json.dumps(EVIL)}
  description: {json.dumps(EVIL)}
outputs:
- {{name: {json.dumps("b " + EVIL)}, type: {json.dumps("U" + EVIL)}}}
implementation:
  container:
    image: IMAGE
    command: [x, {{inputValue: {json.dumps("a " + EVIL)}}}, {{outputPath: {json.dumps("b " + EVIL)}}}]
"""


def test_nothing_of_a_hostile_registry_runs(tmp_path: Path, open_page: Open) -> None:
    registry = Directory.create(tmp_path / "registry")
    fields: dict[str, Any] = {
        "tags": (EVIL,),
        "authors": (EVIL,),
        "by": EVIL,
        "source": f"javascript:{EVIL}",
        "licenses": EVIL,
    }
    publish(registry, "evil/one", "1.0.0", HOSTILE, readme=EVIL + "\n\n[x](javascript:ran=1)\n\n" + EVIL, **fields)
    publish(registry, "evil/one", "1.1.0", HOSTILE.replace("  default", "  optional: true\n  default"), **fields)
    other = HOSTILE.replace('"T<', '"X<').replace('"U<', '"T<').replace('"X<', '"U<')
    publish(registry, "evil/two", "1.0.0", other, **fields)
    deprecation = Deprecation(reason=EVIL, at=AT)
    registry.change_marks(Name("evil", "two"), lambda marks: marks.with_deprecation(deprecation))
    build_site(registry, tmp_path / "site", Choices(title=EVIL))
    page = open_page("about:blank")
    for path in ("index.html", "index.html#deprecated=show&q=script", "c/evil/one.html", "c/evil/two.html"):
        page.goto(f"{(tmp_path / 'site').as_uri()}/{path}")
        expect(page.locator("html.js")).to_be_attached()
        page.wait_for_load_state("load")
        if path.startswith("index"):
            expect(page.locator("#items a").first).to_contain_text("evil/")
        else:
            expect(page.get_by_role("tab").first).to_be_visible()
        assert page.evaluate("globalThis.ran") is None
        assert page.locator("img, iframe, object, embed, form:not(#compare form)").count() == 0
        links = page.evaluate(
            "[...document.querySelectorAll('[href]')].map((each) => new URL(each.getAttribute('href'), location).href)"
        )
        assert not [link for link in links if not link.startswith(("file:", "data:image/svg+xml", "https://"))]


def test_the_policy_stops_what_would_run_all_the_same(site: Path, tmp_path: Path, browser: Browser) -> None:
    """A page in which escaping had failed: the browser runs none of it."""
    html = (site / "c" / "ml" / "score.html").read_text()
    injected = (
        '<script>globalThis.ran = 1</script><img src=x onerror="globalThis.ran = 1"><script src="evil.js"></script>'
    )
    (tmp_path / "evil.js").write_text("globalThis.ran = 1;")
    (tmp_path / "page.html").write_text(html.replace("<main", f"{injected}<main"))
    page = browser.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_load_state("load")
    assert page.evaluate("globalThis.ran") is None
    assert sum("Content Security Policy" in text for text in refused) >= 3
    page.close()


def test_an_open_page_follows_the_registry(tmp_path: Path, open_page: Open) -> None:
    registry, out, changes = small_registry(tmp_path / "registry"), tmp_path / "site", Changes()
    build_site(registry, out, Choices(live=True))
    with serving(out, 0, changes) as address:
        page = open_page(address)
        expect(page.locator("#status")).to_have_text("3 components")
        publish(registry, "ml/another", "1.0.0", TRAIN)
        build_site(registry, out, Choices(live=True))
        changes.announce()
        expect(page.locator("#status")).to_have_text("4 components")
        page.close()
