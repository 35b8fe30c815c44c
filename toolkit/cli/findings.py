"""Print findings in the format that the user asks for: `comp lint` and `comp breaking`."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from toolkit.cli.ci_reports import findings_as_commands
from toolkit.cli.console import Console
from toolkit.edits import Applicability
from toolkit.errors import MOST_FINDINGS, Finding, Severity
from toolkit.words import counted

# Formats that are lines: those of one file need no others.
_AT_ONCE = frozenset({"text", "jsonl", "github"})
# Formats from which programs can carry out fixes.
_WITH_CHANGES = frozenset({"json", "jsonl", "sarif"})

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl", "github", "gitlab", "junit", "sarif"]),
    default="text",
    show_default=True,
    help="How findings are printed; github is for workflow annotations, gitlab for code quality.",
)


def written(form: str, findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Return the findings in a format, empty for nothing to print; `sources` are the texts of what was checked."""
    from toolkit.lint.reports import as_json, as_json_lines, as_text

    match form:
        case "text":
            return as_text(findings, sources)
        case "json":
            return as_json(findings)
        case "jsonl":
            return as_json_lines(findings)
        case "github":
            return findings_as_commands(findings, os.environ)
        case _:
            return _for_a_platform(form, findings, sources)


class Report:
    """Findings that are printed as they come if the format allows it, and else at the end; they alone are kept then."""

    def __init__(self, console: Console, form: str) -> None:
        self._console, self._form = console, form
        self._kept: list[Finding] = []
        self._faults: set[Finding] = set()
        self._checked: dict[Path, str] = {}
        self._counts = dict.fromkeys(Severity, 0)
        self._fixes = dict.fromkeys(Applicability, 0)
        self._contracts = 0

    def add(
        self,
        findings: Sequence[Finding],
        sources: Mapping[Path, str],
        faults: Sequence[Finding] = (),
        contracts: int = 0,
    ) -> None:
        """Take the findings about some files, `contracts` among them.

        `sources` are the texts of the files, `faults` are in settings above them.
        """
        self._contracts += contracts
        # Many files may have the same faulty settings above them.
        findings = [*(fault for fault in faults if fault not in self._faults), *findings]
        self._faults.update(faults)
        for finding in findings:
            self._counts[finding.severity] += 1
            if finding.fix:
                self._fixes[finding.fix.applicability] += 1
        if self._form in _WITH_CHANGES and any(finding.fix for finding in findings):
            from toolkit.lint.placed_fixes import with_places

            findings = with_places(findings, sources)
        if self._form == "junit":
            self._checked.update(dict.fromkeys(sources, ""))
        if self._form in _AT_ONCE:
            if text := written(self._form, findings, sources):
                self._console.data(text)
        else:
            self._kept += findings
        self._remark(findings)

    def end(self) -> None:
        """Print what is not printed yet."""
        if self._form not in _AT_ONCE and (text := written(self._form, self._kept, self._checked)):
            self._console.data(text)

    def _remark(self, findings: Sequence[Finding]) -> None:
        """Name the files whose the first findings alone are reported."""
        for path, count in Counter(finding.where.path for finding in findings).items():
            if count >= MOST_FINDINGS:
                what = f"the first {MOST_FINDINGS:,} are reported, errors before others"
                self._console.warn(f"{path} has many findings: {what}")

    def sums(self) -> str:
        """Return how many findings there are of each severity, in words; empty if nothing was checked."""
        if not self._contracts and not any(self._counts.values()):
            return ""
        sums = ", ".join(counted(count, severity) for severity, count in self._counts.items())
        return f"{counted(self._contracts, 'contract')}: {sums}" if self._contracts > 1 else sums

    def fixable(self) -> str:
        """Return how many findings can be fixed with which option, in words; empty for none."""
        safe, unsafe = self._fixes.values()
        if safe:
            more = f" ({unsafe} more with `--unsafe-fixes`)" if unsafe else ""
            return f"[*] {safe} can be fixed with `--fix`{more}"
        return f"{unsafe} can be fixed with `--fix --unsafe-fixes`" if unsafe else ""


def _for_a_platform(form: str, findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Return the findings in a format that most calls do not need."""
    from toolkit.cli.rules import every_rule
    from toolkit.lint.platform_reports import as_gitlab, as_junit, as_sarif

    if form == "gitlab":
        return as_gitlab(findings)
    return as_junit(findings, list(sources)) if form == "junit" else as_sarif(findings, every_rule())
