"""Run the command of an example in a folder of its own, in this process, and keep what it finds."""

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from msgspec import Struct

from toolkit.cli.main import main
from tools.rule_pages.example import Example

# `comp lint` puts a rule behind the severity, other commands at the end of the line.
_FOUND = re.compile(r".*(?:\b(?:error|warning|info) ([A-Z]\d{3})\b|\[([A-Z]\d{3})\]$)")
# A text that is too long for a page: `…(140000 characters)…`.
_LONG = re.compile(r"…\((\d+) characters\)…")
# What decides how a command prints; the rest of the environment stays.
_COLOUR = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "COMP_REGISTRY")


class Ran(Struct, frozen=True, kw_only=True):
    """How a command ended, and what it printed: on stdout, on both, and each finding with its rule and its lines."""

    code: int
    out: str
    printed: str
    findings: tuple[tuple[str, str], ...]

    @property
    def rules(self) -> frozenset[str]:
        """Return the rules that have findings."""
        return frozenset(rule for rule, _ in self.findings)

    def of(self, rule: str) -> str:
        """Return the lines of one rule's findings."""
        return "".join(text for name, text in self.findings if name == rule)


def run(example: Example) -> Ran:
    """Write the files of an example, run its command, and return what it printed."""
    with tempfile.TemporaryDirectory() as name, chdir(name), _plain_environment():
        for path, text in example.files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(written_out(text), "utf-8")
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main(example.command.split())
    printed = out.getvalue() + err.getvalue()
    return Ran(code=code, out=out.getvalue(), printed=printed, findings=tuple(_findings(printed)))


def written_out(text: str) -> str:
    """Return a file with the long texts in the place of the marks for them."""
    return _LONG.sub(lambda match: "x" * int(match[1]), text)


def _findings(printed: str) -> Iterator[tuple[str, str]]:
    """Yield the rule and the text of each finding: its line, and those below it that are indented."""
    rule, lines = "", ""
    for line in printed.splitlines(keepends=True):
        match = _FOUND.match(line)
        if rule and (match or not line.startswith("    ")):
            yield rule, lines
            rule, lines = "", ""
        if match:
            rule, lines = match[1] or match[2], line
        elif rule:
            lines += line
    if rule:
        yield rule, lines


@contextmanager
def _plain_environment() -> Iterator[None]:
    """Take away what changes how commands print."""
    kept = {name: os.environ.pop(name) for name in _COLOUR if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
