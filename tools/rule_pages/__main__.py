"""Write docs/rules.md and docs/rules/*.md: `make rules`. Pages of rules that are gone are removed."""

import sys
from pathlib import Path

from toolkit.cli.rules import every_rule
from tools.rule_pages.page import index, rule_page

_DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(names: list[str]) -> None:
    """Write the pages of the rules with these ids, or of all."""
    rules = every_rule()
    folder = _DOCS / "rules"
    folder.mkdir(exist_ok=True)
    (_DOCS / "rules.md").write_text(index(rules), "utf-8")
    for name in names or sorted(rules):
        (folder / f"{name}.md").write_text(rule_page(rules[name]), "utf-8")
    for path in folder.glob("*.md"):
        if path.stem not in rules:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
