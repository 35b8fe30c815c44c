"""Parse a command line of comp as comp does, and run nothing: files and values are not looked at."""

import shlex
from collections.abc import Iterator

import click

from toolkit.cli.main import comp

_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "2>", "&", ")"}


def check_command_line(line: str) -> Iterator[str]:
    """Yield what is wrong with the words that a line of a shell gives to comp; nothing for other programs."""
    words = shlex.split(line.replace("$(", "$( ").replace(")", " ) "), comments=True)
    while "comp" in words:
        words = words[words.index("comp") + 1 :]
        end = next((number for number, word in enumerate(words) if word in _ENDS), len(words))
        yield from _parsed(comp, click.Context(comp, info_name="comp", **comp.context_settings), words[:end])


def _parsed(command: click.Command, context: click.Context, words: list[str]) -> Iterator[str]:
    """Yield what a command's parser has against its words."""
    try:
        given, rest, _ = command.make_parser(context).parse_args(args=list(words))
    except click.UsageError as error:
        yield f"{' '.join(words)}: {error.format_message()}"
        return
    yield from _choices(command, given)
    if not isinstance(command, click.Group):
        yield from (f"{context.command_path}: too many words: {word}" for word in rest)
    elif rest:
        below = command.get_command(context, rest[0])
        if below is None:
            yield f"{context.command_path} has no command {rest[0]}"
        else:
            yield from _parsed(below, click.Context(below, parent=context, info_name=rest[0]), rest[1:])


def _choices(command: click.Command, given: dict[str, object]) -> Iterator[str]:
    """Yield the values that an option does not take."""
    for option in command.params:
        value = given.get(option.name or "")
        if isinstance(option.type, click.Choice) and isinstance(value, str) and value not in option.type.choices:
            yield f"{option.opts[0]} is not {value}"
