"""Examples of rules that need a program of the machine."""

import pytest

from toolkit.lint.shell import shell_problem


def skip_without_bash(rule: str) -> None:
    """Skip the test of the rule about shell programs where no bash can read them, such as bash 3 of macOS."""
    if rule == "C051" and shell_problem("(") is None:
        pytest.skip("C051 needs bash 4 or later")
