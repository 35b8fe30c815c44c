"""The syntax of newer Pythons is not taken for a mistake."""

import sys
from pathlib import Path

import pytest

from toolkit.errors import FindingsError
from toolkit.interface.module import Module
from toolkit.interface.newer_syntax import newer_syntax


@pytest.mark.parametrize(
    ("code", "minor", "what"),
    [
        ("type Rows = list[int]", 12, "a `type` statement"),
        ("type Rows[T] = list[T]", 12, "a `type` statement"),
        ("def f[T](x: T) -> T: ...", 12, "a function with type parameters"),
        ("class A[T]: ...", 12, "a class with type parameters"),
        ('x = {"a": 1}\ny = f"{x["a"]}"', 12, "an f-string with quotes"),
        ("y = f\"{'\\n'.join(x)}\"", 12, "an f-string with quotes"),
        ("y = f\"{f'{x:\\n}'}\"", 12, "an f-string with quotes"),
        ('y = f"""{\n    x  # comment\n}"""', 12, "an f-string with quotes"),
        ("try: ...\nexcept A, B: ...", 14, "`except` with several types"),
        ('x = t"{1}"', 14, "a template string"),
    ],
)
def test_newer_syntax(code: str, minor: int, what: str) -> None:
    if minor <= sys.version_info[1]:
        assert Module.parse(Path("s.py"), code, environ={}).minor == minor
        return
    with pytest.raises(FindingsError) as caught:
        Module.parse(Path("s.py"), code, {})
    (finding,) = caught.value.findings
    assert finding.message.startswith(what)
    assert f"needs Python 3.{minor}; comp runs on 3.{sys.version_info[1]}" in finding.message
    assert f"Python 3.{minor}" in finding.help


@pytest.mark.parametrize(
    "code",
    [
        "x = f\"{y['a']}\"",
        "x = f\"{f'{y}'}\\n\"",
        'x = f"""{y["a"]}\'\n{\n    y\n}"""',
        "x = f'{y!r:>{z}}' \"it's\"  # f'",
        "x = rf'\\d{y}'",
        "x = (f'{y}'\n     f'{z}')",
    ],
)
def test_f_strings_that_every_python_reads(code: str) -> None:
    assert Module.parse(Path("s.py"), code, environ={}).minor is None


@pytest.mark.parametrize("code", ["def f(:", "type = [", "x = (", "class A[", "print 'a'", "x = f'{'", "type == ["])
def test_a_mistake_is_a_mistake(code: str) -> None:
    with pytest.raises(FindingsError, match="syntax error"):
        Module.parse(Path("s.py"), code, {})


def test_what_the_running_python_reads_is_not_newer() -> None:
    assert newer_syntax("invalid syntax", ["type X = int"], running=11) == (12, "a `type` statement")
    assert newer_syntax("invalid syntax", ["type X = int"], running=12) is None
