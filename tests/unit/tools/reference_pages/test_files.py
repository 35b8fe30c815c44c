"""The pages of component.yaml and of cases."""

from pathlib import Path

import pytest

from toolkit.spec.reader import read_component
from tools.reference_pages.files import case_page, contract_page


def test_the_example_is_a_contract(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(contract_page().partition("```yaml\n")[2].partition("```")[0])
    assert [port.name for port in read_component(path).interface.inputs] == ["table", "rate"]


@pytest.mark.parametrize(
    "row",
    [
        "| `inputs` | list of tables | See below. |",
        "| `default` | text or number or true or false | The default value as text, preferably in quotes. |",
        "| `args` | list of texts or tables | The arguments; they follow the command. |",
        "| `{outputPath: NAME}` | The path to write an output to. |",
    ],
)
def test_keys_and_placeholders_are_those_of_the_schema(row: str) -> None:
    assert f"\n{row}\n" in contract_page()


def test_checks_of_a_case_are_listed() -> None:
    page = case_page()
    assert "\n## outputs.NAME\n" in page
    assert "\n| `equals` | anything | The expected value, read by the output's type. |\n" in page
