"""Applying the rules to a contract."""

from tests.contracts import PATH, contract
from toolkit.errors import Severity
from toolkit.lint.rule import RULES, findings_of
from toolkit.spec.reader import parse_document


def test_findings_come_in_the_order_of_the_file() -> None:
    text = contract("{name: a, type: {}}, {name: b, default: 3}", "{inputPath: c}", image="a")
    lines = [finding.where.line or 0 for finding in findings_of(parse_document(text, PATH))]
    assert lines == sorted(lines)
    assert len(set(lines)) > 1


def test_a_finding_has_the_severity_of_its_rule_unless_the_remark_has_one() -> None:
    launched = contract(outputs="{name: model}", command="python, /opt/comp/launch.py, a")
    for text, severity in ((contract(outputs="{name: model}"), Severity.WARNING), (launched, Severity.ERROR)):
        severities = [finding.severity for finding in findings_of(parse_document(text, PATH)) if finding.rule == "C012"]
        assert severities == [severity]
    assert RULES["C012"].severity is Severity.WARNING
