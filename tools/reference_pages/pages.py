"""All pages of docs/reference by their path in it."""

from toolkit.cli.main import COMMANDS
from tools.reference_pages.commands import command_index, command_page
from tools.reference_pages.exit_codes import exit_codes_page
from tools.reference_pages.files import case_page, contract_page
from tools.reference_pages.python import python_page
from tools.reference_pages.settings import settings_page


def reference_pages() -> dict[str, str]:
    """Return the text of each page of the reference that is made of the code."""
    return {
        "commands/index.md": command_index(),
        **{f"commands/{name}.md": command_page(name) for name in COMMANDS},
        "case.md": case_page(),
        "component.md": contract_page(),
        "exit-codes.md": exit_codes_page(),
        "pyproject.md": settings_page(),
        "python.md": python_page(),
    }
