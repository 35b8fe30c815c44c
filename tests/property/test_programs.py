"""Any argparse program is read as its parser knows it, and gets its values under the launcher."""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.launched import Image
from toolkit import launcher
from toolkit.errors import Severity
from toolkit.interface.programs.reader import read_program
from toolkit.scaffold.program import contract_of_program, spec_of_program
from toolkit.spec.arguments import resolve_command
from toolkit.spec.protocol import interface_document

_WORDS = st.from_regex(r"[a-z][a-z0-9]{1,5}", fullmatch=True).filter(
    lambda word: word not in {"help", "class", "import"}
)
# argparse itself takes a value that is `--` for none.
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6).filter(
    lambda text: text != "--"
)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": _TEXT | st.sampled_from(["--outputs", "-x", "{{$}}"]),
    "int": st.integers(-99, 99),
    "float": st.floats(-99, 99, width=16),
}
# argparse takes an item of a list that begins with a dash for a flag.
_ITEMS = {
    **_VALUES,
    "str": st.from_regex(r"[a-z]{0,4}", fullmatch=True),
    "int": st.integers(0, 99),
    "float": st.floats(0, 99, width=16),
}


_FORMS = (
    *("value", "value", "value", "choices", "switch", "off", "on", "both", "count", "list", "each"),
    *("truth", "untyped", "alone"),
)


@st.composite
def _option(draw: st.DrawFn) -> dict[str, Any]:  # noqa: C901 (one case for each form)
    """Draw the arguments of one `add_argument`, with how its values look."""
    form = draw(st.sampled_from(_FORMS))
    kind = draw(st.sampled_from(sorted(_VALUES)))
    keywords: dict[str, Any] = {
        "help": draw(st.sampled_from(["", "What it is.", "100 %% of it (default: %(default)s)"]))
    }
    values: st.SearchStrategy[Any] = _VALUES[kind]
    if form in {"value", "choices", "list", "each"}:
        keywords["type"] = kind
    if form == "value":
        keywords |= draw(st.sampled_from([{}, {"required": True}])) or {"default": draw(_VALUES[kind])}
    elif form == "choices":
        keywords |= {"type": "str", "choices": ["a", "--b", ""], "default": "a"}
        values = st.sampled_from(["a", "--b", ""])
    elif form in {"switch", "off"}:
        keywords["action"] = {"switch": "store_true", "off": "store_false"}[form]
        values = st.booleans()
    elif form == "both":
        keywords |= {"action": argparse.BooleanOptionalAction, "default": draw(st.booleans())}
        keywords["help"] = ""
        values = st.booleans()
    elif form == "on":
        keywords |= {"action": "store_true", "default": True}
        values = st.just(value=True)
    elif form == "truth":
        keywords |= {"type": "bool", "default": draw(st.sampled_from([True, False, None]))}
        values = st.booleans()
    elif form == "untyped":
        # The text of the default stands for the default.
        keywords["default"] = draw(st.sampled_from([5, 0.5, True, False, None, [1]]))
        values = _TEXT.filter(lambda text: text != json.dumps(keywords["default"]))
    elif form == "alone":
        keywords |= {"nargs": "?", "const": True, "default": False}
        values = st.sampled_from([True, "x", "--y", ""])
    elif form == "count":
        keywords |= {"action": "count", "default": draw(st.sampled_from([0, 2, None]))}
        values = st.integers(keywords["default"] or 0, 4)
    elif form == "list":
        keywords |= {"nargs": draw(st.sampled_from(["*", "+"])), "default": draw(st.sampled_from([[], None]))}
        values = st.lists(_ITEMS[kind], min_size=1, max_size=3)
    else:
        own = draw(st.lists(_VALUES[kind], max_size=2))
        keywords |= {"action": "append", "default": draw(st.sampled_from([own, None]))}
        # Values are added to the default.
        values = st.lists(_VALUES[kind], min_size=1, max_size=3).map([*(keywords["default"] or [])].__add__)
    return {"form": form, "keywords": keywords, "values": values}


def _source(names: list[str], options: list[dict[str, Any]], style: str) -> str:
    """Write a program; `style` is how its parser is made."""
    target = {"plain": "parser", "group": "group", "function": "made", "method": "self.parser"}[style]
    lines = []
    for name, option in zip(names, options, strict=True):
        words = [f"'--{name}'"]
        for key, value in option["keywords"].items():
            shown = (
                value if key == "type" else "argparse.BooleanOptionalAction" if isinstance(value, type) else repr(value)
            )
            words.append(f"{key}={shown}")
        lines.append(f"{target}.add_argument({', '.join(words)})")
    body = "\n    ".join(lines) or "pass"
    made = "argparse.ArgumentParser(description='A program.')"
    begin = {
        "plain": f"parser = {made}\nif True:\n    pass\n    ",
        "group": f"parser = {made}\ngroup = parser.add_argument_group('g')\nif True:\n    ",
        "function": "def fill(made):\n    ",
        "method": f"class Program:\n  def fill(self):\n    self.parser = {made}\n    ",
    }[style]
    end = {
        "plain": "",
        "group": "",
        "function": f"\nparser = {made}\nfill(parser)",
        "method": "\n    return self.parser\nparser = Program().fill()",
    }[style]
    return f"import argparse, json, sys\n{begin}{body}{end}\n"


_PROGRAMS = st.tuples(
    st.lists(_WORDS, unique=True, max_size=5),
    st.sampled_from(["plain", "group", "function", "method"]),
    st.data(),
)


@given(_PROGRAMS)
@settings(max_examples=150)
def test_what_is_read_is_what_the_parser_knows(drawn: tuple[list[str], str, st.DataObject]) -> None:
    names, style, data = drawn
    options = [data.draw(_option()) for _ in names]
    source = _source(names, options, style)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "prog.py")
        path.write_text(source + "args = parser.parse_args()\n", encoding="utf-8")
        program = read_program(path, {})
    known: dict[str, Any] = {}
    exec(source, known)  # noqa: S102 (the program was written above)
    actions = [action for action in known["parser"]._actions if action.dest != "help"]
    assert program.description == "A program."
    assert not [one for one in program.remarks if one.severity is Severity.WARNING]
    assert [(one.name, one.flag, one.required) for one in program.options] == [
        (action.dest, action.option_strings[0], action.required) for action in actions
    ]
    for option, action in zip(program.options, actions, strict=True):
        assert option.choices == tuple(action.choices or ())
        if option.form == "value" and option.type != "String" and not option.required and action.default is not None:
            assert option.default == repr(action.default)


@given(_PROGRAMS)
@settings(max_examples=40)
def test_the_program_gets_what_was_given(drawn: tuple[list[str], str, st.DataObject]) -> None:
    names, style, data = drawn
    options = [data.draw(_option()) for _ in names]
    values = {}
    for name, option in zip(names, options, strict=True):
        if option["keywords"].get("required") or data.draw(st.booleans()):
            values[name] = data.draw(option["values"])
    source = _source(names, options, style) + "print(json.dumps(vars(parser.parse_args())))\n"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "app").mkdir()
        (folder / "app" / "prog.py").write_text(source, encoding="utf-8")
        contract = contract_of_program(read_program(folder / "app" / "prog.py", {}))
        spec = spec_of_program(contract, name="p", title="P", description="", image="i", annotations={})
        (folder / "interface.json").write_bytes(interface_document([("p", spec.interface)]))
        (folder / "launch.py").write_bytes(launcher.source())
        given_texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
        defaults = {port.name: port.default for port in spec.interface.inputs if port.default is not None}
        # Some engines pass the defaults of absent values, others leave them out.
        for base in ({}, defaults):
            words = resolve_command(spec, values={**base, **given_texts}, input_paths={}, output_paths={})
            done = Image(folder)(*words[words.index("p") :])
            assert done.returncode == 0, done.stderr
            _check_received(dict(zip(names, options, strict=True)), values, json.loads(done.stdout))


def _check_received(options: dict[str, dict[str, Any]], values: dict[str, Any], received: dict[str, Any]) -> None:
    for name, option in options.items():
        if name in values:
            # store_false: the flag says no, and true passes it.
            expected = not values[name] if option["form"] == "off" else values[name]
            if option["form"] == "count" and not expected:
                expected = option["keywords"]["default"]
            assert received[name] == expected, (name, option["form"])
        else:
            usual = {"switch": False, "off": True}
            assert received[name] == usual.get(option["form"], option["keywords"].get("default"))
