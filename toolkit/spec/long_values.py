"""Values that are too long for a command line, which the launcher reads from a file instead."""

import json
from collections.abc import Mapping

from toolkit.errors import InputError
from toolkit.image_paths import LAUNCHER, absolute
from toolkit.spec.arguments import LONGEST_ARGUMENT
from toolkit.spec.protocol import VALUES_FLAG, flag


def take_long_values(command: list[str], values: Mapping[str, str], file: str) -> tuple[list[str], dict[str, str]]:
    """Return a command line whose long values come from `file`, and these values by the name of their input.

    `values` are those that the command line was made with. Raises InputError for a long value that the component does
    not take from the launcher, as a flag and its value.
    """
    long = long_values(values)
    if not long:
        return command, long
    # Only the launcher reads values from a file; a program of its own has its command line alone.
    if absolute(LAUNCHER) not in command:
        raise _too_long(min(long))
    command = list(command)
    # The component's name follows the launcher, and the launcher's own flags follow that.
    name = command.index(absolute(LAUNCHER)) + 1
    for port, text in long.items():
        # A value inside another word, or in several places, cannot be taken out.
        pair = next((at for at in range(name, len(command)) if command[at : at + 2] == [flag(port), text]), None)
        if pair is None:
            raise _too_long(port)
        del command[pair : pair + 2]
    return [*command[: name + 1], VALUES_FLAG, file, *command[name + 1 :]], long


def long_values(values: Mapping[str, str]) -> dict[str, str]:
    """Return the values that no command line can hold."""
    return {name: text for name, text in values.items() if len(text.encode(errors="replace")) > LONGEST_ARGUMENT}


def values_document(values: Mapping[str, str]) -> str:
    """Return the text of the launcher's file of values (docs/protocol-1.md, `--comp:values`).

    It has no two braces in a row, so that engines find no templates of theirs in it.
    """
    return json.dumps(values).replace("{{", r"\u007b\u007b")


def _too_long(port: str) -> InputError:
    """Return the error for a value that no command line can hold."""
    return InputError(
        f"the value of {port!r} is longer than {LONGEST_ARGUMENT} bytes, the most that a command line holds",
        hint="make it an artifact",
    )
