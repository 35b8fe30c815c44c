"""What the driver knows of parsers, by itself and around a program."""

import argparse
import json
import pathlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from toolkit.program_probe import driver


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prog")
    parser.add_argument("source", type=argparse.FileType())
    parser.add_argument("--rate", "-r", type=float, default=0.5, help="How fast (%(default)s).")
    parser.add_argument("--no-cache", dest="cache", action="store_false")
    parser.add_argument("--names", nargs="*", type=int)
    parser.add_argument("--tag", action="append")
    parser.add_argument("-v", action="count", default=0)
    parser.add_argument("--where", type=pathlib.Path, required=True)
    parser.add_argument("--deep", action=argparse.BooleanOptionalAction)
    parser.add_argument("--version", action="version", version="1")
    return parser


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_actions_of_argparse() -> None:
    described = driver.of_parser(_parser(), [], before=False)
    assert [(one["name"], one["flag"], one["type"], one["form"], one["default"]) for one in described] == [
        ("source", "", "String", "value", None),
        ("rate", "--rate", "Float", "value", 0.5),
        ("no-cache", "--no-cache", "Boolean", "switch", False),
        ("names", "--names", "JsonArray", "list", None),
        ("tag", "--tag", "JsonArray", "each", None),
        ("v", "-v", "Integer", "count", 0),
        ("where", "--where", "String", "value", None),
        ("deep", "--deep", "Boolean", "switch", None),
    ]
    options = {one["name"]: one for one in described}
    assert (options["source"]["declared"], options["where"]["declared"]) == ("input", "path")
    assert (options["rate"]["help"], options["names"]["items"], options["deep"]["off"]) == (
        "How fast (0.5).",
        "Integer",
        "--no-deep",
    )


def test_a_subcommand_is_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    parser = argparse.ArgumentParser(prog="prog")
    parser.add_argument("--loud", action="store_true")
    parser.add_subparsers().add_parser("train").add_argument("--epochs", type=int)
    described = driver.of_parser(parser, ["train"], before=True)
    assert [(one["name"], one["before"]) for one in described] == [("loud", True), ("epochs", False)]
    for words, answer in (([], {"words": ["train"]}), (["gone"], {"words": ["train"], "unknown": "gone"})):
        with pytest.raises(SystemExit):
            driver.of_parser(parser, words, before=True)
        assert capsys.readouterr().out == f"{driver.MARK}{json.dumps(answer)}\n"


def test_parameters_of_click() -> None:
    @click.group()
    @click.option("--loud", is_flag=True)
    def main(**_: Any) -> None:  # noqa: ANN401 (any value)
        """Do all."""

    @main.command()
    @click.argument("source", type=click.Path(exists=True))
    @click.option("--name", multiple=True, type=int)
    @click.option("--to", type=click.File("w"), required=True)
    def train(**_: Any) -> None:  # noqa: ANN401 (any value)
        """Train it."""

    answer = driver.of_command(main, ["train"])
    assert answer["description"] == "Train it."
    shown = [(one["name"], one["type"], one["form"], one["declared"], one["before"]) for one in answer["options"]]
    assert shown == [
        ("loud", "Boolean", "switch", "", True),
        ("source", "String", "value", "input", False),
        ("name", "JsonArray", "each", "", False),
        ("to", "String", "value", "output", False),
    ]


def test_the_program_ends_where_it_parses(tmp_path: Path) -> None:
    program = tmp_path / "prog.py"
    program.write_text(
        "import argparse\nprint('before')\np = argparse.ArgumentParser(description='Do it.')\n"
        "p.add_argument('--n', type=int, default=1)\np.parse_args()\nprint('after')\n"
    )
    command = [sys.executable, "-I", driver.__file__, str(program), ""]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    before, line = done.stdout.splitlines()
    assert before == "before"
    answer = json.loads(line.removeprefix(driver.MARK))
    assert answer["description"] == "Do it."
    assert [one["name"] for one in answer["options"]] == ["n"]
