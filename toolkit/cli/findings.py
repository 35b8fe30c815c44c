"""Print findings in the format that the user asks for: `comp lint` and `comp breaking`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from toolkit.cli.ci_reports import findings_as_commands
from toolkit.errors import Finding

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


def _for_a_platform(form: str, findings: Sequence[Finding], sources: Mapping[Path, str]) -> str:
    """Return the findings in a format that most calls do not need."""
    from toolkit.cli.rules import every_rule
    from toolkit.lint.platform_reports import as_gitlab, as_junit, as_sarif

    if form == "gitlab":
        return as_gitlab(findings)
    return as_junit(findings, list(sources)) if form == "junit" else as_sarif(findings, every_rule())
