"""All rules: importing this module registers them."""

from toolkit.lint import (
    compatibility,
    containers,
    declarations,
    form,
    functions,
    ignores,
    ports,
    presence,
    programs,
    scripts,
    secrets,
    server,
    settings,
    values,
)
from toolkit.lint.rule import RULES, Rule, findings_of

__all__ = [
    "RULES",
    "Rule",
    "compatibility",
    "containers",
    "declarations",
    "findings_of",
    "form",
    "functions",
    "ignores",
    "ports",
    "presence",
    "programs",
    "scripts",
    "secrets",
    "server",
    "settings",
    "values",
]
