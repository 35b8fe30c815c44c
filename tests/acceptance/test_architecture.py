"""docs/ARCHITECTURE.md names every part, and draws the ladder that import-linter checks; decisions are listed."""

import re
import tomllib
from pathlib import Path

import toolkit

PACKAGE = Path(toolkit.__file__).parent
ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "ARCHITECTURE.md").read_text()


def test_the_ladder_is_the_one_that_is_checked() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    assert f"```\n{chr(10).join(layers)}\n```" in TEXT


def test_every_part_is_described() -> None:
    parts = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.MULTILINE)) == parts
    assert [module for module in sorted(modules) if f"`{module}`" not in TEXT] == []


def test_every_decision_is_listed_in_the_order_of_the_numbers() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = re.findall(r"^\| \[(\d{4})\]\((.+?)\) \| ", (folder / "README.md").read_text(), flags=re.MULTILINE)
    assert rows == sorted((path.name[:4], path.name) for path in folder.glob("0*.md"))
