"""Find the shipped templates, schemas and pages of rules, in an installed wheel and in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resource(*parts: str) -> Path:
    """Return the path of a shipped file or folder such as `resource("schemas", "component.schema.json")`.

    A wheel has them in `toolkit/_data`; an editable install reads the top level of its checkout, since hatchling's
    force-include does not apply to it. Raises FileNotFoundError if the installation is damaged.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise FileNotFoundError(f"{'/'.join(parts)} is missing from this installation of comp-toolkit")
