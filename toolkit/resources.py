"""Finds the templates and schemas, in an installed wheel and in a checkout alike."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(*parts: str) -> Path:
    """Return the path of a shipped file or folder such as `resource("schemas", "component.schema.json")`.

    A wheel carries them under `toolkit/_data`; an editable install reads the checkout's own top level.
    Raises FileNotFoundError when the installation is damaged.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from this installation of comp-toolkit")
