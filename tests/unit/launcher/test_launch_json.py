"""The launcher reads and writes JSON as `json` does, without importing it for a step that needs no more."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.launcher.launch import SIDE_FILE, JsonRules, dumped, loaded, read_side_file

LAUNCHER = Path(__file__).parents[3] / "toolkit" / "launcher" / "launch.py"
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=_VALUES, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_what_json_writes_is_read(value: object, indent: int | None, *, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert loaded(f"\n {text}\t") == value


@given(st.text(alphabet='{}[]",:truefalsnl0123456789.-eE+\\u \n\ufeff') | st.text())
def test_what_json_refuses_is_refused(text: str) -> None:
    assert _outcome(loaded, text) == _outcome(json.loads, text)


def _outcome(read: Callable[[str], object], text: str) -> str:
    """Return what a reader makes of a text, or the words of its refusal."""
    try:
        return repr(read(text))
    except (ValueError, TypeError) as error:
        return str(error)


@pytest.mark.parametrize("text", ["NaN", "[Infinity, -Infinity]", '{"a": 1, "a": 2}', "1" * 400])
def test_the_rest_is_read_alike(text: str) -> None:
    assert repr(loaded(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ['{"a": ', "{", "[1,]", "", "nul", '"\n"', "[1] 2"])
def test_an_error_has_words_where_json_was_not_imported(text: str) -> None:
    code = (
        "import sys, runpy; launch = runpy.run_path(sys.argv[1]); assert 'json' not in sys.modules\n"
        "try: launch['loaded'](sys.argv[2])\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(LAUNCHER), text], capture_output=True, text=True, check=True
    )
    with pytest.raises(ValueError, match=r".") as caught:
        json.loads(text)
    assert done.stdout == f"{caught.value}\n"


def test_a_scanner_that_asks_for_more_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(JsonRules, "parse_int")
    assert loaded("[1]") == [1]


def test_metadata_beside_an_artifact_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    for text in ("x", "[" * 200_000, "[]"):
        (tmp_path / f"data{SIDE_FILE}").write_text(text)
        assert read_side_file(str(tmp_path / "data")) is None


class Odd:
    """A value that JSON has no form for."""


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


@given(_VALUES)
def test_what_is_written_is_what_json_writes(value: object) -> None:
    assert dumped(value) == json.dumps(value)


@pytest.mark.parametrize("allow_nan", [True, False])
@pytest.mark.parametrize("default", [None, lambda _: {"odd": 1}])
@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("-inf")], Odd(), {"a": [Odd()]}, {Odd(): 1}, {1: 2, None: True}, CIRCLE, {1}, (1, "é")],
)
def test_the_rest_is_written_alike(
    value: object, default: Callable[[object], object] | None, *, allow_nan: bool
) -> None:
    def ours(_: str) -> str:
        return dumped(value, default, allow_nan=allow_nan)

    def theirs(_: str) -> str:
        return json.dumps(value, default=default, allow_nan=allow_nan)

    assert _outcome(ours, "") == _outcome(theirs, "")


def test_writing_does_not_import_json() -> None:
    code = (
        "import sys, runpy; launch = runpy.run_path(sys.argv[1])\n"
        "print(launch['dumped']({'a': [1, 2.5, None]}), 'json' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code, str(LAUNCHER)], capture_output=True, text=True, check=True)
    assert done.stdout == '{"a": [1, 2.5, null]} False\n'
