"""What is read of programs, kind by kind, and what their options are taken for."""

import json
from pathlib import Path
from textwrap import dedent

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.findings import Severity
from toolkit.interface.programs.model import Form, Option, Program
from toolkit.interface.programs.reading import module_of, read_program
from toolkit.interface.programs.roles import roles_of


def _read(folder: Path, code: str, word: str | None = None) -> Program:
    path = folder / "prog.py"
    path.write_text(dedent(code), encoding="utf-8")
    return read_program(path, word=word)


def _shown(option: Option) -> tuple[object, ...]:
    return (option.name, option.flag, option.type, str(option.form), option.default, option.required)


HEAD = "import argparse, os, pathlib\nfrom argparse import ArgumentParser\nDEFAULT = 3\np = ArgumentParser()\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'--a'", ("a", "--a", "String", "value", None, False)),
        ("'-a', '--a-b', type=int, default=DEFAULT", ("a_b", "--a-b", "Integer", "value", "3", False)),
        ("'-a', type=float, required=True", ("a", "-a", "Float", "value", None, True)),
        ("'--a', dest='other', default=1.5, type=float", ("other", "--a", "Float", "value", "1.5", False)),
        ("'a'", ("a", "", "String", "value", None, True)),
        ("'a', nargs='?', default='x'", ("a", "", "String", "value", "x", False)),
        ("'a', nargs='*', type=int", ("a", "", "JsonArray", "list", None, False)),
        ("'a', nargs=argparse.REMAINDER", ("a", "", "JsonArray", "list", None, False)),
        ("'--a', nargs=2, type=int, default=[1, 2]", ("a", "--a", "JsonArray", "list", "[1,2]", False)),
        ("'--a', action='append'", ("a", "--a", "JsonArray", "each", None, False)),
        ("'--a', action='store_true'", ("a", "--a", "Boolean", "switch", "false", False)),
        ("'--no-a', dest='a', action='store_false'", ("no_a", "--no-a", "Boolean", "switch", "false", False)),
        ("'--a', action='store_const', const=5", ("a", "--a", "Boolean", "switch", "false", False)),
        ("'--a', action=argparse.BooleanOptionalAction", ("a", "--a", "Boolean", "switch", None, False)),
        ("'-v', action='count', default=0", ("v", "-v", "Integer", "count", "0", False)),
        ("'--a', type=lambda x: bool(strtobool(x)), default=True", ("a", "--a", "Boolean", "value", "true", False)),
        ("'--a', type=str2bool", ("a", "--a", "Boolean", "value", None, False)),
        ("'--a', type=pathlib.Path", ("a", "--a", "String", "value", None, False)),
        ("'--a', type=counted", ("a", "--a", "Integer", "value", None, False)),
        ("'--a', type=json.loads, default='{}'", ("a", "--a", "String", "value", "{}", False)),
        ("'--a', default=os.environ.get('A', 'x')", ("a", "--a", "String", "value", "x", False)),
        ("'--a', default=os.environ.get('A')", ("a", "--a", "String", "value", None, False)),
        ("'--a', default=compute()", ("a", "--a", "String", "value", None, False)),
        ("'--a', **dict(type=int, default=1)", ("a", "--a", "Integer", "value", "1", False)),
        ("*['--a'], type=int", None),
        ("'--a', **unknown", None),
        ("compute()", None),
        ("'--version', action='version', version='1'", "nothing"),
    ],
)
def test_an_argument(tmp_path: Path, written: str, expected: tuple[object, ...] | str | None) -> None:
    code = f"{HEAD}def counted(text) -> int: ...\np.add_argument({written})\np.parse_args()\n"
    program = _read(tmp_path, code)
    unread = [one for one in program.remarks if one.severity is Severity.WARNING]
    if isinstance(expected, tuple):
        assert [_shown(option) for option in program.options] == [expected]
        assert not unread
    else:
        assert program.options == ()
        assert [one.where.line for one in unread] == ([6] if expected is None else [])


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
    program = _read(tmp_path, f"from argparse import ArgumentParser\n{code}\n")
    assert [option.name for option in program.options] == ["a"]
    assert not program.remarks


@pytest.mark.parametrize(
    ("written", "choices"),
    [
        ("choices=['b', 'a']", ("b", "a")),
        ("choices=TABLE.keys()", ("x", "y")),
        ("choices=sorted(TABLE)", ("x", "y")),
        ("choices=list(TABLE.keys())", ("x", "y")),
        ("choices={'b': print, 'a': find()}", ("b", "a")),
        ("choices={'b', 'a'}", ("a", "b")),
        ("choices=range(1, 4), type=int", (1, 2, 3)),
        ("choices=range(10**12), type=int", ()),
        ("choices=find()", ()),
    ],
)
def test_choices(tmp_path: Path, written: str, choices: tuple[object, ...]) -> None:
    code = f"{HEAD}TABLE = {{'x': 1, 'y': 2}}\np.add_argument('--a', {written})\np.parse_args()\n"
    program = _read(tmp_path, code)
    assert program.options[0].choices == choices
    assert len(program.remarks) == (not choices)


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("type=int, default='5.0'", "5"),
        ("type=int, default=12345678901234567890", "12345678901234567890"),
        ("type=int, default='x'", None),
        ("type=int, default=1.5", None),
        ("type=float, default='1e3'", "1000.0"),
        ("type=float, default=float('inf')", None),
        ("default=5", "5"),
        ("default=[1]", None),
    ],
)
def test_a_default(tmp_path: Path, written: str, default: str | None) -> None:
    program = _read(tmp_path, f"{HEAD}p.add_argument('--a', {written})\np.parse_args()\n")
    assert program.options[0].default == default


def test_set_defaults_and_help(tmp_path: Path) -> None:
    program = _read(
        tmp_path,
        HEAD + "p.add_argument('--a', type=int, default=1, help='How many (default: %(default)s), 100%%')\n"
        "p.set_defaults(a=5)\np.parse_args()\n",
    )
    assert [(one.default, one.help) for one in program.options] == [("5", "How many, 100%")]


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


def test_one_sub_command(tmp_path: Path) -> None:
    program = _read(tmp_path, SUB, "train")
    assert (program.word, program.description) == ("train", "Train it.")
    assert [(one.name, one.before) for one in program.options] == [("verbose", True), ("epochs", False)]
    with pytest.raises(UsageError) as caught:
        _read(tmp_path, SUB)
    assert caught.value.hint == "--subcommand: test, train"
    with pytest.raises(UsageError, match="no sub-command 'gone'"):
        _read(tmp_path, SUB, "gone")


def test_a_parser_that_goes_elsewhere_is_remarked_on(tmp_path: Path) -> None:
    program = _read(tmp_path, HEAD + "from other import add_all\nadd_all(p)\np.parse_args()\n")
    (remark,) = program.remarks
    assert remark.message == "`add_all` may add options to `p`, and is not in this file"


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
FIRE = "import fire\ndef main(a, b: int, c=2, d='x', e=[1], *, f=None): ...\nfire.Fire(main)\n"
ABSL = """
from absl import app, flags
FLAGS = flags.FLAGS
flags.DEFINE_string("a", None, "A text.")
flags.DEFINE_integer("b", 3, "A number.")
flags.DEFINE_boolean("c", True, "Whether.")
flags.DEFINE_enum("d", "x", ["x", "y"], "Which.")
flags.DEFINE_list("e", "1,2", "Some.")
flags.DEFINE_multi_string("f", [], "More.")
flags.mark_flag_as_required("a")
"""
DATACLASSES = """
from dataclasses import dataclass, field
from typing import List, Literal, Optional
from transformers import HfArgumentParser
@dataclass
class Basic:
    rate: float = field(default=0.1, metadata={"help": "How fast."})
@dataclass
class Arguments(Basic):
    path: str
    names: List[str] = field(default_factory=list)
    deep: bool = False
    kind: Literal["a", "b"] = "a"
    note: Optional[str] = None
parser = HfArgumentParser((Arguments,))
"""


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        (
            CLICK,
            "click",
            [
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
            ],
        ),
        (
            TYPER,
            "typer",
            [
                ("source", "", "String", "value", None, True),
                ("times", "--times", "Integer", "value", "2", False),
                ("flag", "--flag", "Boolean", "switch", "true", False),
                ("names", "--name", "JsonArray", "each", None, False),
                ("mode", "--mode", "String", "value", "a", False),
                ("must", "--really", "String", "value", None, True),
                ("extra", "", "String", "value", "x", False),
            ],
        ),
        (
            FIRE,
            "fire",
            [
                ("a", "--a", "String", "value", None, True),
                ("b", "--b", "Integer", "value", None, True),
                ("c", "--c", "Integer", "value", "2", False),
                ("d", "--d", "String", "value", "x", False),
                ("e", "--e", "JsonArray", "value", "[1]", False),
                ("f", "--f", "String", "value", None, False),
            ],
        ),
        (
            ABSL,
            "absl",
            [
                ("a", "--a", "String", "value", None, True),
                ("b", "--b", "Integer", "value", "3", False),
                ("c", "--c", "Boolean", "switch", "true", False),
                ("d", "--d", "String", "value", "x", False),
                ("e", "--e", "JsonArray", "comma", '["1","2"]', False),
                ("f", "--f", "JsonArray", "each", "[]", False),
            ],
        ),
        (
            DATACLASSES,
            "HfArgumentParser",
            [
                ("rate", "--rate", "Float", "value", "0.1", False),
                ("path", "--path", "String", "value", None, True),
                ("names", "--names", "JsonArray", "list", "[]", False),
                ("deep", "--deep", "Boolean", "value", "false", False),
                ("kind", "--kind", "String", "value", "a", False),
                ("note", "--note", "String", "value", None, False),
            ],
        ),
    ],
)
def test_other_kinds(tmp_path: Path, code: str, kind: str, expected: list[tuple[object, ...]]) -> None:
    program = _read(tmp_path, code)
    assert program.kind == kind
    assert [_shown(option) for option in program.options] == expected
    assert not [one for one in program.remarks if one.severity is Severity.WARNING]


def test_choices_descriptions_and_denials(tmp_path: Path) -> None:
    options = {one.name: one for one in _read(tmp_path, CLICK).options}
    assert (options["mode"].choices, options["times"].help, options["flag"].off) == (
        ("a", "b"),
        "How often.",
        "--no-flag",
    )
    assert (options["source"].declared, options["to"].declared) == ("input", "output")
    assert _read(tmp_path, CLICK).description == "Do it."
    flags = {one.name: one for one in _read(tmp_path, ABSL).options}
    assert (flags["d"].choices, flags["c"].off, flags["a"].help) == (("x", "y"), "--noc", "A text.")


def test_a_notebook(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Squares\n", "of numbers"], "metadata": {}},
        {
            "cell_type": "code",
            "source": "n = 3  # How many.\nratio: float = 1\nname = 'x'\nout_path = 'o'\nitems = [1]\n",
            "metadata": {"tags": ["parameters"]},
        },
        {"cell_type": "code", "source": "%matplotlib inline\nopen(out_path, 'w').write(name)", "metadata": {}},
    ]
    path = tmp_path / "squares.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    program = read_program(path)
    assert (program.kind, program.description) == ("notebook", "Squares")
    assert [(one.name, one.type, one.default, one.help) for one in program.options] == [
        ("n", "Integer", "3", "How many."),
        ("ratio", "Float", "1.0", ""),
        ("name", "String", "x", ""),
        ("out_path", "String", "o", ""),
        ("items", "JsonArray", "[1]", ""),
    ]
    assert {one.form for one in program.options} == {Form.YAML}
    roles = roles_of(module_of(program), program.options)
    assert [name for name, role in roles.items() if role.kind == "output"] == ["out_path"]


def _notebook(folder: Path, *sources: str, tags: tuple[str, ...] = ()) -> Path:
    """Write a notebook of a text and cells of code, of which the first has the tags."""
    cells: list[dict[str, object]] = [{"cell_type": "markdown", "source": "# A title", "metadata": {}}]
    for number, source in enumerate(sources):
        metadata = {"tags": list(tags)} if not number else {}
        cells.append({"cell_type": "code", "source": source, "metadata": metadata})
    path = folder / "n.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    return path


def test_a_notebook_of_ipython(tmp_path: Path) -> None:
    path = _notebook(
        tmp_path,
        "n = 1\nfiles = !ls",
        "%%bash\nls $HOME | head",
        "%%time\nimport pandas\n!pip install pandas\nname = input('who? ')",
        "from google.colab import drive\nif n:\n    %cd {files[0]}\nopen(f'{n}.txt')\ntable?",
        tags=("parameters",),
    )
    program = read_program(path)
    assert [(one.name, one.default) for one in program.options] == [("n", "1"), ("files", None)]
    assert [(str(one.where).removeprefix(f"{path}:"), one.message) for one in program.remarks] == [
        ("cell 2:2:1", "`!ls` runs a program that has to be in the image"),
        ("cell 3:1:1", "`%%bash` runs a program that has to be in the image"),
        ("cell 4:3:1", "`!pip install pandas` installs something when it runs"),
        ("cell 5:1:1", "`google.colab` works in Colab alone"),
        ("cell 4:4:8", "`input('who? ')` asks a person"),
        ("cell 2:2:9", "files is worked out by the notebook when none is given"),
    ]
    assert module_of(program).imports == {"pandas": "pandas", "drive": "google.colab.drive"}


@pytest.mark.parametrize(
    ("sources", "place"),
    [
        (("x = 1", "y = (1,\n", "z = 1)"), "cell 3:1:5"),
        (("x = 1", "%%time\n\nprint 'a'"), "cell 3:3:1"),
        (("x = 1\n%cd ..\ny = = 2",), "cell 2:3:5"),
    ],
)
def test_a_syntax_error_of_a_notebook_has_its_cell_and_line(
    tmp_path: Path, sources: tuple[str, ...], place: str
) -> None:
    path = _notebook(tmp_path, *sources)
    with pytest.raises(InputError) as caught:
        read_program(path)
    assert str(caught.value.where) == f"{path}:{place}"


def test_a_notebook_that_reads_its_environment(tmp_path: Path) -> None:
    path = _notebook(
        tmp_path,
        "import os\nsource = os.environ['SOURCE']",
        "# How often.\nn = int(os.getenv('TIMES', '3'))\nopen(source)",
    )
    program = read_program(path)
    assert [_shown(one) for one in program.options] == [
        ("source", "SOURCE", "String", "variable", None, True),
        ("times", "TIMES", "Integer", "variable", "3", False),
    ]
    assert [one.help for one in program.options] == ["", "How often."]
    assert [role.kind for role in roles_of(module_of(program), program.options).values()] == ["input", "value"]


def test_a_notebook_with_parameters_may_read_its_environment_too(tmp_path: Path) -> None:
    code = "import os\nrate = os.environ.get('RATE', '1')\nn = 2"
    path = _notebook(tmp_path, code, "os.environ['KEY']", tags=("parameters",))
    assert [(one.name, str(one.form)) for one in read_program(path).options] == [
        ("rate", "yaml"),
        ("n", "yaml"),
        ("key", "variable"),
    ]


def test_a_notebook_that_takes_nothing_is_remarked_on(tmp_path: Path) -> None:
    (remark,) = read_program(_notebook(tmp_path, "print(1)")).remarks
    assert remark.message == "no cell has the tag `parameters`, and none reads the environment"


def test_a_notebook_of_another_language(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {"kernelspec": {"language": "R"}}}))
    with pytest.raises(InputError, match="the notebook is written in R, expected python"):
        read_program(path)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("os.environ['A']", [("a", True, None)]),
        ("if n > 1:\n    os.environ['A']", [("a", False, None)]),
        ("if os.environ['A']:\n    pass", [("a", True, None)]),
        ("x = os.environ['A'] if n else 0", [("a", False, None)]),
        ("x = 'A' in os.environ and os.environ['A']", [("a", False, None)]),
        ("try:\n    os.environ['A']\nexcept KeyError:\n    pass", [("a", False, None)]),
        ("try:\n    os.environ['A']\nfinally:\n    pass", [("a", True, None)]),
        ("def f():\n    if n:\n        return os.environ['A']", [("a", False, None)]),
        ("os.environ['A'] = '1'\nprint(os.environ['A'])", []),
        ("os.environ.setdefault('A', '1')\nprint(os.environ.get('A'))", [("a", False, "1")]),
    ],
)
def test_a_variable_is_required_where_it_is_read_in_any_case(
    tmp_path: Path, code: str, expected: list[tuple[object, ...]]
) -> None:
    program = _read(tmp_path, f"import os\nn = 1\n{code}\n")
    assert [(one.name, one.required, one.default) for one in program.options] == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "no notebook"), ("[]", "no notebook"), ('{"cells": []}', "no cell has the tag `parameters`")],
)
def test_what_is_no_notebook(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "n.ipynb").write_text(content)
    with pytest.raises(InputError) as caught:
        read_program(tmp_path / "n.ipynb")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("written", "code", "kind", "reason"),
    [
        ("'--x'", "open(args.x, 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(args.x)", "input", "open reads it (prog.py:7)"),
        ("'--x'", "print(args.x)", "value", ""),
        ("'--x'", "pandas.read_csv(args.x)", "input", "pandas.read_csv reads it (prog.py:7)"),
        ("'--x'", "table.to_csv(args.x)", "output", "table.to_csv writes to it (prog.py:7)"),
        ("'--x'", "torch.save(model, args.x)", "output", "torch.save writes to it (prog.py:7)"),
        ("'--x'", "torch.save(model, os.path.join(args.x, 'm'))", "output", "torch.save writes to it (prog.py:7)"),
        ("'--x'", "Path(args.x).write_text('')", "output", "Path(args.x).write_text writes to it (prog.py:7)"),
        ("'--x'", "Path(args.x).read_text()", "input", "Path(args.x).read_text reads it (prog.py:7)"),
        ("'--x'", "os.makedirs(args.x)", "output", "os.makedirs writes to it (prog.py:7)"),
        ("'--x'", "shutil.copy(source, args.x)", "output", "shutil.copy writes to it (prog.py:7)"),
        ("'--x'", "where = args.x\nopen(where, mode='wb')", "output", "open writes to it (prog.py:8)"),
        ("'--x'", "def f(p):\n    open(p, 'a')\nf(args.x)", "output", "open writes to it (prog.py:8)"),
        ("'--x', type=argparse.FileType('w')", "", "output", "its type says that it is written to"),
        ("'--x', type=argparse.FileType()", "", "input", "its type says that it is read"),
        ("'--x', default='gs://a/b'", "open(args.x)", "value", "its default is a URL"),
        ("'--x', type=int", "open(args.x)", "value", ""),
        ("'--x', choices=['a']", "open(args.x)", "value", ""),
        ("'--output-path', dest='x_output_path'", "", "output", "by its name"),
        ("'--data-file', dest='x_file'", "", "input", "by its name"),
        ("'--x', help='Path to write the page to.'", "", "output", "its help says so"),
        ("'--x', type=pathlib.Path", "", "input", "its type is a path"),
        ("'--x', dest='bucket_uri'", "", "value", ""),
        # Only the path of a call counts, and only what stands at the head of a path.
        ("'--x'", "table.to_csv('t.csv', sep=args.x)", "value", ""),
        ("'--x'", "table.to_csv(path_or_buf=args.x)", "output", "table.to_csv writes to it (prog.py:7)"),
        ("'--x'", "np.save(args.x, array)", "output", "np.save writes to it (prog.py:7)"),
        ("'--x'", "model.save_pretrained('m', variant=args.x)", "value", ""),
        ("'--x'", "save_card('r', title=args.x)", "value", ""),
        ("'--x'", "save_card(args.x, images)", "value", "save_card is given it, and may write to it"),
        ("'--x-dir', dest='x_dir'", "export_all(args.x_dir)", "output", "export_all writes to it (prog.py:7)"),
        (
            "'--x'",
            "def save_card(title, folder):\n    open(folder, 'w').write(title)\nsave_card(args.x, '.')",
            "value",
            "",
        ),
        ("'--x'", "open(f'{args.x}/log', 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(f'out/{args.x}.txt', 'w')", "value", ""),
        ("'--x'", "open(f'{args.x}.txt', 'w')", "value", ""),
        ("'--x'", "open('%s/log' % args.x, 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open('out/{}'.format(args.x), 'w')", "value", ""),
        ("'--x'", "open(args.x + '/log', 'w')", "output", "open writes to it (prog.py:7)"),
        ("'--x'", "open(args.x + '.txt', 'w')", "value", ""),
        ("'--x'", "open(os.path.join('out', args.x), 'w')", "value", ""),
        (
            "'--x-dir', dest='x_dir'",
            "open(Path('out') / args.x_dir, 'w')",
            "value",
            "it is a part of a path below another",
        ),
        # What is known by its name is text, whatever is made of it.
        ("'--pretrained_model_name_or_path'", "torch.save(model, args.pretrained_model_name_or_path)", "value", ""),
        ("'--dataset_name'", "load_dataset(args.dataset_name)", "value", ""),
        ("'--x'", "load_dataset(args.x)", "value", ""),
        ("'--resume_from_checkpoint', help='A path saved by an earlier run.'", "", "input", "by its name"),
        ("'--cache_dir', help='Where models will be stored.'", "", "value", ""),
        ("'--bucket'", "table.to_csv(args.bucket)", "value", ""),
        # What is read and written too is what its name says.
        (
            "'--data_dir'",
            "os.makedirs(args.data_dir)\nos.listdir(args.data_dir)",
            "input",
            "os.listdir reads it (prog.py:8)",
        ),
        (
            "'--model_dir'",
            "model.save(args.model_dir)\nload(args.model_dir)",
            "output",
            "model.save writes to it (prog.py:7)",
        ),
        ("'--x', help='Path to the saved model'", "", "input", "by its help"),
        ("'--x', help='file/dir/URL/glob/screen/0(webcam)'", "", "value", ""),
        ("'--x', help='Path where the model will be saved'", "", "output", "its help says so"),
    ],
)
def test_what_an_option_is_for(tmp_path: Path, written: str, code: str, kind: str, reason: str) -> None:
    program = _read(tmp_path, f"{HEAD}p.add_argument({written})\nargs = p.parse_args()\n{code}\n")
    (role,) = roles_of(module_of(program), program.options).values()
    assert (role.kind, role.reason) == (kind, reason)


@pytest.mark.parametrize(
    ("name", "code", "folder"),
    [
        ("model_dir", "model.save(args.model_dir)", True),
        ("model_dir", "os.makedirs(args.model_dir)\nmodel.save(args.model_dir)", False),
        ("model_path", "model.save(args.model_path)", False),
        ("model_dir", "with open(args.model_dir, 'w') as f:\n    f.write('x')", False),
        ("model_dir", "p = args.model_dir\nopen(str(p), 'wb').write(b'x')", False),
        ("model_dir", "from pathlib import Path\nPath(args.model_dir).write_text('x')", False),
        ("model_dir", "from pathlib import Path\nPath(args.model_dir).open('w').write('x')", False),
        ("model_dir", "import torch\ntorch.save(model, args.model_dir)", False),
        ("model_dir", "import torch\ntorch.save(model, args.model_dir + '/m.pt')", True),
        ("model_dir", "frame.to_csv(args.model_dir)", False),
        ("model_dir", "def out(f):\n    open(f, 'w')\nout(args.model_dir)", False),
        ("model_dir", "def out(f):\n    open(f, 'w')\nout(os.path.join(args.model_dir, 'm'))", True),
        ("model_dir", "p = f'{args.model_dir}/m'\nopen(p, 'w')", True),
        ("model_dir", "shutil.copy('m', args.model_dir)", True),
        ("model_dir", "shutil.copytree('m', args.model_dir)", False),
        ("model_dir", "shutil.copyfile('m', args.model_dir)", False),
        ("model_out", "open(os.path.join(args.model_out, 'm'), 'w')", True),
        ("model_out", "os.makedirs(args.model_out)\nopen(os.path.join(args.model_out, 'm'), 'w')", False),
    ],
)
def test_a_folder_that_the_program_does_not_make_is_made(tmp_path: Path, name: str, code: str, folder: bool) -> None:  # noqa: FBT001 (a case)
    program = _read(tmp_path, f"{HEAD}p.add_argument('--{name}')\nargs = p.parse_args()\n{code}\n")
    (role,) = roles_of(module_of(program), program.options).values()
    assert (role.kind, role.type, role.folder) == ("output", "Model", folder)
