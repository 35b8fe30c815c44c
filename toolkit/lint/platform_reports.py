"""Findings in the formats that platforms show: SARIF, GitLab's code quality, JUnit.

SARIF 2.1.0 is what GitHub's code scanning and editors read; GitLab's form is that of its documentation, "Code Quality".
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from toolkit import __version__
from toolkit.edits import Fix
from toolkit.errors import Finding, Severity
from toolkit.lint.fingerprint import fingerprints, posix
from toolkit.lint.pages import as_terminal_text, rule_page
from toolkit.lint.rule import Rule
from toolkit.redaction import hide, xml_text

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_WIDTH = 100
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def as_sarif(findings: Sequence[Finding], rules: Mapping[str, Rule]) -> str:
    """Return one run of comp; paths are relative to the current folder, columns count characters."""
    used = sorted({finding.rule for finding in findings})
    run = {
        "tool": {
            "driver": {
                "name": "comp",
                "version": __version__,
                "rules": [_sarif_rule(name, rules.get(name)) for name in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [
            _sarif_result(finding, used.index(finding.rule), fingerprint)
            for finding, fingerprint in zip(findings, fingerprints(findings), strict=True)
        ],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def as_gitlab(findings: Sequence[Finding]) -> str:
    """Return GitLab's code quality report; equal findings in one file have fingerprints of their own."""
    issues = [
        {
            "description": hide(finding.message),
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": _GITLAB[finding.severity],
            "location": {"path": posix(finding.where.path), "lines": {"begin": finding.where.line or 1}},
        }
        for finding, fingerprint in zip(findings, fingerprints(findings), strict=True)
    ]
    return json.dumps(issues, indent=2)


def as_junit(findings: Sequence[Finding], checked: Sequence[Path]) -> str:
    """Return JUnit's XML: a case for each file that was checked, which fails if it has errors."""
    own: dict[Path, list[Finding]] = {path: [] for path in checked}
    for finding in findings:
        own.setdefault(finding.where.path, []).append(finding)
    failing = sum(any(finding.severity is Severity.ERROR for finding in each) for each in own.values())
    counts = {"tests": str(len(own)), "failures": str(failing), "errors": "0"}
    suites = ET.Element("testsuites", {"name": "comp", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": "contracts", **counts})
    for path, each in own.items():
        case = ET.SubElement(suite, "testcase", classname="comp", name=xml_text(posix(path)))
        text = xml_text("\n".join(f"{finding.where}: {finding.rule} {finding.message}" for finding in each))
        errors = [finding for finding in each if finding.severity is Severity.ERROR]
        if errors:
            message = f"{errors[0].rule} {errors[0].message}"
            ET.SubElement(case, "failure", message=xml_text(message), type="error").text = text
        elif each:
            ET.SubElement(case, "system-out").text = text
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _sarif_rule(name: str, rule: Rule | None) -> dict[str, Any]:
    """Return the description of a rule; its id alone if a reader of code reports it."""
    if rule is None:
        return {"id": name}
    page = rule_page(rule.id)
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        # No helpUri: the project has no address on the web.
        "help": {"text": as_terminal_text(page, _WIDTH), "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(finding: Finding, index: int, fingerprint: str) -> dict[str, Any]:
    """Return one result."""
    where = finding.where
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(os.fsencode(where.path.as_posix()))}}
    region = {
        "startLine": where.line,
        "startColumn": where.column,
        "endLine": where.end_line,
        "endColumn": where.end_column,
    }
    # The line of a notebook's cell is not a line of its file.
    if where.line and where.cell is None:
        place["region"] = {key: value for key, value in region.items() if value}
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": hide("\n".join(filter(None, (finding.message, finding.help))))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"comp/v1": fingerprint},
    }
    if finding.fix:
        # SARIF has no word for whether a fix is safe, section 3.55.
        result["fixes"] = [_sarif_fix(finding.fix, place["artifactLocation"])]
        result["properties"] = {"applicability": str(finding.fix.applicability)}
    return result


def _sarif_fix(fix: Fix, file: dict[str, str]) -> dict[str, Any]:
    """Return a fix of one file; SARIF's columns begin with 1, and the end is the first character that stays."""
    replacements = [
        {
            "deletedRegion": {
                "startLine": each.start.line,
                "startColumn": each.start.column,
                "endLine": each.end.line,
                "endColumn": each.end.column,
            },
            "insertedContent": {"text": each.text},
        }
        for each in fix.changes
    ]
    return {
        "description": {"text": fix.title},
        "artifactChanges": [{"artifactLocation": file, "replacements": replacements}],
    }
