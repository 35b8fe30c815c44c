"""Build the documentation site in build/site, or in the folder given: `make docs`."""

import sys
from pathlib import Path

from tools.docs_site.building import build

_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Build the site; print what is wrong with it, or its first page."""
    site = Path(arguments[0]).resolve() if arguments else _ROOT / "build" / "site"
    problems = build(_ROOT, site)
    print("\n".join(problems or [str(site / "index.html")]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
