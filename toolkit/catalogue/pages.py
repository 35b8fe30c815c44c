"""The pages' frame: templates, style and scripts, and the policy that lets a browser run our scripts alone.

The policy names the digest of each inline script. Those may load further scripts ('strict-dynamic'), which works from
a disk too, where `'self'` would stand for every file. Nothing else runs, whatever a registry says.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

import toolkit
from toolkit.redaction import hide_in_data, visible

if TYPE_CHECKING:
    from jinja2 import Environment

_WEB = Path(__file__).parent / "web"
_KEY = 8
ASSETS = ("style.css", "list.js", "page.js")


class Pages:
    """Renders the pages of one catalogue; with `live` they are loaded anew when `comp catalog serve` says so."""

    def __init__(self, title: str, *, live: bool = False) -> None:
        self.title = title
        self.live = live

    @cached_property
    def key(self) -> str:
        """A text that differs whenever this program would make other pages of the same components."""
        digest = hashlib.sha256(f"{toolkit.__version__}\n{self.title}\n{self.live}".encode())
        for path in sorted((*_WEB.iterdir(), *Path(__file__).parent.glob("*.py"))):
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def assets(self) -> dict[str, bytes]:
        """Return the files that all pages share, by their paths."""
        return {f"assets/{name}": _web(name) for name in ASSETS}

    def render(self, template: str, *, script: str, depth: int, heading: str, values: Mapping[str, Any]) -> bytes:
        """Return a page that lies in `depth` folders, with a script of the assets."""
        root = "../" * depth
        boot = _web("boot.js").decode().replace("@SCRIPT@", f"{root}assets/{script}?{_asset_key(script)}")
        scripts = [boot, *([_web("live.js").decode()] if self.live else [])]
        html = self._environment.get_template(template).render(
            title=self.title,
            heading=heading,
            root=root,
            # Ours, and named by digest in the policy.
            scripts=[Markup(text) for text in scripts],  # noqa: S704
            style_key=_asset_key("style.css"),
            policy=_policy(scripts, live=self.live),
            **values,
        )
        return visible(hide_in_data(html)).encode()

    @cached_property
    def _environment(self) -> "Environment":
        """Return the templates' surroundings, in which every value is escaped."""
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        return Environment(
            loader=FileSystemLoader(_WEB),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )


@cache
def _web(name: str) -> bytes:
    """Return a file of ours, which is read once for all pages."""
    return (_WEB / name).read_bytes()


@cache
def _asset_key(name: str) -> str:
    """Return the part of an asset's address that changes with it, for the caches of browsers."""
    return hashlib.sha256(_web(name)).hexdigest()[:_KEY]


def _policy(scripts: list[str], *, live: bool) -> str:
    """Return the Content-Security-Policy of a page with these inline scripts."""
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = [
        "default-src 'none'",
        f"script-src {allowed} 'strict-dynamic'",
        "style-src 'self'",
        # The page's own icon.
        "img-src data:",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return "; ".join(rules)
