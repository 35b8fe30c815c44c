"""One `add_argument(...)`."""

from pathlib import Path

import pytest

from tests.programs import ARGPARSE, read_code, shown
from toolkit.errors import Severity


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("'--a'", ("a", "--a", "String", "value", None, False)),
        ("'-a', '--a-b', type=int, default=DEFAULT", ("a_b", "--a-b", "Integer", "value", "3", False)),
        ("'-a', type=float, required=True", ("a", "-a", "Float", "value", None, True)),
        ("'--a', dest='other', default=1.5, type=float", ("other", "--a", "Float", "value", "1.5", False)),
        ("'a'", ("a", "", "String", "value", None, True)),
        ("'a', nargs='?', default='x'", ("a", "", "String", "value", "x", False)),
        ("'a', nargs='*', type=int", ("a", "", "JsonArray", "list", None, False)),
        ("'a', nargs=argparse.REMAINDER", ("a", "", "JsonArray", "list", None, False)),
        ("'--a', nargs=2, type=int, default=[1, 2]", ("a", "--a", "JsonArray", "list", "[1,2]", False)),
        ("'--a', action='append'", ("a", "--a", "JsonArray", "each", None, False)),
        ("'--a', action='store_true'", ("a", "--a", "Boolean", "switch", "false", False)),
        ("'--no-a', dest='a', action='store_false'", ("no_a", "--no-a", "Boolean", "switch", "false", False)),
        ("'--a', action='store_const', const=5", ("a", "--a", "Boolean", "switch", "false", False)),
        ("'--a', action=argparse.BooleanOptionalAction", ("a", "--a", "Boolean", "switch", None, False)),
        ("'-v', action='count', default=0", ("v", "-v", "Integer", "count", "0", False)),
        ("'--a', type=lambda x: bool(strtobool(x)), default=True", ("a", "--a", "Boolean", "value", "true", False)),
        ("'--a', type=str2bool", ("a", "--a", "Boolean", "value", None, False)),
        ("'--a', type=pathlib.Path", ("a", "--a", "String", "value", None, False)),
        ("'--a', type=counted", ("a", "--a", "Integer", "value", None, False)),
        ("'--a', type=json.loads, default='{}'", ("a", "--a", "String", "value", "{}", False)),
        ("'--a', default=os.environ.get('A', 'x')", ("a", "--a", "String", "value", "x", False)),
        ("'--a', default=os.environ.get('A')", ("a", "--a", "String", "value", None, False)),
        ("'--a', default=compute()", ("a", "--a", "String", "value", None, False)),
        ("'--a', **dict(type=int, default=1)", ("a", "--a", "Integer", "value", "1", False)),
        ("*['--a'], type=int", None),
        ("'--a', **unknown", None),
        ("compute()", None),
        ("'--version', action='version', version='1'", "nothing"),
    ],
)
def test_an_argument(tmp_path: Path, written: str, expected: tuple[object, ...] | str | None) -> None:
    code = f"{ARGPARSE}def counted(text) -> int: ...\np.add_argument({written})\np.parse_args()\n"
    program = read_code(tmp_path, code)
    unread = [one for one in program.remarks if one.severity is Severity.WARNING]
    if isinstance(expected, tuple):
        assert [shown(option) for option in program.options] == [expected]
        assert not unread
    else:
        assert program.options == ()
        assert [one.where.line for one in unread] == ([6] if expected is None else [])


def test_set_defaults_and_help(tmp_path: Path) -> None:
    program = read_code(
        tmp_path,
        ARGPARSE + "p.add_argument('--a', type=int, default=1, help='How many (default: %(default)s), 100%%')\n"
        "p.set_defaults(a=5)\np.parse_args()\n",
    )
    assert [(one.default, one.help) for one in program.options] == [("5", "How many, 100%")]
