"""Flags of absl."""

from pathlib import Path

from tests.programs import read_code, shown
from toolkit.errors import Severity

ABSL = """
from absl import app, flags
FLAGS = flags.FLAGS
flags.DEFINE_string("a", None, "A text.")
flags.DEFINE_integer("b", 3, "A number.")
flags.DEFINE_boolean("c", True, "Whether.")
flags.DEFINE_enum("d", "x", ["x", "y"], "Which.")
flags.DEFINE_list("e", "1,2", "Some.")
flags.DEFINE_multi_string("f", [], "More.")
flags.mark_flag_as_required("a")
"""


def test_options(tmp_path: Path) -> None:
    program = read_code(tmp_path, ABSL)
    assert program.kind == "absl"
    assert [shown(option) for option in program.options] == [
        ("a", "--a", "String", "value", None, True),
        ("b", "--b", "Integer", "value", "3", False),
        ("c", "--c", "Boolean", "switch", "true", False),
        ("d", "--d", "String", "value", "x", False),
        ("e", "--e", "JsonArray", "comma", '["1","2"]', False),
        ("f", "--f", "JsonArray", "each", "[]", False),
    ]
    assert not [remark for remark in program.remarks if remark.severity is Severity.WARNING]


def test_choices_descriptions_and_negations(tmp_path: Path) -> None:
    flags = {one.name: one for one in read_code(tmp_path, ABSL).options}
    assert (flags["d"].choices, flags["c"].off, flags["a"].help) == (("x", "y"), "--noc", "A text.")
