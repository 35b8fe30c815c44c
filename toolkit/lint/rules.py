"""All rules: importing this module registers them."""

from toolkit.lint import containers, form, lines, ports, values
from toolkit.lint.rule import RULES, Rule, findings_of

__all__ = ["RULES", "Rule", "containers", "findings_of", "form", "lines", "ports", "values"]
