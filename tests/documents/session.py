"""Run a page: its files are written and its commands run in order, in an empty folder."""

import difflib
import os
from collections.abc import Iterator

from msgspec import Struct

from tests.documents.block import Block, Command, Page, commands_of
from tests.documents.printed import as_here, as_on_page, is_printed
from tests.documents.surroundings import Surroundings

# Set it to write into the pages what their commands print now.
REWRITE = "COMP_REWRITE_PAGES"


class Difference(Struct, frozen=True, kw_only=True):
    """A command that printed something else than its page says, or ended with another exit code."""

    command: Command
    message: str
    printed: tuple[str, ...] = ()


def run_page(page: Page, surroundings: Surroundings) -> list[str]:
    """Run a page and return a message for each command that did something else than the page says."""
    differences = [each for block in page.blocks for each in _run(block, surroundings)]
    if os.environ.get(REWRITE):
        rewrite(page, differences)
    return [f"{page.path}:{each.command.line - 1}: $ {each.command.text}\n{each.message}" for each in differences]


def rewrite(page: Page, differences: list[Difference]) -> None:
    """Write what commands printed into their page."""
    lines = page.path.read_text("utf-8").splitlines()
    for each in reversed(differences):
        if each.printed:
            start = each.command.line - 1
            lines[start : start + len(each.command.printed)] = each.printed
    page.path.write_text("\n".join(lines) + "\n", "utf-8")


def _run(block: Block, surroundings: Surroundings) -> Iterator[Difference]:
    """Do what a block says: write its file, or run its commands; first the commands of its comments."""
    for name, text in block.notes:
        if name == "run":
            done = surroundings.shell.run(as_here(text, surroundings.replaced))
            assert done.code == 0, f"{text}\n{done.out}"
    if block.title and block.note("not run") is None:
        path = surroundings.shell.here / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_here(block.text, surroundings.replaced), "utf-8")
    elif block.is_run:
        commands = tuple(commands_of(block))
        for command in commands:
            code = int(block.note("exit") or 0) if command is commands[-1] else 0
            yield from _differences(command, code, surroundings)


def _differences(command: Command, code: int, surroundings: Surroundings) -> Iterator[Difference]:
    """Run a command and compare."""
    done = surroundings.shell.run(as_here(command.text, surroundings.replaced))
    out = as_on_page(done.out, surroundings.replaced)
    if done.code != code:
        yield Difference(command=command, message=f"exit code {done.code}, expected {code}\n{out}")
    elif command.printed and not is_printed(command.printed, out):
        changes = difflib.unified_diff(command.printed, out.splitlines(), "on the page", "printed", lineterm="")
        yield Difference(command=command, message="\n".join(changes), printed=tuple(out.splitlines()))
