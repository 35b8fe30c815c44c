"""Links and loaded files of a built site."""

from pathlib import Path

from tools.docs_site.links import broken_links, read_links


def _site(folder: Path, **pages: str) -> Path:
    for name, text in pages.items():
        path = folder / f"{name.replace('__', '/')}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_links_inside_a_site_lead_to_pages_files_and_anchors(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("")
    links = "<a href=below/b.html#end>b</a> <a href=/below/>c</a> <a href=#top>t</a> <a href=https://example.com>e</a>"
    site = _site(
        tmp_path,
        a=f"<link rel=stylesheet href=style.css><h1 id=top>A</h1>{links}",
        below__b="<p id=end><a href='../a.html#__search'>a</a>",
        below__index="<a href='.'>here</a>",
    )
    assert broken_links(site) == []


def test_each_link_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    site = _site(
        tmp_path / "site",
        a="<a href=b.html#gone>b</a> <a href=c.html>c</a> <a href=../outside.html>o</a>",
        b="",
    )
    _site(tmp_path, outside="")
    assert broken_links(site) == [
        "a.html: broken link ../outside.html",
        "a.html: broken link b.html#gone",
        "a.html: broken link c.html",
    ]


def test_a_page_loads_nothing_from_another_server(tmp_path: Path) -> None:
    loads = (
        '<script src="https://cdn.example.com/x.js"></script><img src=//example.com/y.png><link rel=icon href=z.png>'
    )
    site = _site(tmp_path, a=loads)
    assert broken_links(site) == [
        "a.html: loads //example.com/y.png",
        "a.html: loads https://cdn.example.com/x.js",
        "a.html: broken link z.png",
    ]


def test_the_canonical_address_is_named_and_not_loaded() -> None:
    assert read_links('<link rel="canonical" href="https://docs.example.com/">').loads == frozenset()
