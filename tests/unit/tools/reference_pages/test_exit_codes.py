"""The page of the exit codes has those of the errors."""

import re

from tools.reference_pages.exit_codes import exit_codes_page


def test_each_code_has_a_row() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|$", exit_codes_page(), flags=re.MULTILINE)
    assert [code for code, _ in rows] == ["0", "1", "2", "3", "4", "130", "143"]
    assert all(meaning.endswith(".") for _, meaning in rows)
