"""Rules about `if`: where KFP 2 takes it, and which conditions."""

from collections.abc import Iterator, Sequence

from toolkit.edits import Fix, Replace, Unwrap
from toolkit.lint.rule import ERROR, Remark, RuleCategory, rule
from toolkit.lint.walk import arguments, source
from toolkit.spec.document import Place
from toolkit.spec.model import Argument, ConcatPlaceholder, IfPlaceholder, IsPresent
from toolkit.spec.reader import ComponentDocument
from toolkit.spec.writer import argument_data


@rule(
    "C025",
    "if-in-concat-list",
    ERROR,
    RuleCategory.PORTABILITY,
    "An `if` inside `concat` whose branch is a list: KFP 2 expects a single text or placeholder.",
)
def if_in_concat(document: ComponentDocument) -> Iterator[Remark]:
    """Report lists in the branches of an `if` inside a `concat`.

    Both branches of an `if` may be lists among the arguments. Inside of `concat` KFP 1.8 still takes them, and KFP 2
    fails when it loads the contract: a part of a text is one text or one placeholder.

    Remove the brackets, or write the condition around whole arguments.

    Wrong:
        inputs:
        - {name: user, type: String, optional: true}
        args:
        - {concat: [table-, {if: {cond: {isPresent: user}, then: [{inputValue: user}], else: [all]}}]}

    Right:
        inputs:
        - {name: user, type: String, optional: true}
        args:
        - {concat: [table-, {if: {cond: {isPresent: user}, then: {inputValue: user}, else: all}}]}

    Also: C047
    """
    for place, argument in arguments(document):
        if not isinstance(argument, ConcatPlaceholder):
            continue
        for index, item in enumerate(argument.items):
            for branch in ("then", "else") if isinstance(item, IfPlaceholder) else ():
                where = document.places.get((*place, index, branch))
                # The model has no trace of the brackets, since KFP 1.8 reads both forms alike.
                # kfp 2.17 fails when it loads such a list (ValueError).
                if where and source(document, where).startswith(("[", "- ")):
                    branches = {"then": item.then, "else": item.otherwise} if isinstance(item, IfPlaceholder) else {}
                    fix = _without_list((*place, index, branch), branches[branch])
                    message = f"`{branch}` is a list inside `concat`"
                    yield Remark(where, message, "write one item without brackets", fix=fix)


@rule(
    "C026",
    "if-cond-unsupported",
    ERROR,
    RuleCategory.PORTABILITY,
    "A condition other than `isPresent`, which KFP 2 does not understand.",
)
def condition_unsupported(document: ComponentDocument) -> Iterator[Remark]:
    """Report other conditions than `isPresent`.

    KFP 2 knows `isPresent` alone, and cannot load a contract with another condition. KFP 1.8 takes a boolean or a text
    too; the value of an input it loads, and does not compile.

    Pass the value, and let the program decide.

    Wrong:
        inputs:
        - {name: verbose, type: Boolean}
        args:
        - {if: {cond: {inputValue: verbose}, then: [--verbose]}}

    Right:
        inputs:
        - {name: verbose, type: Boolean}
        args: [--verbose, {inputValue: verbose}]
    """
    for place, argument in arguments(document):
        if isinstance(argument, IfPlaceholder) and not isinstance(argument.condition, IsPresent):
            advice = "pass the value, and decide in the program"
            yield Remark(document.places[(*place, "cond")], "the condition is not isPresent", advice)


def _without_list(place: Place, items: Sequence[Argument]) -> Fix | None:
    """Return the fix that writes one item instead of a list, several as a `concat` of their own."""
    if len(items) == 1:
        return Fix(title="Write the item without its list", edits=(Unwrap(place),))
    joined = {"concat": [argument_data(item, inside_concat=True) for item in items]}
    return Fix(title="Join the items by `concat`", edits=(Replace(place, joined),)) if items else None
