"""A finding: one remark about a component, with its rule and its place.

Readers and the linter collect findings instead of stopping at the first; `toolkit.lint` reports them.
"""

from dataclasses import dataclass
from enum import StrEnum

from toolkit.errors import InputError, Location


class Severity(StrEnum):
    """How much a finding matters: only an error makes `comp lint` exit with 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One remark: `rule` is a stable id such as C010, `message` names what is wrong, `help` what to do."""

    rule: str
    severity: Severity
    message: str
    where: Location
    help: str = ""


class FindingsError(InputError):
    """A document could not be read; `findings` holds every reason, the first one is the message."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(f"{first.message} [{first.rule}]{more}", where=first.where, hint=first.help or None)
        self.findings = findings
