from collections.abc import Mapping
from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Input, Interface, Kind
from toolkit.runners.inputs import check_names, divide_inputs
from toolkit.spec.model import ComponentSpec, Container


def _spec(*ports: Input) -> ComponentSpec:
    container = Container(image="a:1", command=("run",))
    return ComponentSpec(name="n", description="", interface=Interface(inputs=ports), implementation=container)


def _value(type_: str, **changes: object) -> Input:
    return Input(name="n", type=type_, kind=Kind.PARAMETER, **changes)  # type: ignore[arg-type]


def _divide(port: Input, **inputs: str) -> Mapping[str, str]:
    return divide_inputs(_spec(port), inputs)[0]


def test_inputs_are_divided_by_kind(tmp_path: Path) -> None:
    spec = _spec(_value("Integer"), Input(name="table", type="CSV", kind=Kind.ARTIFACT))
    assert divide_inputs(spec, {"n": "1", "table": str(tmp_path)}) == ({"n": "1"}, {"table": tmp_path})


def test_defaults_fill_in_and_optional_inputs_stay_absent() -> None:
    assert _divide(_value("Integer", default="3")) == {"n": "3"}
    assert _divide(_value("Integer", default="3"), n="4") == {"n": "4"}
    assert _divide(_value("Integer", optional=True)) == {}


def test_all_missing_inputs_are_named() -> None:
    with pytest.raises(UsageError, match=r"missing inputs: n \(Integer\), m \(CSV\)") as refused:
        divide_inputs(_spec(_value("Integer"), Input(name="m", type="CSV", kind=Kind.ARTIFACT)), {})
    assert refused.value.hint == "give each one with -i NAME=VALUE"


def test_an_artifact_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the input 'm' is .*/gone, which does not exist"):
        divide_inputs(_spec(Input(name="m", type="CSV", kind=Kind.ARTIFACT)), {"m": str(tmp_path / "gone")})


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_value_that_no_command_line_holds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="with a character that no command line holds") as refused:
        _divide(_value("String"), n=text)
    assert "artifact" in (refused.value.hint or "")
    # Bytes of the user's own command line, as Python has them.
    assert _divide(_value("String"), n="\udcff") == {"n": "\udcff"}


def test_a_text_in_place_of_an_artifact_s_path_is_not_a_bug() -> None:
    with pytest.raises(InputError, match=r"the input 'm' is 'a{199}…': File name too long") as refused:
        divide_inputs(_spec(Input(name="m", type="CSV", kind=Kind.ARTIFACT)), {"m": "a" * 5000})
    assert refused.value.hint == "give the path of a file or a folder"


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Integer", "5"),
        ("Integer", "5.0"),
        ("Integer", "-1e3"),
        ("Float", "0.5"),
        ("Boolean", "True"),
        ("Boolean", " no "),
        ("JsonArray", "[1]"),
        ("JsonObject", "{}"),
        ("String", ""),
        ("Unheard-of", "x"),
    ],
)
def test_valid_values(type_: str, text: str) -> None:
    assert _divide(_value(type_), n=text) == {"n": text}


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("Integer", "5.5"),
        ("Integer", "inf"),
        ("Integer", ""),
        ("Float", "x"),
        ("Boolean", "maybe"),
        ("JsonArray", "{}"),
        ("JsonObject", "[1]"),
        ("JsonObject", "{"),
        ("JsonArray", "[" * 100_000),
    ],
)
def test_invalid_values(type_: str, text: str) -> None:
    with pytest.raises(UsageError, match=f"expected {type_}") as refused:
        _divide(_value(type_), n=text)
    assert len(refused.value.message) < 300


def test_a_value_is_one_of_the_choices() -> None:
    assert _divide(_value("Integer", choices=(1, 2)), n="2.0") == {"n": "2.0"}
    assert _divide(_value("Boolean", choices=(True,)), n="yes") == {"n": "yes"}
    with pytest.raises(UsageError, match="the input 'n' is 'c'") as refused:
        _divide(_value("String", choices=("a", "b")), n="c")
    assert refused.value.hint == "one of 'a', 'b'"


def test_an_unknown_name_gets_the_nearest() -> None:
    check_names({"text": ""}, ["text"], "input")
    with pytest.raises(UsageError, match="the component has no input 'txet'") as refused:
        check_names({"txet": ""}, ["text", "n"], "input")
    assert refused.value.hint == "did you mean 'text'?"
    with pytest.raises(UsageError) as refused:
        check_names({"zzz": ""}, [], "output")
    assert refused.value.hint == "it has: none"
