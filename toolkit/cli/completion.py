"""`comp completion`: the script that completes commands and options in a shell."""

import click

from toolkit.cli.console import Console, pass_console


@click.command
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_console
def command(console: Console, *, shell: str) -> None:
    """Print the script that completes comp's commands, options and paths in a shell.

    To install it, add one of the first two lines to the file behind it, or run the third:

    \b
    eval "$(comp completion bash)"   # ~/.bashrc
    eval "$(comp completion zsh)"    # ~/.zshrc, below compinit
    comp completion fish > ~/.config/fish/completions/comp.fish
    """  # noqa: D301 (click looks for the character, and leaves the lines below it as they are)
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    from toolkit.cli.main import comp

    kinds = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    console.data(kinds[shell](comp, {}, "comp", "_COMP_COMPLETE").source().rstrip("\n"))
