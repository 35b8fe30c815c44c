"""Variables of the environment."""

from pathlib import Path

import pytest

from tests.programs import read_code


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
def test_a_variable_that_is_always_read_is_required(
    tmp_path: Path, code: str, expected: list[tuple[object, ...]]
) -> None:
    program = read_code(tmp_path, f"import os\nn = 1\n{code}\n")
    assert [(one.name, one.required, one.default) for one in program.options] == expected
