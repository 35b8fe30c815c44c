import pytest

from toolkit.runners.ending import ending


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [
        (1, "exit code 1"),
        (128, "exit code 128"),
        (255, "exit code 255"),
        (137, "exit code 137 (SIGKILL: killed, perhaps because it needed more memory than it may use)"),
        (143, "exit code 143 (SIGTERM: asked to end)"),
        (129, "exit code 129 (SIGHUP)"),
    ],
)
def test_an_exit_code_names_its_signal(exit_code: int, expected: str) -> None:
    assert ending(exit_code) == expected


def test_a_reason_that_is_known_takes_the_place_of_a_guess() -> None:
    assert ending(137, "killed for memory") == "exit code 137 (SIGKILL: killed for memory)"
    assert ending(1, "killed for memory") == "exit code 1 (killed for memory)"
