"""`comp new --from-program`: a folder from an existing program, and the questions on a terminal."""

import json
from pathlib import Path

import pytest
import yaml

from tests.commands import comp, ok, on_a_terminal
from tests.conftest import Sample

PROGRAM = '''
"""Sum numbers of a file."""
import argparse
import json
from helpers import scale

parser = argparse.ArgumentParser(description="Sum the numbers of a file.")
parser.add_argument("numbers", help="One on each line.")
parser.add_argument("--factor", type=float, default=1.0)
parser.add_argument("--round", action=argparse.BooleanOptionalAction, default=False)
parser.add_argument("-v", "--verbose", action="count", default=0)
parser.add_argument("--skip", type=int, nargs="+", default=[])
parser.add_argument("--tag", action="append")
parser.add_argument("--mode", choices=["sum", "max"], default="sum")
parser.add_argument("--note")
parser.add_argument("--report-dir", required=True)
args = parser.parse_args()
values = [float(line) for line in open(args.numbers) if int(float(line)) not in args.skip]
result = scale({"sum": sum, "max": max}[args.mode](values), args.factor)
with open(args.report_dir + "/report.json", "w") as stream:
    json.dump({"result": round(result) if args.round else result, "tags": args.tag, "note": args.note,
               "verbose": args.verbose}, stream)
'''
GROUP = '''
import click

@click.group()
@click.option("--verbose/--quiet", default=False)
def main(verbose):
    """A group."""

@main.command()
@click.argument("source", type=click.Path(exists=True))
@click.option("--times", default=2, help="How often.")
@click.option("--target", type=click.File("w"), required=True)
@click.option("--name", multiple=True)
def copy(source, times, target, name):
    """Copy a text."""
    target.write(open(source).read() * times + ",".join(name))

@main.command(name="other-one")
def other():
    """Do nothing."""

if __name__ == "__main__":
    main()
'''
ENVIRONMENT = """
import os
# How often.
times = int(os.environ.get("TIMES", "3"))
path = os.environ["RESULT_PATH"]
with open(path, "w") as stream:
    stream.write(os.getenv("WORD", "a") * times)
"""


@pytest.fixture
def work(sample: Sample, tmp_path: Path) -> Path:
    assert sample
    (tmp_path / "prog.py").write_text(PROGRAM)
    (tmp_path / "helpers.py").write_text("def scale(value, factor):\n    return value * factor\n")
    (tmp_path / "group.py").write_text(GROUP)
    (tmp_path / "env.py").write_text(ENVIRONMENT)
    (tmp_path / "numbers").write_text("1\n2\n-3\n40\n")
    return tmp_path


def test_a_program_becomes_a_component(work: Path) -> None:
    result = comp("new", "sum-up", "--from-program", "prog.py", folder=work)
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "note: numbers is an input: open reads it (prog.py:18)\n"
        "note: report_dir is an output: open writes to it (prog.py:20)\n"
        "note: copied with it: helpers.py\n"
        "made sum_up/:\n"
        "  .comp/scaffold.json\n"
        "  README.md\n"
        "  component.yaml\n"
        "  pyproject.toml\n"
        "  src/helpers.py\n"
        "  src/prog.py\n"
        "  tests/test_contract.py\n"
        "next: comp lint sum_up, comp build sum_up\n"
    )
    contract = yaml.safe_load((work / "sum_up" / "component.yaml").read_text())
    assert contract["description"] == "Sum the numbers of a file."
    types = {port["name"]: (port["type"], port.get("default"), port.get("optional")) for port in contract["inputs"]}
    assert types == {
        "numbers": ("Artifact", None, None),
        "factor": ("Float", "1.0", None),
        "round": ("Boolean", "false", None),
        "verbose": ("Integer", "0", None),
        "skip": ("JsonArray", "[]", None),
        "tag": ("JsonArray", None, True),
        "mode": ("String", "sum", None),
        "note": ("String", None, True),
    }
    assert comp("lint", work / "sum_up").code == 0


@pytest.mark.parametrize("runner", ["process", "buildah"])
def test_it_runs_with_what_it_is_given(work: Path, runner: str) -> None:
    ok("new", "sum-up", "--from-program", "prog.py", folder=work)
    texts = ("numbers=numbers", "skip=[1, 40]", "factor=0.5", "round=True", "verbose=2", 'tag=["--a", "b c"]')
    given = [word for text in (*texts, "mode=max", "note=--note") for word in ("-i", text)]
    ok("run", "sum_up", "--runner", runner, *given, "-o", "report_dir=report", folder=work)
    report = json.loads((work / "report" / "report.json").read_text())
    assert report == {"result": 1, "tags": ["--a", "b c"], "note": "--note", "verbose": 2}
    ok("run", "sum_up", "--runner", runner, "-i", "numbers=numbers", "-o", "report_dir=plain", folder=work)
    report = json.loads((work / "plain" / "report.json").read_text())
    assert report == {"result": 40.0, "tags": None, "note": None, "verbose": 0}


def test_a_program_with_relative_imports_runs_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "scale.py").write_text("def scale(x):\n    return 2 * x\n")
    (tmp_path / "tool" / "main.py").write_text(
        "import argparse\nfrom .scale import scale\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--x', type=int, required=True)\nprint('it is', scale(parser.parse_args().x))\n"
    )
    result = comp("new", "twice", "--from-program", "tool/main.py", folder=tmp_path)
    assert result.code == 0
    assert "note: it has relative imports, so it runs as a module: python -m tool.main\n" in result.err
    assert comp("lint", tmp_path / "twice").code == 0
    run = comp("run", tmp_path / "twice", "--runner", "process", "-i", "x=4")
    assert run.code == 0, run.err
    assert "it is 8" in run.err + run.out


def test_nothing_unknown_is_installed_to_ask_a_program(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import argparse, utils_of_mine\nargparse.ArgumentParser().parse_args()\n")
    result = comp("new", "s", "--from-program", "s.py", "--exec", folder=tmp_path)
    assert result.code == 1
    assert "`utils_of_mine` is imported; no known distribution has it" in result.err
    assert "the program's own metadata (`# /// script`)" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["s.py"]


def test_a_script_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(
        "# /// script\n# requires-python = '>=3.12'\n# dependencies = ['acme-tools>=2']\n# ///\n"
        "import os, acme, numpy\nos.environ['NAME']\n"
    )
    result = comp("new", "s", "--from-program", "s.py", folder=tmp_path)
    assert result.code == 0, result.err
    assert "note: dependencies taken from the script's own metadata: acme-tools>=2\n" in result.err
    settings = (tmp_path / "s" / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.12"\ndependencies = [\n  "acme-tools>=2",\n]\n' in settings


def test_one_sub_command_of_a_group(work: Path) -> None:
    asked = comp("new", "copy-text", "--from-program", "group.py", folder=work)
    assert (asked.code, asked.err) == (
        2,
        "error: the program has sub-commands, and a component runs one\n\nhint: --subcommand: copy, other-one\n",
    )
    ok("new", "copy-text", "--from-program", "group.py", "--subcommand", "copy", folder=work)
    given = ("-i", "source=helpers.py", "-i", "times=1", "-i", 'name=["x", "y"]', "-i", "verbose=true")
    ok("run", "copy_text", "--runner", "process", *given, "-o", "target=copied", folder=work)
    assert (work / "copied").read_text() == (work / "helpers.py").read_text() + "x,y"


def test_a_script_that_reads_its_environment(work: Path) -> None:
    ok("new", "repeat", "--from-program", "env.py", folder=work)
    contract = yaml.safe_load((work / "repeat" / "component.yaml").read_text())
    assert [(port["name"], port["type"], port.get("default")) for port in contract["inputs"]] == [
        ("times", "Integer", "3"),
        ("word", "String", "a"),
    ]
    ok("run", "repeat", "--runner", "process", "-i", "word=ab", "-o", "result_path=r", folder=work)
    assert (work / "r").read_text() == "ababab"


def test_a_guess_can_be_overridden(work: Path) -> None:
    changes = ("--input", "numbers:value:Integer", "--output", "note:path:Model")
    ok("new", "sum-up", "--from-program", "prog.py", *changes, folder=work)
    contract = yaml.safe_load((work / "sum_up" / "component.yaml").read_text())
    assert next(port["type"] for port in contract["inputs"] if port["name"] == "numbers") == "Integer"
    assert [(port["name"], port["type"]) for port in contract["outputs"]] == [
        ("note", "Model"),
        ("report_dir", "HTML"),
    ]


def test_a_program_that_can_only_be_asked(work: Path) -> None:
    (work / "dynamic.py").write_text(
        "import argparse, sys\np = argparse.ArgumentParser()\n"
        "for n in range(len(sys.argv[0:0]) + 2):\n    p.add_argument('--layer' + str(n), type=int, default=n)\n"
        "p.parse_args()\n"
    )
    static = comp("new", "dyn", "--from-program", "dynamic.py", folder=work)
    assert (
        "note: not read: dynamic.py:4:5: the option `'--layer' + str(n)` is computed when the program runs"
        in static.err
    )
    ok("new", "dyn", "--from-program", "dynamic.py", "--exec", "--force", folder=work)
    contract = yaml.safe_load((work / "dyn" / "component.yaml").read_text())
    assert [(port["name"], port["default"]) for port in contract["inputs"]] == [("layer0", "0"), ("layer1", "1")]


def test_click_can_be_asked_too(work: Path) -> None:
    (work / "made.py").write_text(
        "import click\n"
        "def main(**given): ...\n"
        "for n in (1, 2):\n    main = click.option('--layer' + str(n), default=n, help='How many.')(main)\n"
        "main = click.option('--fast/--slow', default=True)(main)\n"
        "main = click.option('--tag', multiple=True, type=click.Choice(['a', 'b']))(main)\n"
        "main = click.argument('source', type=click.Path(exists=True))(main)\n"
        "click.command(help='Do it.')(main)()\n"
    )
    ok("new", "asked", "--from-program", "made.py", "--exec", folder=work)
    contract = yaml.safe_load((work / "asked" / "component.yaml").read_text())
    assert contract["description"] == "Do it."
    assert {port["name"]: (port["type"], port.get("default")) for port in contract["inputs"]} == {
        "source": ("Artifact", None),
        "tag": ("JsonArray", None),
        "fast": ("Boolean", "true"),
        "layer2": ("Integer", "2"),
        "layer1": ("Integer", "1"),
    }


def test_docopt_and_jsonargparse_can_be_asked_too(work: Path) -> None:
    # Only what the program or its project names is installed to ask it, and only as a wheel.
    (work / "requirements.txt").write_text("jsonargparse\n")
    (work / "usage.py").write_text(
        '# /// script\n# dependencies = ["docopt-ng"]\n# ///\n'
        '"""Move it.\n\nUsage:\n  usage.py [--speed=<kn>] [-v] <source> [<more>...]\n\n'
        'Options:\n  --speed=<kn>  Speed [default: 10].\n  -v            Talk.\n"""\n'
        "from docopt import docopt\nprint(docopt(__doc__))\n"
    )
    refused = comp("new", "usage", "--from-program", "usage.py", folder=work)
    note = "note: usage.py:14:7: docopt reads its command line, whose options are not known"
    assert f"{note} (--exec asks the program's own parser) [P003]\n" in refused.err
    ok("new", "usage", "--from-program", "usage.py", "--exec", "--force", folder=work)
    (work / "typed.py").write_text(
        "from jsonargparse import CLI\ndef main(rate: float = 0.1, n: int = 3, on: bool = False): ...\nCLI(main)\n"
    )
    ok("new", "typed", "--from-program", "typed.py", "--exec", folder=work)
    ports = {
        name: [
            (port["name"], port["type"], port.get("default"))
            for port in yaml.safe_load((work / name / "component.yaml").read_text())["inputs"]
        ]
        for name in ("usage", "typed")
    }
    assert ports == {
        "usage": [
            ("speed", "String", "10"),
            ("v", "Boolean", "false"),
            ("source", "String", None),
            ("more", "JsonArray", None),
        ],
        "typed": [
            ("config", "Artifact", None),
            ("rate", "Float", "0.1"),
            ("n", "Integer", "3"),
            ("on", "Boolean", "false"),
        ],
    }


def test_words_of_a_script_are_inputs_and_nothing_is_taken_for_nothing(work: Path) -> None:
    (work / "words.py").write_text(
        "import sys\nsource, target = sys.argv[1:3]\ntimes = int(sys.argv[3]) if len(sys.argv) > 3 else 2\n"
        "open(target, 'w').write(open(source).read() * times)\n"
    )
    ok("new", "words", "--from-program", "words.py", folder=work)
    for times, given in ((2, ()), (3, ("-i", "times=3"))):
        ok("run", "words", "--runner", "process", "-i", "source=numbers", *given, "-o", f"target=o{times}", folder=work)
        assert (work / f"o{times}").read_text() == (work / "numbers").read_text() * times
    (work / "plain.py").write_text("print('hello')\n")
    refused = comp("new", "plain", "--from-program", "plain.py", folder=work)
    assert (
        "note: plain.py:1:1: no command line was found in it (--input NAME:value and --output NAME say what it takes, "
        "--exec asks the program's own parser) [P003]\n"
    ) in refused.err


def test_a_sub_command_can_be_asked_for(work: Path) -> None:
    missing = comp("new", "copy-text", "--from-program", "group.py", "--exec", folder=work)
    assert (missing.code, missing.err.splitlines()[-1]) == (1, "hint: --subcommand: copy, other-one")
    words = ("--from-program", "group.py", "--subcommand", "copy")
    ok("new", "asked", *words, "--exec", folder=work)
    ok("new", "was-read", *words, folder=work)
    asked, was_read = (yaml.safe_load((work / name / "component.yaml").read_text()) for name in ("asked", "was_read"))
    assert asked["inputs"] == was_read["inputs"]
    assert asked["outputs"] == was_read["outputs"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import argparse\nargparse.ArgumentParser(", "syntax error"),
        ("a = 1\0", "null bytes"),
        ("# coding: nope\n", "cannot be decoded"),
        (
            "from argparse import ArgumentParser as A\na = A()\na.parse_args()\nb = A()\nb.parse_args()\n",
            "has 2 parsers (lines 2, 4)",
        ),
        (
            "import argparse\na = argparse.ArgumentParser()\na.add_argument('--이름')\na.parse_args()\n",
            "the option '이름' has no ASCII letter",
        ),
        (
            (
                "import argparse\na = argparse.ArgumentParser()\na.add_argument('--a-b')\na.add_argument('--a.b')\n"
                "a.add_argument('--A_b')\na.parse_args()\n"
            ),
            "have the same name for KFP",
        ),
    ],
)
def test_a_program_that_cannot_be_a_component_is_one_message(work: Path, code: str, message: str) -> None:
    (work / "bad.py").write_text(code)
    result = comp("new", "bad", "--from-program", "bad.py", folder=work)
    assert (result.code, result.out) == (1, "")
    assert message in result.err.splitlines()[0]
    assert "Traceback" not in result.err
    assert not (work / "bad").exists()


def test_a_long_program_is_read(work: Path) -> None:
    lines = [
        "import argparse",
        "p = argparse.ArgumentParser()",
        *["x = 1"] * 50_000,
        "p.add_argument('--a')",
        "p.parse_args()",
    ]
    (work / "long.py").write_text("\n".join(lines))
    ok("new", "long", "--from-program", "long.py", folder=work)
    assert "--a" in (work / "long" / "component.yaml").read_text()


def test_on_a_terminal_it_asks(work: Path) -> None:
    code, shown = on_a_terminal("asked\nfrom-program\nprog.py\nr/asked\nnumbers:value\n\n", "new", folder=work)
    assert code == 0, shown
    assert "Name of the component [my-component]: " in shown
    kinds = "from-function, from-program, from-dockerfile, container, node, notebook, program, r, shell, training"
    assert f"Made from (example, {kinds}) [example]: " in shown
    assert "guessed: report_dir is an output: open writes to it (prog.py:20)\n" in shown
    assert "made asked/:\n" in shown
    assert 'image = "r/asked"' in (work / "asked" / "pyproject.toml").read_text()
    assert "{name: numbers, type: String" in (work / "asked" / "component.yaml").read_text()


def test_without_a_terminal_it_says_what_is_missing(work: Path) -> None:
    result = comp("new", folder=work)
    assert (result.code, result.out) == (2, "")
    assert (
        result.err
        == "error: the component's NAME is missing\n\nhint: write comp new NAME; on a terminal, comp asks for it\n"
    )
    code, shown = on_a_terminal("", "new", "--no-input", folder=work)
    assert (code, shown) == (2, result.err)


def test_a_default_that_changed_in_the_code_is_found(tmp_path: Path) -> None:
    code = (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--rate', type=float, default=0.5)\n"
    )
    (tmp_path / "train.py").write_text(code + "args = parser.parse_args()\n")
    ok("new", "train", "--from-program", "train.py", folder=tmp_path)
    folder = tmp_path / "train"
    assert comp("generate", folder, "--check").err == "everything is fresh\n"
    source = folder / "src" / "train.py"
    source.write_text(source.read_text().replace("0.5", "0.7"))
    checked = comp("generate", folder, "--check")
    assert (checked.code, checked.out) == (1, "")
    assert checked.err == (
        "warning: component.yaml:7:58: the program's own default of 'rate' is '0.5', in the code it is '0.7' "
        "(train.py:3); write '0.7' in the contract, or change the code: the code's default applies where the input is "
        "left out [C098]\n"
    )
    linted = comp("lint", folder)
    assert linted.code == 1
    assert "error C098 the program's own default of 'rate' is '0.5'" in linted.out
    settings = folder / "pyproject.toml"
    text = settings.read_text()
    for severity, printed in (("warning", True), ("off", False)):
        settings.write_text(f'{text}\n[tool.comp.lint.severity]\nC098 = "{severity}"\n')
        assert comp("lint", folder).code == 0
        checked = comp("generate", folder, "--check")
        assert (checked.code, "[C098]" in checked.err) == (0, printed)
