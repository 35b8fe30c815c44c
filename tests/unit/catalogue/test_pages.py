import base64
import hashlib
import re
from html import unescape

from toolkit.catalogue.pages import ASSETS, Pages

VALUES = {"description": "", "about": "", "examples": [], "count_words": "", "rows": [], "total": 0, "settings": "{}"}


def _page(pages: Pages) -> str:
    return pages.render("list.html", script="list.js", depth=0, heading="Shared", values=VALUES).decode()


def test_the_policy_names_the_digest_of_each_script_of_the_page() -> None:
    for live in (False, True):
        html = _page(Pages("Shared", live=live))
        policy = unescape(re.findall(r'Content-Security-Policy" content="([^"]+)"', html)[0])
        scripts = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
        assert len(scripts) == 1 + live
        for script in scripts:
            assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy
        assert "unsafe" not in policy
        assert ("connect-src" in policy) is live


def test_titles_are_escaped() -> None:
    html = _page(Pages("<script>alert(1)</script>"))
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_other_settings_make_other_pages() -> None:
    keys = {Pages("a").key, Pages("b").key, Pages("a", live=True).key}
    assert len(keys) == 3
    assert Pages("a").key == Pages("a").key


def test_the_shared_files_are_there() -> None:
    assets = Pages("a").assets()
    assert sorted(assets) == sorted(f"assets/{name}" for name in ASSETS)


def test_characters_that_turn_the_direction_of_writing_are_seen() -> None:
    assert "\\u202e" in _page(Pages("a\u202eb"))
