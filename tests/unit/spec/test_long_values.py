"""Values that no command line can hold."""

import json

import pytest

from toolkit.errors import InputError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.long_values import long_values, take_long_values, values_document
from toolkit.spec.protocol import VALUES_FLAG, flag

LONG = "x" * (LONGEST_ARGUMENT + 1)
LAUNCHED = ["python", absolute(LAUNCHER), "train"]


def test_the_launcher_reads_a_long_value_from_the_file() -> None:
    command = [*LAUNCHED, flag("rows"), "5", flag("text"), LONG, flag("out"), "/outputs/out"]
    values = {"rows": "5", "text": LONG}
    taken, long = take_long_values(command, values, "/values.json")
    assert taken == [*LAUNCHED, VALUES_FLAG, "/values.json", flag("rows"), "5", flag("out"), "/outputs/out"]
    assert long == {"text": LONG}
    assert flag("text") in command


def test_a_command_line_without_long_values_stays() -> None:
    command = [*LAUNCHED, flag("text"), "x"]
    assert take_long_values(command, {"text": "x"}, "/values.json") == (command, {})


@pytest.mark.parametrize(
    "command",
    [["run", flag("text"), LONG], [*LAUNCHED, f"--text={LONG}"], [*LAUNCHED, LONG], [flag("text"), LONG, *LAUNCHED]],
)
def test_a_value_that_cannot_be_taken_out_is_refused(command: list[str]) -> None:
    with pytest.raises(InputError, match=f"the value of 'text' is longer than {LONGEST_ARGUMENT} bytes"):
        take_long_values(command, {"text": LONG}, "/values.json")


def test_bytes_count_and_not_characters() -> None:
    fits, wide = "x" * LONGEST_ARGUMENT, "ä" * (LONGEST_ARGUMENT // 2 + 1)
    assert long_values({"fits": fits, "wide": wide}) == {"wide": wide}


def test_the_file_keeps_values_and_has_no_templates() -> None:
    values = {"text": 'a "{{inputs.x}}" {{{b}}} {{$}} ü\n'}
    document = values_document(values)
    assert json.loads(document) == values
    assert "{{" not in document
