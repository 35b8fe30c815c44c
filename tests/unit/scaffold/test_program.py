"""A program under the launcher gets from its own parser what it would have got by hand: values, not only names."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.launched import Image
from toolkit import launcher
from toolkit.interface.programs.reader import read_program
from toolkit.scaffold.overrides import Override
from toolkit.scaffold.program import contract_of_program, read_contract, spec_of_program
from toolkit.spec.arguments import resolve_command
from toolkit.spec.model import ComponentSpec
from toolkit.spec.protocol import interface_document

HEAD = "import argparse, json\ndef find(): return 'found'\np = argparse.ArgumentParser()\n"
TAIL = "\nprint(json.dumps(vars(p.parse_args())))\n"


def _program(folder: Path, written: str) -> ComponentSpec:
    """Lay out a program of some `add_argument` calls, one on a line, which prints what its parser gives."""
    calls = "\n".join(line if line.startswith("p.") else f"p.add_argument({line})" for line in written.split("\n"))
    return _laid_out(folder, HEAD + calls + TAIL)


def _laid_out(folder: Path, code: str) -> ComponentSpec:
    """Lay out a program as it lies in an image."""
    (folder / "app").mkdir()
    (folder / "app" / "prog.py").write_text(code, encoding="utf-8")
    contract = contract_of_program(read_program(folder / "app" / "prog.py", {}))
    spec = spec_of_program(contract, name="p", title="P", description="", image="i", annotations={})
    (folder / "interface.json").write_bytes(interface_document([("p", spec.interface)]))
    (folder / "launch.py").write_bytes(launcher.source())
    return spec


def _run(folder: Path, spec: ComponentSpec, given: dict[str, str], *, defaults: bool) -> tuple[int, str, str]:
    """Run it as an engine does that hands over defaults, or as one that leaves them out."""
    known = {port.name: port.default for port in spec.interface.inputs if port.default is not None}
    values = {**(known if defaults else {}), **given}
    words = resolve_command(spec, values=values, input_paths={}, output_paths={})
    done = Image(folder)(*words[words.index("p") :])
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("defaults", [True, False])
@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        # bool() reads every text but the empty one as true.
        ("'--a', type=bool, default=False", None, False),
        ("'--a', type=bool, default=False", "false", False),
        ("'--a', type=bool, default=False", "True", True),
        ("'--a', type=bool, default=True", "false", False),
        ("'--a', type=lambda x: bool(x), default=True", "0", False),
        ("'--a', type=lambda x: bool(int(x)), default=False", None, False),
        ("'--a', type=lambda x: bool(int(x)), default=False", "1", True),
        ("'-a', type=bool, default=True", "false", False),
        ("'a', type=bool, nargs='?', default=True", "false", False),
        ("'--a', type=bool, default='False'", None, True),
        # Defaults that are no texts.
        ("'--a', default=5", None, 5),
        ("'--a', default=5", "5", 5),
        ("'--a', default=5", "6", "6"),
        ("'--a', default=False", None, False),
        ("'--a', default=None", None, None),
        ("'--a', default=[1, 2]", None, [1, 2]),
        ("'--a', type=int, default=1.5", None, 1.5),
        ("'--a', type=float, default=3", None, 3),
        ("'--a', default=find()", None, "found"),
        # An optional value.
        ("'--a', nargs='?', const=True, default=False", None, False),
        ("'--a', nargs='?', const=True, default=False", "true", True),
        ("'--a', nargs='?', const=True, default=False", "path", "path"),
        ("'--a', nargs='?', const=7, default=0", "7", 7),
        ("'--a', nargs='?', const='all', default='none'", "all", "all"),
        ("'--a', nargs='?', type=int, const=7, default=0", "7", 7),
        ("'--a', nargs='?', const=True, default=False\n'b', nargs='?'", {"a": "true", "b": "x"}, True),
        # Counted and collected.
        ("'-a', action='count', default=1", None, 1),
        ("'-a', action='count', default=1", "3", 3),
        ("'-a', action='count', default=1", "0", "the program counts on from its default 1"),
        ("'-a', action='count'", None, None),
        ("'-a', action='count'", "2", 2),
        ("'--a', action='append', default=['x']", None, ["x"]),
        ("'--a', action='append', default=['x']", '["x", "y"]', ["x", "y"]),
        ("'--a', action='append', default=['x']", '["y"]', 'the program adds items to its default ["x"]'),
        ("'--a', action='append', type=int", "[1, -2]", [1, -2]),
        ("'--a', action='append', nargs=2, type=int", "[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        ("'--a', action='extend', nargs='+', default=['x']", '["x", "y"]', ["x", "y"]),
        # Lists.
        ("'--a', nargs='*'", None, None),
        ("'--a', nargs='*'", "[]", []),
        ("'--a', nargs='*', default=['x']", None, ["x"]),
        ("'--a', nargs='*', default=['x']", "[]", []),
        ("'--a', nargs='+', default=[]", "[]", []),
        ("'a', nargs='*', default=['x']", None, ["x"]),
        ("'a', nargs='*'", '["-x", "y"]', ["-x", "y"]),
        # Switches.
        ("'--a', action='store_true'", "false", False),
        ("'--a', action='store_true', default=True", None, True),
        ("'--a', action='store_true', default=True", "false", "the program has no flag that says so true"),
        ("'--a', action='store_true', default=None", None, None),
        ("'--a', action='store_true', default=find()", None, "found"),
        ("'--a', action='store_true', default=find()", "false", "the program has no flag that says so"),
        ("'--a', action='store_true'\np.set_defaults(a=True)", None, True),
        ("'--a', action='store_const', const=5", None, None),
        ("'--a', action='store_const', const=5", "true", 5),
        ("'--a', action='append_const', const=5", "true", [5]),
        ("'--no-a', dest='a', action='store_false'", {"no_a": "true"}, False),
        ("'--no-a', dest='a', action='store_false'\np.set_defaults(a=True)", None, True),
        ("'--a', action='store_false', default=True", None, True),
        ("'--a', action='store_false', default=True", "true", False),
        (
            "'--a', dest='a', action='store_const', const=1\n'--b', dest='a', action='store_const', const=2",
            {"b": "true"},
            2,
        ),
        ("'--a', action=argparse.BooleanOptionalAction, default=True", "false", False),
        # Choices, and a default outside of them.
        ("'--a', choices=['x', 'y'], default='auto'", None, "auto"),
        ("'--a', choices=['x', 'y'], default='auto'", "y", "y"),
        ("'--a', type=int, choices=[1, 2], default=0", None, 0),
        # Positional ones: what stands before one that is given is given too.
        ("'b', nargs='?', default='usual'\n'a', nargs='?'", "x", "x"),
        ("'b', nargs='?'\n'a', nargs='?'", "x", "the input 'b' is missing: 'a', which is given, comes after it"),
    ],
)
def test_the_programs_own_parser_gives_the_value(
    tmp_path: Path, written: str, given: str | dict[str, str] | None, expected: object, *, defaults: bool
) -> None:
    spec = _program(tmp_path, written)
    texts = given if isinstance(given, dict) else {} if given is None else {"a": given}
    code, printed, errors = _run(tmp_path, spec, texts, defaults=defaults)
    if code:
        assert str(expected) in errors
    else:
        received: dict[str, Any] = json.loads(printed)
        assert received["a"] == expected
        assert type(received["a"]) is type(expected)


CLICK = """
import click, json
@click.command()
@click.option("--upper", "a", flag_value="upper", default=True)
@click.option("--lower", "a", flag_value="lower")
@click.option("--pairs", multiple=True, nargs=2, type=int)
@click.option("--ask", prompt=True)
@click.option("--on/--off", default=None)
@click.option("-v", count=True, default=1)
@click.option("--none", type=int, default=None)
def main(**given):
    print(json.dumps(given))
main()
"""


@pytest.mark.parametrize("defaults", [True, False])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"a": "upper", "pairs": [], "ask": "x", "on": None, "v": 1, "none": None}),
        ({"lower": "true", "pairs": "[[1, 2], [3, 4]]", "v": "3"}, {"a": "lower", "pairs": [[1, 2], [3, 4]], "v": 3}),
        ({"on": "true", "none": "5"}, {"on": True, "none": 5}),
    ],
)
def test_click_gives_the_value(
    tmp_path: Path, given: dict[str, str], expected: dict[str, object], *, defaults: bool
) -> None:
    spec = _laid_out(tmp_path, CLICK)
    code, printed, errors = _run(tmp_path, spec, {"ask": "x", **given}, defaults=defaults)
    assert code == 0, errors
    received = json.loads(printed)
    assert {name: received[name] for name in expected} == expected


def test_fire_gets_texts_that_stay_texts(tmp_path: Path) -> None:
    code = "import fire\ndef main(a, b: str = 'x', c='5'): ...\nfire.Fire(main)\n"
    words = {port.name: port.annotations["program"] for port in _laid_out(tmp_path, code).interface.inputs}
    assert words == {
        "a": {"flag": "--a"},
        "b": {"flag": "--b", "quoted": True, "default": "x"},
        "c": {"flag": "--c", "quoted": True, "default": "5"},
    }


def test_positional_options_keep_their_order(tmp_path: Path) -> None:
    calls = "p.add_argument('source')\np.add_argument('output_path')\np.add_argument('label', nargs='?', default='x')"
    spec = _program(tmp_path, calls)
    assert [port.name for port in spec.interface.inputs] == ["source", "label"]
    values = {"source": "-a", "label": "b"}
    words = resolve_command(spec, values=values, input_paths={}, output_paths={"output_path": str(tmp_path / "made")})
    (tmp_path / "made").write_text("")
    done = Image(tmp_path)(*words[words.index("p") :])
    assert json.loads(done.stdout) == {"source": "-a", "output_path": str(tmp_path / "made"), "label": "b"}


def test_a_default_that_the_author_changes_is_passed(tmp_path: Path) -> None:
    spec = _program(tmp_path, "'--a', type=int, default=5")
    document = json.loads((tmp_path / "interface.json").read_bytes())
    document["components"]["p"]["inputs"][0]["default"] = "20"
    (tmp_path / "interface.json").write_text(json.dumps(document))
    assert json.loads(_run(tmp_path, spec, {}, defaults=False)[1]) == {"a": 20}
    assert json.loads(_run(tmp_path, spec, {"a": "5"}, defaults=False)[1]) == {"a": 5}


def test_two_flags_that_set_one_name_are_two_inputs(tmp_path: Path) -> None:
    spec = _program(tmp_path, "'--lr', type=float\n'--learning-rate', dest='lr', type=float")
    assert [port.name for port in spec.interface.inputs] == ["lr", "learning_rate"]
    assert json.loads(_run(tmp_path, spec, {"learning_rate": "0.5"}, defaults=False)[1]) == {"lr": 0.5}


def test_options_that_are_unknown_can_be_declared(tmp_path: Path) -> None:
    code = "import hydra\n@hydra.main(config_name='c')\ndef main(cfg): ...\nmain()\n"
    (tmp_path / "prog.py").write_text(code)
    overrides = [Override.parse("model.lr:value:Float", output=False), Override.parse("out.dir", output=True)]
    contract = read_contract(tmp_path / "prog.py", {}, overrides=overrides)
    (rate,), (out,) = contract.interface.inputs, contract.interface.outputs
    assert (rate.name, rate.type, rate.optional) == ("model.lr", "Float", True)
    assert [dict(port.annotations) for port in (rate, out)] == [
        {"program": {"flag": "model.lr", "form": "assign"}},
        {"program": {"flag": "out.dir", "form": "assign"}},
    ]
