"""The entry point: finds the command, runs it, and turns every way it can end into an exit code."""

import logging
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click

from toolkit import __version__, leaving, temporary
from toolkit.cli.console import Console, Words, guard, tell, tell_traceback
from toolkit.errors import CompError
from toolkit.machine import refusal
from toolkit.redaction import learn_from_environment

# Name, module under toolkit.cli, and the line that `comp --help` shows without importing the module.
COMMANDS = {
    "new": ("new", "Scaffold a component from a function, a program or a template."),
    "sync": ("sync", "Bring a newer template into a component's folder."),
    "inspect-function": ("inspect_function", "Print what is understood of a function."),
    "generate": ("generate", "Write component.yaml from the code, or check that it is fresh."),
    "lint": ("lint", "Check component.yaml and the settings, with file:line:col."),
    "lock": ("lock", "Pin requirements by hash and the base by digest."),
    "build": ("build", "Build the image; push it and pin component.yaml."),
    "inspect": ("inspect", "Look into an image: layers, sizes, what the launcher will run."),
    "run": ("run", "Run a component once, on files and values of yours."),
    "test": ("test", "Run the cases in tests/."),
    "publish": ("publish", "Put a release into a component registry."),
    "search": ("search", "Find components in a registry."),
    "show": ("show", "Show one component of a registry."),
    "add": ("add", "Take a component from a registry into this project."),
    "convert": ("convert", "Turn a contract into KFP v2 IR, an Argo WorkflowTemplate, or back."),
    "base": ("base", "Make a base image from Debian packages."),
    "cache": ("cache", "Show or prune the cache."),
    "doctor": ("doctor", "Tell what is installed and reachable, and what is missing."),
    "rules": ("rules", "List the lint rules."),
    "explain": ("explain", "Explain one lint rule."),
}


class _Near(logging.Formatter):
    """Shortens the paths in what the parts below log."""

    def format(self, record: logging.LogRecord) -> str:
        return _near(record.getMessage())


class _Commands(click.Group):
    """Imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"toolkit.cli.{COMMANDS[cmd_name][0]}")
        return cast("click.Command", module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            advice = f" Did you mean {close[0]!r}?" if close else ""
            raise click.UsageError(error.format_message() + advice, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, prog_name="comp")
@click.option("-q", "--quiet", is_flag=True, help="Print results and errors only.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for debugging.")
@click.pass_context
def comp(ctx: click.Context, *, quiet: bool, verbose: int) -> None:
    """Package Python code as pipeline components: scaffold, build, validate, share."""
    ctx.obj = Console(-1 if quiet else verbose)
    log = logging.getLogger("toolkit")
    log.setLevel({-1: logging.WARNING, 0: logging.INFO}.get(ctx.obj.verbosity, logging.DEBUG))
    words = Words()
    words.setFormatter(_Near())
    # What fails because of a signal is not worth a word.
    words.addFilter(lambda _: not leaving.is_leaving())
    log.handlers = [words]
    temporary.sweep(temporary.place())


def main(arguments: list[str] | None = None) -> int:
    """Run `comp` and return its exit code; see docs for their meaning."""
    guard()
    learn_from_environment(os.environ, sys.argv[1:] if arguments is None else arguments)
    try:
        with leaving.on_signals():
            result: Any = comp.main(args=arguments, prog_name="comp", standalone_mode=False)
    except (KeyboardInterrupt, click.exceptions.Abort):
        code = 130
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = 2
    except click.ClickException as error:
        _print_usage(error)
        code = 2
    except SystemExit as stopped:
        code = stopped.code if isinstance(stopped.code, int) else 1
    except BrokenPipeError:
        # The reader of our stdout went away; nothing of ours failed. Python would complain at exit otherwise.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:  # noqa: BLE001 (the one place where a bug becomes exit code 4)
        code = _failed(error)
    else:
        code = result if isinstance(result, int) else 0
    return code


def _near(text: str) -> str:
    """Write paths below the current folder as people would: relative to it.

    Only where a path begins: `/work/` is left alone in `/mnt/work/a` and in `https://host/work/a`, and from `/` every
    path stays as it is.
    """
    try:
        folder = str(Path.cwd())
    except FileNotFoundError:
        # The current folder was removed meanwhile.
        return text
    if folder == os.sep or folder not in text:
        return text
    return re.sub(rf"(?<![\w./~%-]){re.escape(folder + os.sep)}(?=[^\s/])", "", text)


def _failed(error: Exception) -> int:
    """Print why a command failed, and give the exit code."""
    known = error if isinstance(error, CompError) else refusal(error)
    if known is None:
        _print_bug(error)
        return 4
    _print_error(known)
    return known.exit_code


def _print_usage(error: click.ClickException) -> None:
    message = error.format_message()
    tell(f"error: {message[:1].lower()}{message[1:]}")
    context = getattr(error, "ctx", None)
    tell(f"hint: see {context.command_path if context else 'comp'} --help")


def _print_error(error: CompError) -> None:
    where = f"{error.where}: " if error.where else ""
    tell(_near(f"error: {where}{error.message}"))
    cause, said = error.__cause__, error.message
    while cause is not None:
        text = cause.message if isinstance(cause, CompError) else str(cause) or type(cause).__name__
        if text not in said:
            tell(f"  caused by: {text}")
        cause, said = cause.__cause__, said + text
    if error.hint:
        tell(f"hint: {error.hint}")


def _print_bug(error: Exception) -> None:
    tell_traceback(error)
    tell(f"error: this is a bug in comp {__version__}: {type(error).__name__}: {error}")
    tell("hint: please report it with the lines above")


if __name__ == "__main__":
    sys.exit(main())
