"""What a migration changes in a contract, and what it leaves to a person."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from toolkit.edits import Edit
from toolkit.spec.document import Place
from toolkit.spec.model import ComponentSpec
from toolkit.spec.reader import ComponentDocument


class Step(Struct, frozen=True, kw_only=True):
    """One change: `at` is the place that KFP 2 stumbles over, `why` the reason, `written` what stands there now.

    `expected` makes the model of the result out of the model before. `rule` is the linter's rule about it, if any.
    """

    kind: str
    at: Place
    why: str
    written: str
    edits: tuple[Edit, ...]
    expected: Callable[[ComponentSpec], ComponentSpec]
    rule: str = ""


class Left(Struct, frozen=True, kw_only=True):
    """Something that stays as it is: `advice` says what a person can do about it."""

    kind: str
    at: Place
    why: str
    advice: str
    rule: str = ""


Migration = Callable[[ComponentDocument], Iterator[Step | Left]]
