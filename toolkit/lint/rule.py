"""The record of a rule, its category, and the table of all rules.

Ids and names never change; missing numbers are free for new rules. A rule is written in one place: the check, its
explanation, and its example, which a test runs. docs/decisions/0038-pages.md describes the form of the two, and
`make rules` writes the rule's page from them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from enum import StrEnum
from itertools import islice

from msgspec import Struct

from toolkit.edits import Applicability, Fix
from toolkit.errors import Finding, Location, Severity
from toolkit.spec.reader import ComponentDocument
from toolkit.words import closest

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


class RuleCategory(StrEnum):
    """What a rule is about; the value of each is what users see and give to `comp rules --category`."""

    SYNTAX = "syntax"
    NAMES = "names"
    PASSING = "passing"
    VALUES = "values"
    TYPES = "types"
    PORTABILITY = "portability"
    IMAGES = "images"
    SECURITY = "security"
    DOCUMENTATION = "documentation"
    FRESHNESS = "freshness"
    SETTINGS = "settings"
    FUNCTIONS = "functions"
    PROGRAMS = "programs"
    BREAKING = "breaking"
    COMPATIBLE = "compatible"
    VERSIONS = "versions"

    @property
    def meaning(self) -> str:
        """Return what the rules of this category find."""
        return _MEANINGS[self]


_MEANINGS = {
    RuleCategory.SYNTAX: "Contracts that are not YAML of the form that KFP defines, and programs in them.",
    RuleCategory.NAMES: "Names of inputs and outputs, and references to them.",
    RuleCategory.PASSING: "How values and files get from the caller to the program and back.",
    RuleCategory.VALUES: "Defaults and other values.",
    RuleCategory.TYPES: "Types of inputs and outputs.",
    RuleCategory.PORTABILITY: "What one line of KFP, or its server, does not take.",
    RuleCategory.IMAGES: "The image, and what a step installs into it.",
    RuleCategory.SECURITY: "Secrets that can be read, and inputs that can run as code.",
    RuleCategory.DOCUMENTATION: "What a contract does not say about its component.",
    RuleCategory.FRESHNESS: "Contracts that differ from the code that they describe.",
    RuleCategory.SETTINGS: "`pyproject.toml`, what a component declares there, and comments that ignore findings.",
    RuleCategory.FUNCTIONS: "Python functions that become components.",
    RuleCategory.PROGRAMS: "Programs and notebooks that become components.",
    RuleCategory.BREAKING: "Changes that can break callers.",
    RuleCategory.COMPATIBLE: "Changes that break no caller.",
    RuleCategory.VERSIONS: "Versions that do not fit what changed.",
}


class Remark(Struct, frozen=True):
    """One result of a check: the place, the problem, and advice; `severity` is None for the rule's own.

    `fix` says what `comp lint --fix` would change; None leaves it to the author.
    """

    where: Location
    message: str
    help: str = ""
    severity: Severity | None = None
    fix: Fix | None = None


Check = Callable[[ComponentDocument], Iterator[Remark]]


class Rule(Struct, frozen=True, kw_only=True):
    """One rule. `check` is None if a reader reports it.

    `explanation` is a docstring: its first line is for those who read the code, the others are the rule's page with
    its example. Nothing here reads it, so that it costs a lint nothing. No setting changes a rule that is `fixed`: its
    findings say why something cannot be read. One that is `opt_in` applies only where settings or the command line
    name it.
    """

    id: str
    name: str
    severity: Severity
    category: RuleCategory
    summary: str
    explanation: str = ""
    check: Check | None = None
    fixed: bool = False
    opt_in: bool = False

    def acceptance(self) -> str:
        """Return how an author accepts a finding of this rule."""
        if self.fixed:
            return "It cannot be ignored."
        setting = f'`ignore = ["{self.id}"]` in `[tool.comp.lint]` of pyproject.toml'
        if self.check is None:
            return f"To accept it: {setting}."
        comment = f"`# comp:ignore[{self.id}]` with the reason, on the line or above it"
        return f"To accept it at one place: {comment}.\nTo accept it everywhere: {setting}."


RULES: dict[str, Rule] = {}
# The rules whose findings `comp lint --fix` can mend, with the safest fix of each; pages and `comp rules` show it.
FIXES: dict[str, Applicability] = {
    **dict.fromkeys(
        ("C002", "C003", "C004", "C022", "C023", "C024", "C025", "C029", "C033", "C042", "C101"), Applicability.SAFE
    ),
    **dict.fromkeys(
        ("C005", "C010", "C011", "C013", "C020", "C021", "C027", "C030", "C032", "C034", "C036"), Applicability.UNSAFE
    ),
}


def rule(
    id_: str, name: str, severity: Severity, category: RuleCategory, summary: str, *, opt_in: bool = False
) -> Callable[[Check], Check]:
    """Register the decorated check as a rule, which its docstring explains."""

    def register(check: Check) -> Check:
        """Add the rule to the table, and return its check unchanged."""
        RULES[id_] = Rule(
            id=id_,
            name=name,
            severity=severity,
            category=category,
            summary=summary,
            explanation=check.__doc__ or "",  # Python removes docstrings with -OO
            check=check,
            opt_in=opt_in,
        )
        return check

    return register


def reported(
    id_: str,
    name: str,
    severity: Severity,
    category: RuleCategory,
    summary: str,
    explanation: str,
    *,
    settable: bool = False,
) -> None:
    """Register a rule that a reader reports, with the text that a check would have as its docstring.

    An error says that something cannot be read, which no setting changes, unless it is `settable`.
    """
    RULES[id_] = Rule(
        id=id_,
        name=name,
        severity=severity,
        category=category,
        summary=summary,
        explanation=explanation,
        fixed=severity is ERROR and not settable,
    )


def meant(name: str) -> str | None:
    """Return the id of the rule that an unknown id, or the name of a rule, means; None if none is similar."""
    named = next((each.id for each in RULES.values() if each.name == name), None)
    # Letters that look like digits are the likeliest slip.
    text = name.upper().translate(str.maketrans("OIL", "011"))
    return named or (text if text in RULES else closest(text, RULES))


def findings_of(document: ComponentDocument, off: Collection[str] = (), most: int | None = None) -> list[Finding]:
    """Apply every rule that is not `off`, and return the findings in the order of the document.

    A rule ends after `most` findings; None for no bound.
    """
    findings = [
        finding_of(each, remark)
        for each in RULES.values()
        if each.check is not None and each.id not in off
        for remark in islice(each.check(document), most)
    ]
    return in_order(findings)


def finding_of(rule: Rule, remark: Remark) -> Finding:
    """Return the finding that a remark of a rule is."""
    return Finding(
        rule=rule.id,
        severity=remark.severity or rule.severity,
        message=remark.message,
        where=remark.where,
        help=remark.help,
        fix=remark.fix,
    )


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings about one contract in its order."""
    # The id decides between findings at one place, so that equal contracts have equal reports.
    return sorted(findings, key=lambda finding: (finding.where.line or 0, finding.where.column or 0, finding.rule))
