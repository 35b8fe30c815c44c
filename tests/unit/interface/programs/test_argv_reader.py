"""Words of `sys.argv`."""

from pathlib import Path

import pytest

from tests.programs import read_code
from toolkit.interface.programs.roles import roles_of


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("path = sys.argv[1]\n", [("path", "String", True, None)]),
        (
            "n, m = int(sys.argv[1]), float(sys.argv[2])\n",
            [("argument_1", "Integer", True, None), ("argument_2", "Float", True, None)],
        ),
        ("N = int(sys.argv[2])\n", [("argument_1", "String", True, None), ("n", "Integer", True, None)]),
        ("script, a, b = sys.argv\n", [("a", "String", True, None), ("b", "String", True, None)]),
        ("a, b = sys.argv[1:]\n", [("a", "String", True, None), ("b", "String", True, None)]),
        ("n = int(sys.argv[1]) if len(sys.argv) > 1 else 5\n", [("n", "Integer", False, "5")]),
        ("a = 'x'\nif len(sys.argv) > 1:\n    a = sys.argv[1]\n", [("a", "String", False, None)]),
        ("try:\n    a = sys.argv[1]\nexcept IndexError:\n    a = 'x'\n", [("a", "String", False, None)]),
        ("def main(argv):\n    a = argv[0]\nmain(sys.argv[1:])\n", [("a", "String", True, None)]),
        (
            "args = sys.argv[1:]\nprint(args[1])\n",
            [("argument_1", "String", True, None), ("argument_2", "String", True, None)],
        ),
        ("for one in sys.argv[1:]:\n    print(one)\n", [("arguments", "JsonArray", False, "[]")]),
        ("from sys import argv\na = argv[1]\n", [("a", "String", True, None)]),
    ],
)
def test_words_of_sys_argv(tmp_path: Path, code: str, expected: list[tuple[object, ...]]) -> None:
    program = read_code(tmp_path, f"import sys\n{code}")
    assert [(one.name, one.type, one.required, one.default) for one in program.options] == expected
    assert {one.flag for one in program.options} == {""}
    assert not program.remarks


def test_roles_of_words_of_sys_argv(tmp_path: Path) -> None:
    code = "import sys\nscript, a, b = sys.argv\nopen(a).read()\nopen(b, 'w')\nopen(sys.argv[3], 'w')\n"
    program = read_code(tmp_path, code)
    assert [role.kind for role in roles_of(program.module, program.options).values()] == [
        "input",
        "output",
        "output",
    ]


def test_a_position_that_is_computed_is_remarked_on(tmp_path: Path) -> None:
    (remark,) = read_code(tmp_path, "import sys\nprint(sys.argv[n()])").remarks
    assert remark.message == "the position in `sys.argv[n()]` is computed when the program runs"
