"""zensical's settings for the site: docs/zensical.toml, with the pages that its navigation names by a pattern."""

import re
from pathlib import Path

from toolkit.cli.main import COMMANDS

# `"reference/commands/*"` in the navigation stands for a page for each command, in the order of `comp --help`.
_COMMANDS = re.compile(r'"reference/commands/\*"')


def configuration(root: Path) -> str:
    """Return the settings of the repository's site."""
    pages = ", ".join(f'{{ "{name}" = "reference/commands/{name}.md" }}' for name in COMMANDS)
    return _COMMANDS.sub(pages, (root / "docs" / "zensical.toml").read_text("utf-8"))
