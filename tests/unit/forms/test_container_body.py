"""What the body of a container component does not say before it runs is refused, with its place and advice."""

from pathlib import Path

import pytest

from tests.container_functions import HEAD, REFUSED, SIGNATURE
from toolkit.errors import FindingsError
from toolkit.forms.container_function import read_container_function


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_known_is_refused(tmp_path: Path, case: str) -> None:
    body, part, message, advice = REFUSED[case]
    code = HEAD + SIGNATURE + body + "\n"
    (tmp_path / "module.py").write_text(code)
    with pytest.raises(FindingsError) as refused:
        read_container_function(tmp_path / "module.py", "f", {})
    (finding,) = refused.value.findings
    assert finding.rule == "F015"
    assert message in finding.message
    assert advice in finding.help
    where = finding.where
    assert where.line
    assert where.column
    if part:
        assert code.splitlines()[where.line - 1][where.column - 1 :].startswith(part)
