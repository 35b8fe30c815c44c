"""A group of commands that imports a command's module only when the command is called."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Any, cast

import click

from toolkit.words import closest


class LazyGroup(click.Group):
    """A group whose commands are modules with a `command`, so that help and completion import none of them."""

    def __init__(
        self,
        *,
        package: str,
        table: Mapping[str, tuple[str, str]],
        sections: Mapping[str, Iterable[str]] | None = None,
        default: str | None = None,
        **settings: Any,  # noqa: ANN401 (what click takes)
    ) -> None:
        """Take the table of commands: name to the module below `package`, and the line that help shows.

        `sections` are the headings of help, each with its commands; without them there is one. A command line that
        names no command is one of `default`, if that is given.
        """
        super().__init__(**settings)
        self._package = package
        self._table = table
        self._sections = sections or {"Commands": table}
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before what names none; help is that of the group."""
        if self._default and (not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table, not of the alphabet."""
        del ctx
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None if it is unknown."""
        del ctx
        if cmd_name not in self._table:
            return None
        module = import_module(f"{self._package}.{self._table[cmd_name][0]}")
        return cast("click.Command", module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line. Raises UsageError with the name that was probably meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = closest(args[0], self._table)
            advice = f" Did you mean {close!r}?" if close else ""
            raise click.UsageError(error.format_message() + advice, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table."""
        del ctx
        for title, names in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._table[name][1]) for name in names])
