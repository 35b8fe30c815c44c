"""Run with pytest."""

import re
from pathlib import Path

FOLDER = Path(__file__).parent.parent
INPUTS = {{ cookiecutter._inputs }}
OUTPUTS = {{ cookiecutter._outputs }}


def test_contract_lists_the_programs_options() -> None:
    contract = (FOLDER / "component.yaml").read_text()
    ports = re.findall(r"^- {name: '?([^,'}]+)", contract, re.MULTILINE)
    assert ports == INPUTS + OUTPUTS


def test_program_exists() -> None:
    assert (FOLDER / "src" / "{{ cookiecutter._program }}").is_file()
