"""Commands of click and typer."""

from pathlib import Path

import pytest

from tests.programs import read_code, shown
from toolkit.errors import InputError, Severity
from toolkit.interface.programs.reading import ASK

CLICK = """
import click
@click.command()
@click.argument("source", type=click.Path(exists=True))
@click.option("--times", "-t", default=2, show_default=True, help="How often.")
@click.option("--flag/--no-flag", default=True)
@click.option("--loud", is_flag=True)
@click.option("--mode", type=click.Choice(["a", "b"]), envvar="MODE")
@click.option("--name", "names", multiple=True, type=int)
@click.option("--pair", nargs=2, type=float)
@click.option("-v", "--verbose", count=True)
@click.option("--must", required=True)
@click.option("--to", type=click.File("w"))
def main(**all):
    '''Do it.

    At length.
    '''
"""

TYPER = """
import enum
import typer
from pathlib import Path
from typing import Annotated, List, Optional
app = typer.Typer()
class Mode(str, enum.Enum):
    A = "a"
@app.command()
def main(ctx: typer.Context, source: Path, times: Annotated[int, typer.Option(help="How often.")] = 2,
         flag: bool = True, names: Optional[List[str]] = typer.Option(None, "--name"), mode: Mode = Mode.A,
         must: str = typer.Option(..., "--really"), extra: Annotated[str, typer.Argument()] = "x"):
    '''Do it.'''
if __name__ == "__main__":
    app()
"""


def test_options_of_click(tmp_path: Path) -> None:
    program = read_code(tmp_path, CLICK)
    assert program.kind == "click"
    assert [shown(option) for option in program.options] == [
        ("source", "", "String", "value", None, True),
        ("times", "--times", "Integer", "value", "2", False),
        ("flag", "--flag", "Boolean", "switch", "true", False),
        ("loud", "--loud", "Boolean", "switch", "false", False),
        ("mode", "--mode", "String", "value", None, False),
        ("names", "--name", "JsonArray", "each", None, False),
        ("pair", "--pair", "JsonArray", "list", None, False),
        ("verbose", "--verbose", "Integer", "count", None, False),
        ("must", "--must", "String", "value", None, True),
        ("to", "--to", "String", "value", None, False),
    ]
    assert not [remark for remark in program.remarks if remark.severity is Severity.WARNING]


def test_options_of_typer(tmp_path: Path) -> None:
    program = read_code(tmp_path, TYPER)
    assert program.kind == "typer"
    assert [shown(option) for option in program.options] == [
        ("source", "", "String", "value", None, True),
        ("times", "--times", "Integer", "value", "2", False),
        ("flag", "--flag", "Boolean", "switch", "true", False),
        ("names", "--name", "JsonArray", "each", None, False),
        ("mode", "--mode", "String", "value", "a", False),
        ("must", "--really", "String", "value", None, True),
        ("extra", "", "String", "value", "x", False),
    ]
    assert not [remark for remark in program.remarks if remark.severity is Severity.WARNING]


def test_choices_descriptions_and_negations(tmp_path: Path) -> None:
    options = {one.name: one for one in read_code(tmp_path, CLICK).options}
    assert (options["mode"].choices, options["times"].help, options["flag"].off) == (
        ("a", "b"),
        "How often.",
        "--no-flag",
    )
    assert (options["source"].declared, options["to"].declared) == ("input", "output")
    assert read_code(tmp_path, CLICK).description == "Do it."


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import rich_click as click\n@click.command()\n@click.option('--a')\ndef main(a): ...\nmain()\n", ["a"]),
        (
            (
                "import click\ndef shared(f):\n    return click.option('--b')(click.option('--a')(f))\n"
                "@click.command()\n@shared\ndef main(a, b): ...\nmain()\n"
            ),
            ["b", "a"],
        ),
        (
            (
                "from typer import Argument as Arg, Option as Opt, Typer as App\napp = App()\n@app.command()\n"
                "def main(a: str = Arg(...), b: int = Opt(3)): ...\napp()\n"
            ),
            ["a", "b"],
        ),
    ],
)
def test_shared_decorators_and_other_names_are_followed(tmp_path: Path, code: str, names: list[str]) -> None:
    program = read_code(tmp_path, code)
    assert [one.name for one in program.options] == names
    assert not program.remarks


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            "import click\nfrom shared import common\n@click.command()\n@common\ndef main(): ...\nmain()",
            "options that `common` adds are not known",
            ASK,
        ),
    ],
)
def test_unknown_options_are_remarked_on(tmp_path: Path, code: str, message: str, advice: str) -> None:
    program = read_code(tmp_path, code)
    assert (message, advice) in [(one.message, one.help) for one in program.remarks]


def test_typers_argument_under_another_name_is_positional(tmp_path: Path) -> None:
    code = "import typer\nfrom typer import Argument as Arg\ndef main(a: str = Arg(...)): ...\ntyper.run(main)\n"
    assert [one.flag for one in read_code(tmp_path, code).options] == [""]


def test_subcommands_of_other_modules_are_refused_with_a_hint(tmp_path: Path) -> None:
    code = "import click\nfrom other import train\n@click.group()\ndef main(): ...\nmain.add_command(train)\nmain()\n"
    with pytest.raises(InputError) as caught:
        read_code(tmp_path, code)
    assert caught.value.hint == "--exec asks its own parser for them"
