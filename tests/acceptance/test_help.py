"""The help of every command fits a terminal of 80 columns, and describes every option."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import toolkit
from tests.commands import ok
from tests.conftest import ROOT
from toolkit.cli.main import COMMANDS, SECTIONS, comp
from toolkit.errors import InputError, OutsideError, UsageError

# A name alone: `COMP_LIMIT_…` and the like are the begin of one.
_VARIABLE = re.compile(r"\bCOMP_(?!LIMIT_)[A-Z0-9_]*[A-Z0-9]\b(?!_)")
# Set by one process of comp for another.
INTERNAL = {"COMP_TOOLKIT_PYTHON", "COMP_PIPELINE_IMAGES"}


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command below a group with the words that call it."""
    context = click.Context(group, **comp.context_settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))


EVERY = {(): comp, **dict(_commands(comp))}


def shown(*words: str) -> str:
    """Return the help of a command on a terminal of 80 columns; in this process, since there are many."""
    done = CliRunner().invoke(comp, [*words, "--help"], prog_name="comp", env={"COLUMNS": "80"})
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_no_line_is_cut_or_wider_than_80_columns(words: tuple[str, ...]) -> None:
    usage, *lines = shown(*words).splitlines()
    assert usage.startswith(" ".join(("Usage: comp", *words)))
    assert [line for line in lines if len(line) > 80 or line.endswith(("...", " …"))] == []


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_option_has_a_help_text(words: tuple[str, ...]) -> None:
    options = [parameter for parameter in EVERY[words].params if isinstance(parameter, click.Option)]
    assert [option.name for option in options if not option.hidden and not option.help] == []


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_has_a_help_text_of_a_whole_sentence(words: tuple[str, ...]) -> None:
    assert (EVERY[words].help or "").partition("\n\n")[0].endswith((".", ":"))


def test_the_exit_codes_are_those_of_errors() -> None:
    listed = " ".join(ok("--help").split())
    codes = {OutsideError: "something outside failed", UsageError: "the command line is wrong"}
    codes |= {InputError: "what it reads is wrong or missing"}
    for error, words in codes.items():
        assert f"{int(error.exit_code)} {words}" in listed


def test_every_variable_is_documented() -> None:
    sources = [path.read_text() for path in Path(toolkit.__file__).parent.rglob("*.py")]
    used = {name for text in sources for name in _VARIABLE.findall(text)} - INTERNAL
    page = (ROOT / "docs" / "environment.md").read_text()
    assert set(_VARIABLE.findall(page)) == used
    assert len(used) > 20
    # docs/security.md has one for each bound.
    assert "`COMP_LIMIT_…`" in page


def test_the_list_of_commands_shows_each_in_full() -> None:
    words = " ".join(shown().split())
    for name, (_, summary) in COMMANDS.items():
        assert f" {name} {summary}" in words


def test_commands_stand_below_what_they_are_for() -> None:
    lines = shown().splitlines()
    places = [lines.index(f"{title}:") for title in SECTIONS]
    assert places == sorted(places)
    below = lines[places[0] + 1 : places[1]]
    assert [line.split()[0] for line in below if line[2:3].strip()] == [*SECTIONS["Make and read components"]]
