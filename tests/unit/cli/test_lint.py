"""What findings mean for the exit code of `comp lint`."""

from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.cli.main import main

_CLEAN = contract()
_WARNED = contract("{name: a, type: String, default: b}", "{inputValue: a}")
_WRONG = contract(args="{inputValue: missing}")


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [(_CLEAN, ["--strict"], 0), (_WARNED, [], 0), (_WARNED, ["--strict"], 1), (_WRONG, [], 1), (_WRONG, ["--diff"], 0)],
)
def test_the_worst_finding_decides(tmp_path: Path, text: str, options: list[str], code: int) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(text)
    assert main(["lint", *options, str(path)]) == code


def test_a_diff_that_changes_something_is_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "component.yaml"
    path.write_text(_WARNED)
    assert main(["lint", "--diff", str(path)]) == 1
    assert path.read_text() == _WARNED
