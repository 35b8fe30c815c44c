"""The launcher as a real process, in a made-up image folder."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.launched import Image
from toolkit import launcher
from toolkit.interface.model import Interface, Kind, Output
from toolkit.spec.protocol import interface_document

RETURNING = "from typing import Optional\ndef f(x: {type}) -> {type}:\n    return x\n"


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        ("str", "plain", "plain"),
        ("str", "", ""),
        ("str", "--outputs", "--outputs"),
        ("str", "a\nb é", "a\nb é"),
        ("int", "5", "5"),
        ("int", "5.0", "5"),
        ("int", "-3", "-3"),
        ("int", "12345678901234567890", "12345678901234567890"),
        ("int", "12345678901234567890.0", "12345678901234567890"),
        ("int", "1e3", "1000"),
        ("float", "0.1", "0.1"),
        ("float", "2", "2.0"),
        ("float", "1e-3", "0.001"),
        ("bool", "True", "true"),
        ("bool", "true", "true"),
        ("bool", "1", "true"),
        ("bool", "False", "false"),
        ("bool", "no", "false"),
        ("list", '[1, "a", null]', '[1, "a", null]'),
        ("dict", '{"a": {"b": [1.5]}}', '{"a": {"b": [1.5]}}'),
    ],
)
def test_values_are_read_and_written_by_type(image: Callable[[str], Image], kind: str, text: str, written: str) -> None:
    step = image(RETURNING.format(type=kind))
    done = step("f", "--x", text, "--outputs", "--Output", step.at("deep/er/Output"), "--executor-input", "{{$}}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert step.out("deep/er/Output") == written


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "abc"),
        ("int", "5.5"),
        ("int", "True"),
        ("int", "inf"),
        ("int", ""),
        ("float", "x"),
        ("bool", "maybe"),
        ("list", "{}"),
        ("dict", "["),
    ],
)
def test_a_value_of_another_type_is_refused(image: Callable[[str], Image], kind: str, text: str) -> None:
    step = image(RETURNING.format(type=kind))
    done = step("f", "--x", text, "--outputs", "--Output", step.at("Output"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"comp: f: the input 'x' is {text!r}, expected ")
    assert not (step.folder / "out" / "Output").exists()


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        ("int", "'5'", "expected Integer"),
        ("int", "True", "expected Integer"),
        ("int", "None", "is None"),
        ("str", "5", "expected String"),
        ("float", "float('nan')", "nan"),
        ("bool", "1", "expected Boolean"),
        ("list", "[float('inf')]", "cannot be written as JSON"),
        ("dict", "{'a': object()}", "cannot be written as JSON"),
    ],
)
def test_a_returned_value_of_another_type_is_refused(
    image: Callable[[str], Image], type_: str, value: str, message: str
) -> None:
    step = image(f"def f() -> {type_}:\n    return {value}\n")
    done = step("f", "--outputs", "--Output", step.at("Output"))
    assert done.returncode == 1
    assert done.stderr.startswith("comp: f: the output 'Output'")
    assert message in done.stderr


TUPLE = """
from collections import namedtuple
from dataclasses import dataclass
from typing import NamedTuple
class R(NamedTuple):
    a: int
    b: str
@dataclass
class D:
    b: str
    a: int
S = namedtuple("S", "b a")
T = namedtuple("T", "a c")
def f() -> R:
    return {}
"""


@pytest.mark.parametrize(
    "value", ["R(1, 'x')", "(1, 'x')", "S('x', 1)", "S(a=1, b='x')", "dict(b='x', a=1)", "D('x', 1)"]
)
def test_a_tuple_gives_one_output_a_field(image: Callable[[str], Image], value: str) -> None:
    step = image(TUPLE.format(value))
    assert step("f", "--outputs", "--a", step.at("a"), "--b", step.at("b")).returncode == 0
    assert (step.out("a"), step.out("b")) == ("1", "x")


@pytest.mark.parametrize("value", ["(1,)", "(1, 'x', 2)", "[1, 'x']", "None", "T(1, 'x')", "dict(a=1)"])
def test_another_tuple_is_refused(image: Callable[[str], Image], value: str) -> None:
    step = image(TUPLE.format(value))
    done = step("f", "--outputs", "--a", step.at("a"), "--b", step.at("b"))
    assert done.returncode == 1
    assert done.stderr.startswith("comp: f: the function returned ")


ARTIFACT = """
import os
from kfp.dsl import Dataset
from typing import NamedTuple
def f(path: str) -> {}:
    return {}
"""


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("'a text'", "a text"),
        ("3", "3"),
        ("dict(a=1)", '{"a": 1}'),
        ("Dataset(uri=path, metadata=dict(a=1))", "of the file"),
    ],
)
@pytest.mark.parametrize("several", [False, True])
def test_a_returned_value_is_an_artifacts_content(
    image: Callable[[str], Image], tmp_path: Path, value: str, written: str, *, several: bool
) -> None:
    source = tmp_path / "source"
    source.write_text("of the file")
    type_ = "NamedTuple('R', [('Output', Dataset)])" if several else "Dataset"
    step = image(ARTIFACT.format(type_, f"({value},)" if several else value))
    done = step("f", "--path", str(source), "--outputs", "--Output", step.at("o"))
    assert done.returncode == 0, done.stderr
    assert step.out("o") == written


def test_a_returned_artifact_may_lie_elsewhere(image: Callable[[str], Image], tmp_path: Path) -> None:
    step = image(ARTIFACT.format("Dataset", "Dataset(uri='gs://b/k', metadata=dict(a=1))"))
    executor = {"outputs": {"outputFile": str(tmp_path / "report.json")}}
    given = ("--path", "", "--outputs", "--Output", step.at("o"), "--executor-input", json.dumps(executor))
    done = step("f", *given)
    assert done.returncode == 0, done.stderr
    (reported,) = json.loads((tmp_path / "report.json").read_text())["artifacts"]["output"]["artifacts"]
    assert (reported["uri"], reported["metadata"]) == ("gs://b/k", {"a": 1})


def test_an_object_without_a_text_cannot_be_an_artifacts_content(image: Callable[[str], Image]) -> None:
    step = image(ARTIFACT.format("Dataset", "object()"))
    assert "(object), expected Dataset" in step("f", "--path", "", "--outputs", "--Output", step.at("o")).stderr


OPTIONAL = """
def f(a: str, b: int | None = None, c: int | None = 7, d: str = "d") -> str:
    return repr((a, b, c, d))
"""


def test_an_absent_input_takes_the_functions_own_default(image: Callable[[str], Image]) -> None:
    step = image(OPTIONAL)
    assert step("f", "--a", "x", "--c", "7", "--d", "d", "--outputs", "--Output", step.at("o")).returncode == 0
    assert step.out("o") == "('x', None, 7, 'd')"


def test_an_optional_artifact_without_a_file_is_absent(image: Callable[[str], Image]) -> None:
    step = image(
        "from typing import Optional\nfrom toolkit.types import Artifact, Input\n"
        "def f(x: Optional[Input[Artifact]] = None) -> str:\n    return open(x.path).read() if x else 'none'\n"
    )
    outputs = ("--outputs", "--Output", step.at("Output"), "--executor-input", "{{$}}")
    done = step("f", "--x", step.at("missing"), *outputs)
    assert (done.returncode, step.out("Output")) == (0, "none"), done.stderr
    (step.folder / "given").write_text("text")
    done = step("f", "--x", str(step.folder / "given"), *outputs)
    assert (done.returncode, step.out("Output")) == (0, "text"), done.stderr


def test_an_optional_input_without_default_is_none(image: Callable[[str], Image]) -> None:
    step = image("def f(a: 'int | None' = None) -> str:\n    return repr(a)\n")
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == 0
    assert step.out("o") == "None"


def test_a_default_of_the_contract_need_not_be_given_by_hand(image: Callable[[str], Image]) -> None:
    step = image(
        "import functools\n\n"
        "def same(function):\n"
        "    @functools.wraps(function)\n"
        "    def wrapped(*a, **k):\n"
        "        return function(*a, **k)\n"
        "    return wrapped\n\n"
        "def f(a: int = 7, b: 'int | None' = None) -> str:\n    return repr((a, b))\n\n"
        "f = same(f)\n"
    )
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == 0
    assert step.out("o") == "(7, None)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the input 'a' is missing"),
        (("--z", "1"), "unknown input --z"),
        (("--a",), "the argument --a has no value"),
        (("--a", "1"), "the output 'Output' has no path"),
        (("--a", "1", "--outputs", "--Q", "x"), "unknown output --Q"),
        (("--a", "1", "--executor-input", "{"), "the engine's --executor-input is not JSON"),
        (("--a", "1", "--outputs", "--Output", "o", "--", "ls"), "a function takes nothing after --"),
    ],
)
def test_a_wrong_call_is_refused(image: Callable[[str], Image], arguments: tuple[str, ...], message: str) -> None:
    step = image("def f(a: str) -> str:\n    return a\n")
    outputs = (
        ()
        if "--outputs" in arguments or message.startswith(("the output", "the arg"))
        else ("--outputs", "--Output", step.at("o"))
    )
    done = step("f", *arguments, *outputs) if message != "the input 'a' is missing" else step("f", *outputs)
    assert done.returncode == 2
    assert message in done.stderr


def test_an_unknown_component_names_those_that_are_there(image: Callable[[str], Image]) -> None:
    done = image("def f() -> int:\n    return 1\n")("g")
    assert (done.returncode, done.stderr) == (2, "comp: g: unknown component; this image has: f\n")


def test_another_protocol_is_refused(image: Callable[[str], Image]) -> None:
    step = image("def f() -> int:\n    return 1\n")
    path = step.folder / "interface.json"
    path.write_text(path.read_text().replace('"protocol":1', '"protocol":2'))
    assert "of protocol 2, this launcher speaks 1" in step("f").stderr


ARTIFACTS = """
from kfp import dsl
from kfp.dsl import Artifact, ClassificationMetrics, Dataset, Input, Metrics, Model, Output
from kfp.components import InputPath, OutputPath
import toolkit.types as t


@dsl.component(base_image="x")
def f(data: Input[Dataset], model: Output[Model], m: Output[Metrics], mlpipeline_metrics: Output[t.Metrics],
      raw: InputPath("CSV"), copy: OutputPath("CSV"), n: OutputPath(int), maybe: Input[Artifact] = None):
    assert isinstance(data, Dataset) and maybe is None
    model.metadata["rows"] = data.metadata.get("rows")
    with open(model.path, "w") as stream:
        stream.write(data.name + data.uri)
    m.log_metric("loss", 0.5)
    mlpipeline_metrics.log_metric("accuracy", 0.75)
    with open(copy, "w") as out, open(raw) as given:
        out.write(given.read())
    with open(n, "w") as out:
        out.write("3")
"""


def _artifact_arguments(step: Image) -> list[str]:
    given = step.folder / "given"
    given.write_text("content")
    arguments = ["f", "--data", str(given), "--raw", str(given), "--outputs"]
    for name in ("model", "m", "mlpipeline-metrics", "copy", "n"):
        arguments += [f"--{name}", step.at(name)]
    return arguments


def test_artifacts_without_kfp(image: Callable[[str], Image]) -> None:
    step = image(ARTIFACTS)
    done = step(*_artifact_arguments(step), "--executor-input", "{{$}}")
    assert done.returncode == 0, done.stderr
    assert step.out("model") == f"data{step.folder / 'given'}"
    assert json.loads(step.out("m")) == {"loss": 0.5}
    shown = {"metrics": [{"name": "accuracy", "numberValue": 0.75, "format": "RAW"}]}
    assert json.loads(step.out("mlpipeline-metrics")) == shown
    assert (step.out("copy"), step.out("n")) == ("content", "3")


def test_kfp_2_gets_artifacts_and_their_metadata(image: Callable[[str], Image]) -> None:
    step = image(ARTIFACTS)
    reported = {"name": "projects/1", "uri": "gs://bucket/data", "metadata": {"rows": 7.0}}
    executor_input = {
        "inputs": {"artifacts": {"data": {"artifacts": [reported]}}},
        "outputs": {
            "artifacts": {"model": {"artifacts": [{"name": "the-model", "uri": "gs://bucket/model"}]}},
            "outputFile": step.at("deep/executor_output.json"),
        },
    }
    done = step(*_artifact_arguments(step), "--executor-input", json.dumps(executor_input))
    assert done.returncode == 0, done.stderr
    reported = json.loads(step.out("deep/executor_output.json"))["artifacts"]
    model = {"name": "the-model", "uri": "gs://bucket/model", "metadata": {"rows": 7.0}}
    assert reported["model"] == {"artifacts": [model]}
    assert reported["m"]["artifacts"][0]["metadata"] == {"loss": 0.5}
    assert step.out("model") == "projects/1gs://bucket/data"


def test_kfp_2_decides_values_and_presence(image: Callable[[str], Image]) -> None:
    step = image(OPTIONAL)
    executor_input = json.dumps({"inputs": {"parameterValues": {"a": "from kfp", "c": 5.0, "d": ""}}})
    command = ("--a", "argv", "--b", "1", "--c", "6", "--d", "argv")
    done = step("f", *command, "--outputs", "--Output", step.at("o"), "--executor-input", executor_input)
    assert done.returncode == 0, done.stderr
    assert step.out("o") == "('from kfp', None, 5, '')"


def test_what_kfp_2_does_not_report_comes_from_the_command_line_if_it_is_required(
    image: Callable[[str], Image],
) -> None:
    step = image(OPTIONAL)
    executor_input = json.dumps({"inputs": {"parameterValues": {"a": "x"}}})
    command = ("--a", "x", "--b", "null", "--c", "6", "--d", "e")
    done = step("f", *command, "--outputs", "--Output", step.at("o"), "--executor-input", executor_input)
    assert done.returncode == 0, done.stderr
    assert step.out("o") == "('x', None, 6, 'e')"


MOVING = """
from kfp.dsl import Dataset, Model, Output


def f(model: Output[Model], data: Output[Dataset]):
    model.uri = model.uri + ".bin"
    data.path = data.path + ".csv"
    for place in (model.path, data.path):
        with open(place, "w") as stream:
            stream.write("x")
"""


def test_a_new_uri_moves_the_path_and_back(image: Callable[[str], Image]) -> None:
    step = image(MOVING)
    outputs = ("--outputs", "--model", step.at("model"), "--data", step.at("data"))
    executor_input = {"outputs": {"artifacts": {}, "outputFile": step.at("report.json")}}
    done = step("f", *outputs, "--executor-input", json.dumps(executor_input))
    assert done.returncode == 0, done.stderr
    reported = json.loads(step.out("report.json"))["artifacts"]
    assert reported["model"]["artifacts"][0]["uri"] == step.at("model.bin")
    assert reported["data"]["artifacts"][0]["uri"] == step.at("data.csv")
    assert (step.out("model.bin"), step.out("data.csv")) == ("x", "x")


def test_an_engine_that_knows_only_paths_cannot_take_another(image: Callable[[str], Image]) -> None:
    step = image(MOVING)
    done = step("f", "--outputs", "--model", step.at("model"), "--data", step.at("data"))
    assert done.returncode == 1
    expected = f"declared and not written: model ({step.at('model')}), data ({step.at('data')})"
    assert done.stderr == f"comp: f: {expected}\n"


@pytest.mark.parametrize(
    ("uri", "path"),
    [("gs://b/m", "/gcs/b/m"), ("minio://b/m", "/minio/b/m"), ("s3://b/m", "/s3/b/m"), ("/x/m", "/x/m")],
)
def test_stores_are_mounted_where_kfp_mounts_them(image: Callable[[str], Image], uri: str, path: str) -> None:
    code = "from kfp.dsl import Model\ndef f(uri: str, path: str) -> list:\n    m, n = Model(uri=uri), Model()\n"
    step = image(code + "    n.path = path\n    return [m.path, n.uri, n.path]\n")
    done = step("f", "--uri", uri, "--path", path, "--outputs", "--Output", step.at("o"))
    assert done.returncode == 0, done.stderr
    assert json.loads(step.out("o")) == [path, uri, path]


def test_numbers_of_numpy_become_json(image: Callable[[str], Image]) -> None:
    code = "class N:\n    def tolist(self):\n        return [1, 2.5]\ndef f() -> dict:\n    return {'a': N()}\n"
    step = image(code)
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == 0
    assert step.out("o") == '{"a": [1, 2.5]}'


def test_an_input_and_an_output_may_have_one_name(image: Callable[[str], Image]) -> None:
    code = "from typing import NamedTuple\ndef f(x: int) -> NamedTuple('R', [('x', int)]):\n    return (x + 1,)\n"
    step = image(code)
    assert step("f", "--x", "1", "--outputs", "--x", step.at("x")).returncode == 0
    assert step.out("x") == "2"


def test_an_output_that_was_not_written_is_an_error(image: Callable[[str], Image]) -> None:
    step = image("from toolkit.types import Model, Output\ndef f(model: Output[Model]):\n    pass\n")
    done = step("f", "--outputs", "--model", step.at("model"))
    assert done.returncode == 1
    assert done.stderr == f"comp: f: declared and not written: model ({step.at('model')})\n"


def test_the_traceback_is_the_users_own(image: Callable[[str], Image]) -> None:
    step = image("def f() -> int:\n    print('before')\n    return int('x')\n")
    done = step("f", "--outputs", "--Output", step.at("o"))
    assert (done.returncode, done.stdout) == (1, "before\n")
    assert "launch.py" not in done.stderr
    assert 'module.py", line 3, in f' in done.stderr
    assert done.stderr.endswith("comp: f: ValueError: invalid literal for int() with base 10: 'x'\n")


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        ("ValueError('one\\ntwo')", "comp: f: ValueError: one\n"),
        ("ValueError", "comp: f: ValueError\n"),
        ("Odd()", "comp: f: Odd: <exception str() failed>\n"),
    ],
)
def test_the_last_line_is_one_line(image: Callable[[str], Image], raised: str, message: str) -> None:
    code = "import sys\nclass Odd(Exception):\n    def __str__(self):\n        return 1 // 0\n"
    step = image(code + f"def f() -> int:\n    sys.argv.clear()\n    raise {raised}\n")
    done = step("f", "--outputs", "--Output", step.at("o"))
    assert done.returncode == 1
    assert done.stderr.endswith(message)


@pytest.mark.parametrize(
    ("code", "expected"), [("sys.exit(7)", 7), ("sys.exit('no')", 1), ("raise KeyboardInterrupt", 130)]
)
def test_an_exit_code_of_the_users_is_kept(image: Callable[[str], Image], code: str, expected: int) -> None:
    step = image(f"import sys\ndef f() -> int:\n    {code}\n")
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == expected


@pytest.mark.parametrize(("written", "expected"), [("open(n, 'w').write('3')", 0), ("pass", 1)])
def test_leaving_with_code_0_does_not_excuse_a_missing_output(
    image: Callable[[str], Image], written: str, expected: int
) -> None:
    code = "import sys\nfrom toolkit.types import OutputPath\n"
    step = image(f"{code}def f(n: OutputPath(int)):\n    {written}\n    sys.exit(0)\n")
    done = step("f", "--outputs", "--n", step.at("n"))
    assert done.returncode == expected
    assert ("declared and not written: n" in done.stderr) == bool(expected)


@pytest.mark.parametrize(
    ("code", "name", "package"),
    [
        ("from kfp import Client", "kfp.Client", "kfp"),
        ("import kfp.compiler", "kfp.compiler", "kfp"),
        ("import kfp\nkfp.Client", "kfp.Client", "kfp"),
        ("from kfp.dsl import importer", "kfp.dsl.importer", "kfp"),
        ("from kfp.dsl.types import artifact_types", "kfp.dsl.types", "kfp"),
        ("from toolkit.errors import InputError", "toolkit.errors", "comp-toolkit"),
    ],
)
def test_other_names_of_kfp_have_to_be_declared(
    image: Callable[[str], Image], code: str, name: str, package: str
) -> None:
    step = image(f"{code}\ndef f() -> int:\n    return 1\n")
    done = step("f", "--outputs", "--Output", step.at("o"))
    assert done.returncode == 1
    assert f"{name} is not in this image: declare {package} in dependencies\n" in done.stderr


def test_pickle_may_look_through_the_stand_ins(image: Callable[[str], Image]) -> None:
    # An object without a module, as numpy's functions are, is looked for in every module.
    step = image(
        "import pickle\nimport kfp.dsl\n\n"
        "class Odd:\n    def __reduce__(self):\n        return 'odd'\n\n"
        "Odd.__module__ = None\nodd = Odd()\n\n"
        "def f() -> str:\n    return str(b'odd' in pickle.dumps(odd))\n"
    )
    done = step("f", "--outputs", "--Output", step.at("o"))
    assert done.returncode == 0, done.stderr
    assert step.out("o") == "True"


def test_a_real_package_wins_over_its_stand_in(image: Callable[[str], Image]) -> None:
    step = image("from kfp import REAL\ndef f() -> int:\n    return REAL\n")
    (step.folder / "app" / "kfp.py").write_text("REAL = 5\n")
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == 0
    assert step.out("o") == "5"


def test_home_is_set_when_nobody_set_it(image: Callable[[str], Image]) -> None:
    step = image("import os\ndef f() -> str:\n    return os.environ['HOME']\n")
    assert step("f", "--outputs", "--Output", step.at("o"), env={"PATH": "/usr/bin:/bin"}).returncode == 0
    assert step.out("o") == "/tmp"  # noqa: S108 (what the launcher promises)


@pytest.mark.parametrize("home", ["", "/home/of/mine", "/usr"])
def test_only_a_home_that_is_none_is_replaced(image: Callable[[str], Image], home: str) -> None:
    step = image("import os\ndef f() -> str:\n    return os.environ['HOME']\n")
    env = {"PATH": "/usr/bin:/bin", "HOME": home}
    assert step("f", "--outputs", "--Output", step.at("o"), env=env).returncode == 0
    assert step.out("o") == (home or "/tmp")  # noqa: S108 (what the launcher promises)


def test_an_output_that_cannot_be_written_is_named(image: Callable[[str], Image]) -> None:
    step = image("def f() -> int:\n    return 1\n")
    (step.folder / "out").write_text("a file")
    done = step("f", "--outputs", "--Output", step.at("deep/o"))
    assert (done.returncode, done.stderr) == (
        3,
        f"comp: f: cannot make the folder {step.at('deep')}: Not a directory\n",
    )


_PORT = '{"name": "a", "flag": "--a", "type": "String", "kind": "parameter", "optional": false'


def _interface(component: str) -> str:
    return f'{{"protocol": 1, "components": {{"f": {component}}}}}'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read interface.json beside the launcher: "),
        ("{", "cannot read interface.json beside the launcher: "),
        ("[" * 100_000, "cannot read interface.json beside the launcher: "),
        ("[]", "interface.json is of protocol None, this launcher speaks 1"),
        ('{"protocol": 1}', "interface.json lists no components"),
        ('{"protocol": 1, "components": []}', "interface.json lists no components"),
        (_interface("[]"), "interface.json: f is a list, expected an object"),
        (_interface('{"inputs": []}'), "interface.json: f has no 'outputs'"),
        (_interface('{"inputs": {}, "outputs": []}'), "interface.json: f.inputs is an object, expected a list"),
        (_interface('{"inputs": [5], "outputs": []}'), "interface.json: f.inputs[0] is a number, expected an object"),
        (
            _interface(
                '{"inputs": [' + _PORT + "}" + '], "outputs": [], "function": "module:f", "returns_tuple": false}'
            ),
            "interface.json: f.inputs[0] has no 'parameter'",
        ),
        (
            _interface('{"inputs": [' + _PORT + ', "shape": ["list", 5]}], "outputs": []}'),
            "interface.json: f.inputs[0].shape is wrong",
        ),
        (
            _interface('{"inputs": [], "outputs": [], "function": 5, "returns_tuple": false}'),
            "interface.json: f.function is a number, expected a text",
        ),
    ],
)
def test_a_damaged_image_is_one_line(image: Callable[[str], Image], content: str | None, message: str) -> None:
    step = image("def f() -> int:\n    return 1\n")
    (step.folder / "interface.json").unlink()
    if content:
        (step.folder / "interface.json").write_text(content)
    done = step("f")
    assert done.returncode == 3
    assert done.stderr.startswith(f"comp: f: this image is damaged, build it again: {message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("[]", "it is a list, expected an object"),
        ('{"inputs": []}', "inputs is a list, expected an object"),
        ('{"inputs": {"parameterValues": "a"}}', "inputs.parameterValues is a text, expected an object"),
        ('{"inputs": {"artifacts": 1.5}}', "inputs.artifacts is a number, expected an object"),
        ('{"inputs": {"artifacts": {"a": []}}}', "inputs.artifacts.a is a list, expected an object"),
        (
            '{"inputs": {"artifacts": {"a": {"artifacts": {}}}}}',
            "inputs.artifacts.a.artifacts is an object, expected a list",
        ),
        (
            '{"inputs": {"artifacts": {"a": {"artifacts": [true]}}}}',
            "an artifact of inputs.artifacts.a is a boolean, expected an object",
        ),
        (
            '{"outputs": {"artifacts": {"a": {"artifacts": [{"metadata": []}]}}}}',
            "metadata of an artifact of outputs.artifacts.a is a list, expected an object",
        ),
        ('{"outputs": {"outputFile": {}}}', "outputs.outputFile is an object, expected a text"),
        ('{"outputs": {"outputFile": "a\\u0000b"}}', "outputs.outputFile has a null character"),
    ],
)
def test_a_malformed_executor_input_is_the_engines_fault(
    image: Callable[[str], Image], given: str, message: str
) -> None:
    step = image("def f(a: str = 'x') -> str:\n    return a\n")
    done = step("f", "--outputs", "--Output", step.at("o"), "--executor-input", given)
    assert done.returncode == 2
    assert done.stderr == f"comp: f: the engine's --executor-input is malformed: {message}\n"


def test_a_deep_executor_input_is_one_line(image: Callable[[str], Image]) -> None:
    step = image("def f(a: str = 'x') -> str:\n    return a\n")
    done = step("f", "--outputs", "--Output", step.at("o"), "--executor-input", "[" * 100_000)
    assert done.returncode == 2
    assert done.stderr.startswith("comp: f: the engine's --executor-input is not JSON: ")
    assert done.stderr.count("\n") == 1


def test_an_executor_input_may_leave_anything_out(image: Callable[[str], Image]) -> None:
    step = image("def f(a: str = 'x') -> str:\n    return a\n")
    for given in ("{}", '{"inputs": null, "outputs": {"artifacts": {"o": {"artifacts": null}}}}'):
        done = step("f", "--outputs", "--Output", step.at("o"), "--executor-input", given)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('["a"]', "are a list, expected an object of texts by input name"),
        ('{"a": 5}', "are wrong: 'a' is a number, expected a text"),
        ("null", "are null, expected an object of texts by input name"),
    ],
)
def test_wrong_values_are_the_engines_fault(image: Callable[[str], Image], content: str, message: str) -> None:
    step = image("def f(a: str) -> str:\n    return a\n")
    values = step.folder / "values.json"
    values.write_text(content)
    done = step("f", "--comp:values", str(values), "--outputs", "--Output", step.at("o"))
    assert (done.returncode, done.stderr) == (2, f"comp: f: the values in {values} {message}\n")


def test_a_returned_text_that_cannot_be_written_is_one_line(image: Callable[[str], Image]) -> None:
    step = image("def f() -> str:\n    return '\\ud800'\n")
    done = step("f", "--outputs", "--Output", step.at("o"))
    assert done.returncode == 1
    assert done.stderr.startswith(f"comp: f: cannot write {step.at('o')}: 'utf-8' codec can't encode")
    assert done.stderr.count("\n") == 1


def test_it_starts_without_heavy_modules(image: Callable[[str], Image]) -> None:
    step = image("import sys\ndef f() -> list:\n    return sorted(sys.modules)\n")
    assert step("f", "--outputs", "--Output", step.at("o")).returncode == 0
    loaded = set(json.loads(step.out("o")))
    assert not loaded & {"argparse", "dataclasses", "inspect", "typing", "pathlib", "subprocess", "traceback", "signal"}


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Image]:
    """Lay out a program as the component `p` with the output `result`."""

    def make(code: str) -> Image:
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "program.py").write_text(code)
        interface = Interface(outputs=(Output(name="result", type="CSV", kind=Kind.ARTIFACT),))
        (tmp_path / "interface.json").write_bytes(interface_document([("p", interface)]))
        (tmp_path / "launch.py").write_bytes(launcher.source())
        return Image(tmp_path)

    return make


def test_a_program_runs_with_its_outputs_parents_made(program: Callable[[str], Image]) -> None:
    step = program("import sys\nopen(sys.argv[2], 'w').write(sys.argv[1])\n")
    outputs = ("--outputs", "--result", step.at("deep/result"))
    report = json.dumps({"outputs": {"outputFile": step.at("report.json")}})
    done = step("p", *outputs, "--executor-input", report, "--", "python", "program.py", "x", step.at("deep/result"))
    assert done.returncode == 0, done.stderr
    assert step.out("deep/result") == "x"
    assert "result" in json.loads(step.out("report.json"))["artifacts"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("raise SystemExit(9)", 9), ("import os; os.kill(os.getpid(), 15)", 143), ("pass", 1)],
)
def test_a_programs_exit_code_is_kept(program: Callable[[str], Image], code: str, expected: int) -> None:
    step = program(code)
    done = step("p", "--outputs", "--result", step.at("result"), "--", "python", "program.py")
    assert done.returncode == expected


def test_a_signal_reaches_the_program(program: Callable[[str], Image]) -> None:
    # Blocked, so that a signal that comes before the wait is not lost in it.
    code = (
        "import signal, sys\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "print('ready', flush=True)\n"
        "sys.exit(5 if signal.sigwait([signal.SIGTERM]) == signal.SIGTERM else 6)\n"
    )
    step = program(code)
    command = [sys.executable, str(step.folder / "launch.py"), "p", "--outputs", "--result", step.at("r")]
    with subprocess.Popen([*command, "--", "python", "program.py"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(20) == 5


def test_a_signal_reaches_the_program_whenever_it_comes(program: Callable[[str], Image]) -> None:
    step = program("")
    command = [sys.executable, "-S", str(step.folder / "launch.py"), "p", "--outputs", "--result", step.at("r")]
    for half_milliseconds in range(100):
        with subprocess.Popen([*command, "--", "sleep", "60"]) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(half_milliseconds / 2000)
            process.terminate()
            # Before the launcher listens the signal ends it, afterwards it ends the program.
            assert process.wait(20) in {-15, 143}


def test_a_program_starts_with_the_signals_that_the_launcher_had(program: Callable[[str], Image]) -> None:
    step = program(
        "import signal\nprint(signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(17) == signal.SIG_DFL)\n"
    )
    done = step("p", "--outputs", "--result", step.at("result"), "--", "python", "program.py")
    assert done.stdout == "set() True\n"


def test_a_program_does_not_inherit_an_ignored_sigpipe(program: Callable[[str], Image]) -> None:
    step = program("")
    outputs = ("--outputs", "--result", step.at("result"))
    done = step("p", *outputs, "--", "bash", "-c", "kill -PIPE $$; echo ignored")
    assert (done.returncode, done.stdout) == (141, "")


@pytest.mark.parametrize(
    ("command", "message"),
    [((), "no program after --"), (("no-such-program",), "cannot run no-such-program: No such file or directory")],
)
def test_a_program_that_is_not_there_is_refused(
    program: Callable[[str], Image], command: tuple[str, ...], message: str
) -> None:
    step = program("")
    done = step("p", "--outputs", "--result", step.at("result"), "--", *command)
    assert (done.returncode, done.stderr) == (1 if command else 2, f"comp: p: {message}\n")


def test_a_program_of_the_base_needs_no_app_folder(program: Callable[[str], Image]) -> None:
    step = program("")
    (step.folder / "app" / "program.py").unlink()
    (step.folder / "app").rmdir()
    done = step("p", "--outputs", "--result", step.at("result"), "--", "cp", "/etc/hostname", step.at("result"))
    assert done.returncode == 0, done.stderr


def test_an_artifact_that_kfps_server_takes_for_absent_is_found(image: Callable[[str], Image]) -> None:
    code = """
from toolkit.types import Dataset, Input, InputPath

def f(data: Input[Dataset] = None, table: InputPath("CSV") = None, other: Input[Dataset] = None) -> list:
    return [data.path, data.uri, dict(data.metadata), table, other]
"""
    found = image(code)
    artifacts = {
        "data": {"artifacts": [{"name": "d", "uri": "s3://bucket/d", "metadata": {"rows": 3}}]},
        "table": {"artifacts": [{"name": "t", "uri": "gs://bucket/t"}]},
    }
    given = json.dumps({"inputs": {"artifacts": artifacts}})
    done = found("f", "--outputs", "--Output", found.at("o"), "--executor-input", given)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(found.out("o")) == ["/s3/bucket/d", "s3://bucket/d", {"rows": 3}, "/gcs/bucket/t", None]
