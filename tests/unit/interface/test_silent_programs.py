"""Programs whose options are not all in their file: what is read all the same, and what is said of the rest."""

from pathlib import Path
from textwrap import dedent

import pytest

from toolkit.errors import InputError
from toolkit.interface.programs.model import Program
from toolkit.interface.programs.reading import module_of, read_program
from toolkit.interface.programs.roles import roles_of
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import read_contract

ASK = "--exec asks the program's own parser"
DECLARE = "--input NAME:value and --output NAME say what it takes"


def _read(folder: Path, code: str, **beside: str) -> Program:
    for name, text in {"prog": code, **beside}.items():
        (folder / f"{name}.py").write_text(dedent(text), encoding="utf-8")
    return read_program(folder / "prog.py")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("path = sys.argv[1]\n", [("path", "String", True, None)]),
        (
            "n, m = int(sys.argv[1]), float(sys.argv[2])\n",
            [("argument_1", "Integer", True, None), ("argument_2", "Float", True, None)],
        ),
        ("N = int(sys.argv[2])\n", [("argument_1", "String", True, None), ("n", "Integer", True, None)]),
        ("script, a, b = sys.argv\n", [("a", "String", True, None), ("b", "String", True, None)]),
        ("a, b = sys.argv[1:]\n", [("a", "String", True, None), ("b", "String", True, None)]),
        ("n = int(sys.argv[1]) if len(sys.argv) > 1 else 5\n", [("n", "Integer", False, "5")]),
        ("a = 'x'\nif len(sys.argv) > 1:\n    a = sys.argv[1]\n", [("a", "String", False, None)]),
        ("try:\n    a = sys.argv[1]\nexcept IndexError:\n    a = 'x'\n", [("a", "String", False, None)]),
        ("def main(argv):\n    a = argv[0]\nmain(sys.argv[1:])\n", [("a", "String", True, None)]),
        (
            "args = sys.argv[1:]\nprint(args[1])\n",
            [("argument_1", "String", True, None), ("argument_2", "String", True, None)],
        ),
        ("for one in sys.argv[1:]:\n    print(one)\n", [("arguments", "JsonArray", False, "[]")]),
        ("from sys import argv\na = argv[1]\n", [("a", "String", True, None)]),
    ],
)
def test_words_of_sys_argv(tmp_path: Path, code: str, expected: list[tuple[object, ...]]) -> None:
    program = _read(tmp_path, f"import sys\n{code}")
    assert [(one.name, one.type, one.required, one.default) for one in program.options] == expected
    assert {one.flag for one in program.options} == {""}
    assert not program.remarks


def test_what_words_of_sys_argv_are_for(tmp_path: Path) -> None:
    code = "import sys\nscript, a, b = sys.argv\nopen(a).read()\nopen(b, 'w')\nopen(sys.argv[3], 'w')\n"
    program = _read(tmp_path, code)
    assert [role.kind for role in roles_of(module_of(program), program.options).values()] == [
        "input",
        "output",
        "output",
    ]


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        ("print('no options')", "no command line was found in it", f"{DECLARE}, {ASK}"),
        ("import sys\nprint(sys.argv[n()])", "which word `sys.argv[n()]` is, is known when the program runs", ""),
        (
            "rate, name = 0.1, 'x'\nepochs = 3\nexec(open('configurator.py').read())",
            (
                "`exec(open('configurator.py').read())` may read the command line "
                "and set the variables of the module: epochs"
            ),
            DECLARE,
        ),
        (
            "import hydra\n@hydra.main(config_name='c')\ndef main(cfg): ...\nmain()",
            "hydra reads its command line, whose options are not known",
            DECLARE,
        ),
        (
            "from jsonargparse import CLI\nCLI(f)",
            "jsonargparse reads its command line, whose options are not known",
            ASK,
        ),
        (
            "from lightning.pytorch.cli import LightningCLI\nLightningCLI(Model)",
            "LightningCLI reads its command line, whose options are not known",
            ASK,
        ),
        (
            "from docopt import docopt\nargs = docopt(__doc__)",
            "docopt reads its command line, whose options are not known",
            ASK,
        ),
        (
            "import getopt, sys\ngetopt.getopt(sys.argv[1:], 'ab:')",
            "getopt reads its command line, whose options are not known",
            DECLARE,
        ),
        (
            "from project.options import parse_args\nargs = parse_args()",
            "`parse_args` of project.options may read its command line, and is not read here",
            ASK,
        ),
        (
            "import sys\nfrom project import options\n_, args = options.parse_default_args(sys.argv)",
            "`options.parse_default_args` of project.options may read its command line, and is not read here",
            ASK,
        ),
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
        (
            (
                "from dataclasses import dataclass\nfrom transformers import HfArgumentParser, TrainingArguments\n"
                "@dataclass\nclass Own(TrainingArguments):\n    rate: float = 0.1\nHfArgumentParser(Own)"
            ),
            "the fields of `TrainingArguments` are options too, and are not known",
            ASK,
        ),
        (
            "from transformers import HfArgumentParser, TrainingArguments\nHfArgumentParser((TrainingArguments,))",
            "the fields of `TrainingArguments` are options, and are not known",
            ASK,
        ),
        (
            "import click\nfrom shared import common\n@click.command()\n@common\ndef main(): ...\nmain()",
            "options that `common` adds are not known",
            ASK,
        ),
    ],
)
def test_what_is_not_known_is_said(tmp_path: Path, code: str, message: str, advice: str) -> None:
    program = _read(tmp_path, code)
    assert (message, advice) in [(one.message, one.help) for one in program.remarks]


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
def test_what_is_read_all_the_same(tmp_path: Path, code: str, names: list[str]) -> None:
    beside = """
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
    program = _read(tmp_path, "import argparse\n" + code, beside=beside)
    assert [one.name for one in program.options] == names
    assert not program.remarks


def test_typers_argument_under_another_name_is_positional(tmp_path: Path) -> None:
    code = "import typer\nfrom typer import Argument as Arg\ndef main(a: str = Arg(...)): ...\ntyper.run(main)\n"
    assert [one.flag for one in _read(tmp_path, code).options] == [""]


def test_sub_commands_that_are_not_here_have_a_hint_that_leads_on(tmp_path: Path) -> None:
    code = "import click\nfrom other import train\n@click.group()\ndef main(): ...\nmain.add_command(train)\nmain()\n"
    with pytest.raises(InputError) as caught:
        _read(tmp_path, code)
    assert caught.value.hint == "--exec asks its own parser for them"


def test_options_that_are_not_known_can_be_declared(tmp_path: Path) -> None:
    code = "import hydra\n@hydra.main(config_name='c')\ndef main(cfg): ...\nmain()\n"
    _read(tmp_path, code)
    overrides = [Override.parse("model.lr:value:Float", output=False), Override.parse("out.dir", output=True)]
    contract = read_contract(tmp_path / "prog.py", overrides=overrides)
    (given,), (made,) = contract.interface.inputs, contract.interface.outputs
    assert (given.name, given.type, given.optional) == ("model.lr", "Float", True)
    assert [dict(port.annotations) for port in (given, made)] == [
        {"program": {"flag": "model.lr", "form": "assign"}},
        {"program": {"flag": "out.dir", "form": "assign"}},
    ]


def test_a_parser_of_something_else_in_another_function_adds_no_options(tmp_path: Path) -> None:
    (tmp_path / "prog.py").write_text(
        "import argparse, trt\n"
        "def export(net):\n    parser = trt.OnnxParser(net)\n    parser.parse_from_file('x')\n"
        "def options():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--n', type=int, default=1)\n"
        "    return parser.parse_args()\n",
        encoding="utf-8",
    )
    program = read_program(tmp_path / "prog.py")
    assert ([option.name for option in program.options], program.remarks) == (["n"], ())
