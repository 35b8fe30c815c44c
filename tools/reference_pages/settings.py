"""The page of the settings in pyproject.toml, made of their schema."""

from tools.reference_pages.markdown import table
from tools.reference_pages.schema import SchemaTables

_MADE = "<!-- Made by `make reference` from schemas/comp-config.schema.json. -->"
_HEAD = """\
Settings of a component stand in `[tool.comp]` of its `pyproject.toml`. Name, version, description, `requires-python`
and dependencies are those of the standard table `[project]`. A setting is taken from the first place that has it: the
command line, [a `COMP_…` variable](../environment.md), the component, `[tool.comp.defaults]` of a `pyproject.toml`
above it, the default. An unknown key is an error.

`comp schema pyproject` prints the schema for editors. [What a component needs](../settings.md) says what the
tables are for."""


def settings_page() -> str:
    """Return the page."""
    # The defaults take the same keys as a component.
    tables = SchemaTables("comp-config.schema.json", left_out=frozenset({"defaults"}))
    parts = [_MADE, "# Settings in pyproject.toml", _HEAD]
    for title, keys in tables.below("tool.comp", tables.schema):
        parts += [f"## [{title}]", table(("key", "value", "meaning"), keys)]
    return "\n\n".join(parts) + "\n"
