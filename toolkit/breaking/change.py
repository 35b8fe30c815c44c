"""A change between two contracts: its rule, its place, and whose pipelines it breaks."""

from enum import IntEnum, StrEnum
from typing import Literal

from msgspec import Struct, field

from toolkit.errors import Location, Severity
from toolkit.lint.rule import Rule

KfpLine = Literal["1.8", "2"]
V1: frozenset[KfpLine] = frozenset({"1.8"})
V2: frozenset[KfpLine] = frozenset({"2"})
BOTH: frozenset[KfpLine] = V1 | V2
NEITHER: frozenset[KfpLine] = frozenset()


class Category(StrEnum):
    """What has to stay the same for a change not to break, from strict to lenient.

    `strict`: type names as KFP 1.8 and graphs compare them, names as written, the order of inputs. `pipeline`: every
    pipeline source still compiles in KFP 2 and means the same. `compile`: it still compiles.
    """

    STRICT = "strict"
    PIPELINE = "pipeline"
    COMPILE = "compile"


class Bump(IntEnum):
    """The part of a semantic version that a change raises, from small to large."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


class ChangeRule(Rule, frozen=True, kw_only=True):
    """One kind of change; its example has an earlier version, and `Right` is the way that keeps callers.

    `least` is the most lenient category in which it breaks; None for an addition or a change of the implementation,
    which break nothing. `bump` is what a change of this kind requires where it breaks, `otherwise` where it does not.
    """

    severity: Severity = Severity.ERROR
    least: Category | None = None
    bump: Bump = Bump.MAJOR
    otherwise: Bump = Bump.MINOR

    def acceptance(self) -> str:
        """Return the categories in which it breaks, and the version that it requires."""
        if self.least is None:
            return f"It breaks no caller, and requires a {self.otherwise} version."
        broken = [str(category) for category in Category if self.breaks_in(category)]
        by = f"the category {broken[0]}" if len(broken) == 1 else f"the categories {', '.join(broken)}"
        return f"It breaks callers by {by}, and requires a {self.bump} version."

    def breaks_in(self, category: Category) -> bool:
        """Return whether a change of this kind breaks callers, by a category's measure."""
        order = list(Category)
        return self.least is not None and order.index(category) <= order.index(self.least)


class VersionRule(Rule, frozen=True, kw_only=True):
    """A rule about versions."""

    def acceptance(self) -> str:
        """Return how an author publishes the component nevertheless."""
        return "It cannot be ignored. `comp publish --accept-breaking` publishes a bump that is too small nevertheless."


class Change(Struct, frozen=True, kw_only=True):
    """One difference between two versions of a contract.

    `lines` are the lines of KFP in which some pipeline that compiled with the old version no longer compiles.
    `where` is a place in the new contract, `before` in the old one, None for what only one of them has.
    """

    rule: ChangeRule
    message: str
    where: Location
    before: Location | None = None
    help: str = ""
    lines: frozenset[KfpLine] = field(default_factory=frozenset)

    def breaks_in(self, category: Category) -> bool:
        """Return whether this change breaks callers, by a category's measure."""
        return self.rule.breaks_in(category)

    def severity_in(self, category: Category) -> Severity:
        """Return the severity: the rule's where the change breaks, else `info`."""
        return self.rule.severity if self.breaks_in(category) else Severity.INFO

    def bump_in(self, category: Category) -> Bump:
        """Return the bump that this change requires."""
        return self.rule.bump if self.breaks_in(category) else self.rule.otherwise
