"""The entry point: what it prints about a command line that is wrong."""

import pytest

from toolkit.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["changed", "-v"], "it goes before the command: comp -v changed"),
        (["pipeline", "run", "--quiet"], "it goes before the command: comp --quiet pipeline run"),
        (["changed", "--nope"], "see comp changed --help"),
    ],
)
def test_an_option_that_a_command_does_not_know(
    capsys: pytest.CaptureFixture[str], arguments: list[str], hint: str
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.endswith(f"\n\nhint: {hint}\n")
