"""What a runner gets."""

from msgspec.structs import replace

from toolkit.runners.protocol import Run


def test_the_program_gets_the_constants_of_the_contract_and_the_variables_of_the_run(copying: Run) -> None:
    container = replace(copying.spec.container, env={"MODE": "fast", "LEVEL": "1"})
    run = replace(
        copying,
        spec=replace(copying.spec, implementation=container),
        variables={"TOKEN": "hidden-value", "LEVEL": "2"},
    )
    assert run.environment == {"MODE": "fast", "LEVEL": "2", "TOKEN": "hidden-value"}
    assert container.env == {"MODE": "fast", "LEVEL": "1"}


def test_no_record_of_a_run_shows_the_values_of_secrets(copying: Run) -> None:
    assert "hidden-value" not in repr(replace(copying, variables={"TOKEN": "hidden-value"}))
