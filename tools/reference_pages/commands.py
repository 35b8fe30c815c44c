"""The page of each command: its whole help, with the help of the commands below it."""

import inspect
from collections.abc import Iterator

import click

from toolkit.cli.main import COMMANDS, comp
from tools.reference_pages.markdown import code, prose, table

_MADE = "<!-- Made by `make reference` from the help of the commands. -->"


def command_index() -> str:
    """Return the page that lists the commands, and the options of `comp` itself."""
    context = _root()
    rows = [(f"[comp {name}]({name}.md)", prose(summary)) for name, (_, summary) in COMMANDS.items()]
    parts = [_MADE, "# Commands", *_description(comp), table(("command", "what it does"), rows)]
    parts += ["## Options of every command", *_options(context)]
    parts += ["`-q` and `-v` may stand behind the command, too. [Exit codes](../exit-codes.md) are the same for all."]
    return "\n\n".join(parts) + "\n"


def command_page(name: str) -> str:
    """Return the page of a command and of those below it."""
    parent = _root()
    command = comp.get_command(parent, name)
    if command is None:
        raise ValueError(f"no such command: {name}")
    return "\n\n".join([_MADE, *_sections(click.Context(command, parent=parent, info_name=name), 1)]) + "\n"


def _root() -> click.Context:
    """Return the context of `comp` itself, which decides the names of the option for help."""
    return click.Context(comp, info_name="comp", **comp.context_settings)


def _sections(context: click.Context, level: int) -> Iterator[str]:
    """Yield the parts of a command's help, and of each command below it."""
    yield f"{'#' * level} {context.command_path}"
    yield from _description(context.command)
    usage = context.command.collect_usage_pieces(context)
    yield f"```text\n{' '.join([context.command_path, *usage])}\n```"
    yield from _options(context)
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            below = context.command.get_command(context, name)
            if below and not below.hidden:
                yield from _sections(click.Context(below, parent=context, info_name=name), min(level + 1, 3))


def _description(command: click.Command) -> Iterator[str]:
    """Yield the paragraphs of a command's help. One that click does not wrap is shown as code."""
    for paragraph in inspect.cleandoc(command.help or "").partition("\f")[0].split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```text\n{inspect.cleandoc(paragraph[2:])}\n```"
        elif paragraph.strip():
            yield prose(paragraph)


def _options(context: click.Context) -> Iterator[str]:
    """Yield the table of a command's options; its arguments stand in the usage, and the text says what they are."""
    options = [each for each in context.command.get_params(context) if isinstance(each, click.Option)]
    records = filter(None, (option.get_help_record(context) for option in options))
    rows = [(code(names), prose(text)) for names, text in records]
    yield table(("option", "meaning"), rows)
