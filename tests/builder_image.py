"""The image of comp itself, by the recipe in docs/ci.md, with comp from this checkout."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```(?:toml|yaml)\n# (?P<name>comp-builder/\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def write_builder(folder: Path) -> Path:
    """Write the component that the documentation shows below a folder, and return its own folder."""
    files = {match["name"]: match["text"] for match in _BLOCK.finditer((ROOT / "docs" / "ci.md").read_text())}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings = folder / "comp-builder" / "pyproject.toml"
    settings.write_text(f'{settings.read_text()}\n[tool.uv.sources]\ncomp-toolkit = {{ path = "{ROOT}" }}\n')
    return settings.parent
