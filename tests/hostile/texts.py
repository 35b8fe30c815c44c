"""Hostile contracts, modules, programs, notebooks and locks: seeds of fuzzers, cases of tests."""

import json

_DIGITS = "9" * 5000

CONTRACT = """\
name: Train
description: Fit
metadata: {annotations: {version: '1.0'}, labels: {team: ml}}
inputs:
- &one {name: data, type: Dataset, description: A table}
- {name: c, type: Float, default: 1.10, annotations: {choices: [1.1, 2]}}
- {<<: *one, name: note, type: String, optional: true}
outputs:
- {name: model, type: Model}
- {name: score, type: Float}
implementation:
  container:
    image: a/b:1
    command: [run, {executorInput: null}]
    args:
    - {inputPath: data}
    - {concat: [--c=, {inputValue: c}]}
    - {if: {cond: {isPresent: note}, then: [--note, {inputValue: note}], else: --silent}}
    - {outputPath: model}
    - {outputPath: score}
    env: {MODE: fast}
"""
_ONE = (
    "inputs: [{{name: a, type: {}, default: {}}}]\n"
    "implementation: {{container: {{image: a:1, args: [{{inputValue: a}}]}}}}\n"
)

# Each is read or refused in words; so are all that follow.
CONTRACTS = (
    CONTRACT,
    CONTRACT + "outputs: []\n",
    CONTRACT.replace("outputs:", "outputs: [{name: x}, {name: y, typ: z}]\noutputs:"),
    "outputs: [{name: a, name: b}, {name: 5}]\noutputs: [{name: a, typ: x}]\n",
    *(
        _ONE.format("Integer", default)
        for default in ("1.\t0", _DIGITS, "0x" + "f" * 5000, "2024-13-45", "1:2:3", "1e999")
    ),
    *(_ONE.format("JsonObject", default) for default in ("'" + "[" * 50_000 + "'", f"'{_DIGITS}'", ".inf", "!!int x")),
    _ONE.format("String", '"\\ud800"'),
    _ONE.format("String", '"\\0\\u2028"'),
    "name: [" * 100_000,
    "a: &a [x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n",
    "<<: &a {<<: *a}\n",
    "&a {<<: *a, name: x}\n",
    "<<: [[x]]\n",
    "? [a]\n: b\n",
    "? <<\n: {name: x}\n",
    "\ufeffname: a\n",
    "name: a\n---\nname: b\n",
    "%YAML 9.9\n---\nname: a\n",
    "name: !!python/object/apply:os.system [x]\n",
    "",
)

_PIPELINE = """\
pipelineInfo: {name: p}
components:
  comp-a: {executorLabel: exec-a, inputDefinitions: {parameters: {x: {parameterType: STRING}}}}
deploymentSpec: {executors: {exec-a: {container: {image: "i:1", args: ["{{$.inputs.parameters['x']}}"]}}}}
root:
  dag:
    tasks:
      a:
        componentRef: {name: comp-a}
        inputs: {parameters: {x: {runtimeValue: {constant: "b"}}}}
        triggerPolicy: {condition: "inputs.parameter_values['x'] == 'b'"}
"""
PIPELINES = (
    _PIPELINE,
    _PIPELINE + "---\nplatforms: {kubernetes: {deploymentSpec: {executors: {exec-a: {}}}}}\n",
    _PIPELINE.replace("exec-a, in", "&a [*a], in"),
    _PIPELINE.replace("comp-a}", "[comp-a]}"),
    _PIPELINE.replace("x: {runtime", "{}: {runtime"),
    _PIPELINE.replace("inputs.parameter_values['x'] == 'b'", "(" * 40_000),
    _PIPELINE.replace("== 'b'", "== " + "9" * 50_000),
    _PIPELINE.replace('"b"', ".nan"),
    _PIPELINE + "        parameterIterator: {items: {raw: '" + "[" * 50_000 + "'}, itemInput: x}\n",
    _PIPELINE + "        retryPolicy: {maxRetryCount: 1, backoffDuration: " + "9" * 5_000 + "s}\n",
    "pipelineInfo: {name: p}\nroot: {dag: {tasks: {" + ", ".join(f"t{n}: {{}}" for n in range(5_000)) + "}}}\n",
    "---\n" * 1_000,
    "",
)

FUNCTIONS = (
    (
        'def f(n: int = 3, name: str = "x", many: list = [1], d: dict = {"a": 1}) -> int:\n'
        '    """Do.\n\n    Args:\n        n: How many.\n    """\n    return n\n'
    ),
    f"def f(n: int = {_DIGITS}): ...\n",
    "def f(n: int = 0x" + "f" * 5000 + "): ...\n",
    "def f(n: int = 1" + "0" * 4299 + "): ...\n",
    "X = 0x" + "f" * 5000 + "\ndef f(n: int = X): ...\n",
    "def f(n: float = 0x" + "f" * 5000 + "): ...\n",
    "def f(n: str = f'{0x" + "f" * 5000 + "}'): ...\n",
    "from typing import Literal\ndef f(n: Literal[0x" + "f" * 5000 + "]): ...\n",
    f"from typing import Literal\ndef f(n: 'Literal[{_DIGITS}]'): ...\n",
    "def f(d: dict = {'a': 0x" + "f" * 5000 + "}): ...\n",
    "def f(d: dict = {'a': 1e999}): ...\n",
    "def f(n: str = '\\ud800'): ...\n",
    "def f(n: str = '\\0'): ...\n",
    "def f(d: list = ['\\ud800']): ...\n",
    "def f(d: dict = {'\\ud800': 1}): ...\n",
    "from typing import Literal\ndef f(n: Literal['\\ud800', 'a'] = 'a'): ...\n",
    "def f(n: int):\n    '''\\ud800'''\n",
    "def f(n: int):\n    '''Do.\n\n    Args:\n        n: \\ud800\n    '''\n",
    "def f(" + "n: list[" * 300 + "int" + "]" * 300 + "): ...\n",
    "def f(n: '" + "(" * 100 + "int" + ")" * 100 + "'): ...\n",
    "def f(n: int = " + "-" * 5000 + "1): ...\n",
    "def f(n: int = " + "1+" * 5000 + "1): ...\n",
    "class A(A): ...\ndef f(a: A): ...\n",
    "class A(B):\n    x: int\nclass B(A):\n    y: int\ndef f(a: A): ...\n",
    "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: 'A'\ndef f(a: A): ...\n",
    "A = 'B'\nB = 'A'\ndef f(a: A): ...\n",
    "from collections import namedtuple\ndef f() -> namedtuple(): ...\n",
    "from typing import NamedTuple\ndef f() -> NamedTuple('O', [()]): ...\n",
    "from typing import NamedTuple\ndef f() -> NamedTuple('O', [('\\ud800', int)]): ...\n",
    "from typing import NamedTuple\ndef f() -> NamedTuple('O', [(5, int)]): ...\n",
    "from kfp import dsl\n@dsl.component(base_image='\\ud800', packages_to_install=['\\ud800'])\ndef f(): ...\n",
    "from kfp import dsl\n@dsl.component(packages_to_install=5)\ndef f(): ...\n",
    "from kfp import dsl\n@dsl.component(**{1: 2})\ndef f(): ...\n",
    "# coding: nonsense\ndef f(): ...\n",
    "# coding: utf-16\ndef f(): ...\n",
    "\0",
    "def f(a: int, ä: int, ª: int): ...\n",
)

_CONTAINER = (
    "from kfp import dsl\nfrom kfp.dsl import Input, Output, Dataset\n"
    "@dsl.container_component\ndef f(n: int, d: Input[Dataset], t: str = 'x'):\n    {}\n"
)
_SPEC = "return dsl.ContainerSpec(image='a', command={})"

CONTAINER_FUNCTIONS = (
    _CONTAINER.format(_SPEC.format("['run', n, d.path, f'--t={t}', dsl.ConcatPlaceholder(['a', t])]")),
    _CONTAINER.format(_SPEC.format("[dsl.IfPresentPlaceholder(input_name='t', then=[t], else_=['b', 'c'])]")),
    _CONTAINER.format("a = ['x']\n    " + "a += a\n    " * 60 + _SPEC.format("a")),
    _CONTAINER.format("a = 'x' + str(n)\n    " + "a = f'{a}{a}'\n    " * 60 + _SPEC.format("[a]")),
    _CONTAINER.format("a = ['x']\n    " + "a = [*a, *a]\n    " * 60 + _SPEC.format("a")),
    _CONTAINER.format("a = ['x']\n    " + "a.extend(a)\n    " * 60 + _SPEC.format("a")),
    _CONTAINER.format("a = t\n    " + "a = dsl.ConcatPlaceholder([a, a])\n    " * 60 + _SPEC.format("[a]")),
    _CONTAINER.format("a = t\n    " + "a = dsl.ConcatPlaceholder([a])\n    " * 3_000 + _SPEC.format("[a]")),
    _CONTAINER.format("a = ['x']\n    " + "a += a\n    " * 18 + "b = ''.join(a)\n    " + _SPEC.format("[b.join(a)]")),
    _CONTAINER.format(_SPEC.format("[" * 90 + "]" * 90)),
    _CONTAINER.format(_SPEC.format("['a'" + " + 'a'" * 5_000 + "]")),
    _CONTAINER.format(_SPEC.format("['\\ud800', '\\0', '{{{{$}}}}', '{{\"IfPresent\": 5}}', '{{\"Concat\": 5}}']")),
    _CONTAINER.format(_SPEC.format("[d.metadata[n], d.metadata['\\'].path']]")),
    _CONTAINER.format("return f(n, d)"),
    _CONTAINER.format("return dsl.ContainerSpec(*a, **b)"),
    _CONTAINER.format("n = n\n    return dsl.ContainerSpec('a', [n], [n], [n])"),
    "def f(): ...\n",
    "",
)

_CLICK = "import click\n@click.command()\n{}\ndef main(**all): ...\n"
_ARGPARSE = "import argparse\np = argparse.ArgumentParser()\n{}\na = p.parse_args()\n"

PROGRAMS = (
    _ARGPARSE.format("p.add_argument('--n', type=int, default=3, help='How many')\np.add_argument('out')"),
    _CLICK.format("@click.option('--n', type=int, default=3)\n@click.argument('x')"),
    *(
        _CLICK.format(f"@click.{decorator}")
        for decorator in (
            *("option()", "option('')", "option('-')", "option('--')", "option('/')", "option('--a/')", "argument()"),
            *(
                "argument('')",
                "option(5)",
                "option(*x)",
                "option('--a', type=click.Choice(5))",
                "option('--a', nargs='x')",
            ),
            *("option('--a', type=click.Choice([]))", "option('--a', default='\\ud800')", "option('--\\ud800')"),
            *(f"option('--a', default=0x{'f' * 5000})", "option('--a', help='\\ud800')", "option('--a', default={{}})"),
            "option('--a', type=(int, str))",
        )
    ),
    "import click\n@click.command(5)\ndef main(): ...\n",
    "import click\n@click.group()\ndef g(): ...\n@g.command()\n@click.option()\ndef a(): ...\n",
    *(
        _ARGPARSE.format(f"p.add_argument({given})")
        for given in (
            *("", "''", "'-'", "'--'", "5", "*x", "**x", "'--a', type=5", "'--a', choices=5", "'--a', nargs=[]"),
            *("'--a', default='\\ud800'", "'--\\ud800'", "'--a', help='\\ud800'", f"'--a', default=0x{'f' * 5000}"),
            *("'--a', action=5", "'--a', action='nothing'", "'--a', choices=range(10**9)", "'--a', nargs='A...'"),
            *("'--a', dest=5", "'--a', dest=''", "'a', dest='b'", "'--a', const=[]", "'--a', default=[[]]"),
            *("'--a', type=lambda x: x", "'--a', required='x'", "'--a', metavar=()", "'--', '--a'", "'--a', '--a'"),
        )
    ),
    "import argparse\np = argparse.ArgumentParser(description='\\ud800')\np.add_argument('--a')\np.parse_args()\n",
    (
        "import argparse\np = argparse.ArgumentParser()\ns = p.add_subparsers()\n"
        "q = s.add_parser()\nq.add_argument()\np.parse_args()\n"
    ),
    "import argparse\np = argparse.ArgumentParser(parents=[p])\np.parse_args()\n",
    "import typer\ndef main(a: int = typer.Option(), b: str = typer.Argument(...)): ...\ntyper.run(main)\n",
    "import typer\ntyper.run()\n",
    "import typer\napp = typer.Typer()\n@app.command(5)\ndef main(a=typer.Option(5, '')): ...\napp()\n",
    "import fire\nfire.Fire()\n",
    "import fire\nclass A:\n    def a(self): ...\nfire.Fire(A())\n",
    "import os\na = os.environ['\\ud800']\n",
    "import os\na = int(os.environ['A'])\nb = os.getenv()\nc = os.environ.get(5)\n",
    "from absl import flags\nflags.DEFINE_integer()\nflags.DEFINE_string('', 5, '')\n",
    "import sys\nprint(sys.argv[1])\n",
    "",
    "\0",
)


def _notebook(**more: object) -> bytes:
    source = ["n = 3\n", "name = 'x'\n"]
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source, **more}
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# T"}, cell], "nbformat": 4}).encode()


_METADATA: tuple[object, ...] = (5, "tags", [], None, {"tags": 5}, {"tags": "parameters"}, {"tags": [5, None]})
_SOURCES: tuple[object, ...] = (5, None, [5], {"a": 1}, ["n = '\ud800'"], "n = 0x" + "f" * 5000, "(" * 9999)
_TYPES: tuple[object, ...] = (5, None, [])
_DOCUMENTS: tuple[object, ...] = ([], 5, None, {}, {"cells": 5}, {"cells": [5, None, []]}, {"cells": {}})

NOTEBOOKS = (
    _notebook(),
    *(_notebook(metadata=value) for value in _METADATA),
    *(_notebook(source=value) for value in _SOURCES),
    *(_notebook(cell_type=value) for value in _TYPES),
    *(json.dumps(value).encode() for value in _DOCUMENTS),
    b'{"cells":' + b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"cells": [' + b"9" * 10_000 + b"]}",
    b"\xff\xfe{}",
    b"",
)

LOCKS = (
    b"# comp lock 1\n# base: a/b@sha256:" + b"0" * 64 + b"\na==1.0 --hash=sha256:" + b"0" * 64 + b"\n",
    (
        b'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "a"\nversion = "1"\n'
        b'[[packages.wheels]]\nname = "a-1-py3-none-any.whl"\n'
        b'url = "https://h/a-1-py3-none-any.whl"\nhashes = {sha256 = "0"}\n'
    ),
    b"packages = 5\n",
    b"[[packages]]\nname = 5\n",
    b"x = " + b"[" * 10_000,
    b"x = " + b"9" * 5000,
    b"\xff",
    b"x = 1\r",
    b"",
)

DOCKERFILES = (
    'ARG A=1\nFROM a:$A AS b\nARG A\nENV B="${A:-c}" C=${B%%1*}\nFROM b\nUSER $A\nENTRYPOINT ["a", "b.py"]\nCMD "$X"\n',
    'FROM a\nLABEL d="e f"\nWORKDIR /x\nCOPY --from=b . a*.py ./\nADD [\'a\', "[a-c]/**", "d"]\nCMD python -m e.f\n',
    "# escape=`\nFROM a\nRUN --mount=type=secret,id=s --mount=src=p,target=/p <<-EOF `\n  x\n\t a\n\tEOF\nCMD x && y\n",
    'FROM a\nCOPY <<\'A\' <<B /c\na\nA\nb\nB\nONBUILD RUN x\nSHELL ["x", "-c"]\nENTRYPOINT y `z` | w\nEXPOSE 1 2\n',
)
IGNORES = (
    "*\n!src\n**/*.pyc\n[a-z]?\\*\n# x\n",
    "[" * 500,
    "a\\",
    "[]a]",
    "[z-a]",
)
SETTINGS = (
    (
        b'[project]\nname = "a"\nversion = "1.0"\ndependencies = ["a>=1"]\n'
        b'[tool.comp]\nentrypoint = "a:b"\nplatforms = ["linux/amd64"]\n'
    ),
    b'[project]\nname = "a"\nversion = "' + b"9" * 5000 + b'"\n[tool.comp]\nentrypoint = "a:b"\n',
    b'[project]\nname = "a"\nrequires-python = ">=' + b"9" * 5000 + b'"\n[tool.comp]\nentrypoint = "a:b"\n',
    b'[project]\nname = "a"\ndependencies = ["a==' + b"9" * 5000 + b'"]\n[tool.comp]\nentrypoint = "a:b"\n',
    b"[project]\nname = 5\n[tool]\ncomp = 5\n",
    b"tool = 5\nproject = 5\n",
    b"x = " + b"[" * 10_000,
    b"x = " + b"9" * 5000,
)
RECORDS = (
    b"",
    b"[]",
    b"5",
    b"{}",
    b'{"api": 1}',
    b"[" * 100_000,
    b"9" * 10_000,
    b'{"api": 1, "name": "\\ud800"}',
    b"\xff",
)
