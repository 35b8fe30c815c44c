"""Parsers of argparse, followed through functions, groups, subclasses and modules."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code
from toolkit.errors import UsageError
from toolkit.interface.programs.reading import ASK

SUB = """
import argparse
p = argparse.ArgumentParser(description="All.")
p.add_argument("--verbose", action="store_true")
subs = p.add_subparsers(dest="command", required=True)
train = subs.add_parser("train", help="Train it.")
train.add_argument("--epochs", type=int, default=3)
subs.add_parser("test")
p.parse_args()
"""

BESIDE = """
import argparse
class Own(argparse.ArgumentParser):
    def __init__(self):
        super().__init__()
        self.add_argument("--c")
def made():
    p = argparse.ArgumentParser()
    p.add_argument("--d")
    return p
def fill(p):
    p.add_argument("--e")
"""


@pytest.mark.parametrize(
    "code",
    [
        "p = ArgumentParser()\ng = p.add_mutually_exclusive_group()\ng.add_argument('--a')\np.parse_args()",
        "q = ArgumentParser(add_help=False)\nq.add_argument('--a')\np = ArgumentParser(parents=[q])\np.parse_args()",
        "def fill(x, name):\n    x.add_argument('--' + name)\np = ArgumentParser()\nfill(p, 'a')\np.parse_args()",
        "def make():\n    p = ArgumentParser()\n    p.add_argument('--a')\n    return p\nmake().parse_args()",
        (
            "class T:\n    def __init__(self):\n        self.p = ArgumentParser()\n"
            "    def go(self):\n        self.p.add_argument('--a')\n        self.p.parse_args()"
        ),
        "p = ArgumentParser()\nfor n in ['a']:\n    p.add_argument(f'--{n}')\np.parse_args()",
        "p = ArgumentParser()\nfor n, t in {'a': str}.items():\n    p.add_argument('--' + n, type=t)\np.parse_args()",
        "def main():\n    p = ArgumentParser()\n    if 1:\n        p.add_argument('--a')\n    p.parse_args()\nmain()",
        "with open('x') as s:\n    p = ArgumentParser()\n    p.add_argument('--a')\np.parse_args()",
    ],
)
def test_a_parser_is_followed(tmp_path: Path, code: str) -> None:
    program = read_code(tmp_path, f"from argparse import ArgumentParser\n{code}\n")
    assert [option.name for option in program.options] == ["a"]
    assert not program.remarks


@pytest.mark.parametrize(
    ("code", "names"),
    [
        (
            (
                "class Own(argparse.ArgumentParser):\n    def __init__(self):\n        super().__init__()\n"
                "        self.add_argument('--a')\n"
                "class Further(Own): ...\np = Further()\np.add_argument('--b')\np.parse_args()\n"
            ),
            ["a", "b"],
        ),
        ("from beside import Own\np = Own()\np.add_argument('--b')\np.parse_args()\n", ["c", "b"]),
        ("from beside import made\nargs = made().parse_args()\n", ["d"]),
        ("from beside import fill as more\np = argparse.ArgumentParser()\nmore(p)\np.parse_args()\n", ["e"]),
        (
            (
                "first = argparse.ArgumentParser(add_help=False)\nfirst.add_argument('--config')\n"
                "p = argparse.ArgumentParser()\np.add_argument('--b')\n"
                "known, rest = first.parse_known_args()\np.parse_args(rest)\n"
            ),
            ["config", "b"],
        ),
    ],
)
def test_other_classes_and_modules_are_followed(tmp_path: Path, code: str, names: list[str]) -> None:
    program = read_code(tmp_path, "import argparse\n" + code, beside=BESIDE)
    assert [one.name for one in program.options] == names
    assert not program.remarks


def test_one_subcommand(tmp_path: Path) -> None:
    program = read_code(tmp_path, SUB, subcommand="train")
    assert (program.subcommand, program.description) == ("train", "Train it.")
    assert [(one.name, one.before) for one in program.options] == [("verbose", True), ("epochs", False)]
    with pytest.raises(UsageError) as caught:
        read_code(tmp_path, SUB)
    assert caught.value.hint == "--subcommand: test, train"
    with pytest.raises(UsageError, match="no sub-command 'gone'"):
        read_code(tmp_path, SUB, subcommand="gone")


def test_a_parser_that_goes_elsewhere_is_remarked_on(tmp_path: Path) -> None:
    program = read_code(tmp_path, ARGPARSE + "from other import add_all\nadd_all(p)\np.parse_args()\n")
    (remark,) = program.remarks
    assert remark.message == "`add_all` may add options to `p`, and is not in this file"


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            "from project import MyParser\np = MyParser()\np.parse_args()",
            "options that `MyParser` adds itself are not known",
            ASK,
        ),
        (
            "import jsonargparse\np = jsonargparse.ArgumentParser()\np.add_class_arguments(Model)\np.parse_args()",
            "options that `add_class_arguments` adds are not known",
            ASK,
        ),
    ],
)
def test_unknown_options_are_remarked_on(tmp_path: Path, code: str, message: str, advice: str) -> None:
    program = read_code(tmp_path, code)
    assert (message, advice) in [(one.message, one.help) for one in program.remarks]


def test_a_parser_of_something_else_in_another_function_adds_no_options(tmp_path: Path) -> None:
    program = read_code(
        tmp_path,
        "import argparse, trt\n"
        "def export(net):\n    parser = trt.OnnxParser(net)\n    parser.parse_from_file('x')\n"
        "def options():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--n', type=int, default=1)\n"
        "    return parser.parse_args()\n",
    )
    assert ([option.name for option in program.options], program.remarks) == (["n"], ())
