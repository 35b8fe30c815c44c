"""Components whose image a Dockerfile describes."""

from collections.abc import Mapping
from pathlib import Path

CONTRACT = """name: Count lines
inputs:
- {name: text, type: String, default: hello}
outputs:
- {name: lines, type: Integer}
metadata:
  annotations: {version: 1.2.0}
implementation:
  container:
    image: count-lines:1.2.0
    command: [sh, -ec, 'mkdir -p "$(dirname "$1")"; echo "$0" | wc -l > "$1"', {inputValue: text}, {outputPath: lines}]
"""


def write_dockerfile_component(
    folder: Path, dockerfile: str, *, settings: str = "", files: Mapping[str, str] | None = None
) -> Path:
    """Write a component with a Dockerfile; `settings` are lines of [tool.comp], `files` more of its files."""
    given = {
        "pyproject.toml": '[project]\nname = "count-lines"\nversion = "1.2.0"\ndescription = "Count."\n\n[tool.comp]\n'
        f'dockerfile = "Dockerfile"\n{settings}\n',
        "component.yaml": CONTRACT,
        "Dockerfile": dockerfile,
        **(files or {}),
    }
    for path, text in given.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
