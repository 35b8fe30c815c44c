"""The settings of the site."""

import tomllib

from tests.conftest import ROOT
from toolkit.cli.main import COMMANDS
from tools.docs_site.configuration import configuration


def test_each_command_has_its_page_in_the_navigation() -> None:
    project = tomllib.loads(configuration(ROOT))["project"]
    (reference,) = [part["Reference"] for part in project["nav"] if "Reference" in part]
    (commands,) = [part["Commands"] for part in reference if isinstance(part, dict) and "Commands" in part]
    assert commands[1:] == [{name: f"reference/commands/{name}.md"} for name in COMMANDS]
