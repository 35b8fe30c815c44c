"""A rule about types that KFP 1.8 passes as values, and KFP 2 takes for artifacts."""

from collections.abc import Iterator

from toolkit.edits import Applicability, Fix, Replace
from toolkit.interface.model import Input, Kind
from toolkit.lint.rule import WARNING, Remark, RuleCategory, rule
from toolkit.lint.walk import ports
from toolkit.spec.reader import ComponentDocument, short_type

# kfp 1.8.22, kfp/dsl/types.py and kfp/components/_data_passing.py.
_VALUES = {
    **dict.fromkeys(("GCSPath", "GCRPath", "GCPRegion", "GCPProjectID", "LocalPath"), "String"),
    **dict.fromkeys(("Dictionary", "Mapping"), "JsonObject"),
    "Sequence": "JsonArray",
}


@rule(
    "C036",
    "type-of-kfp-1",
    WARNING,
    RuleCategory.TYPES,
    "A type that KFP 1.8 passes as a value, and that KFP 2 takes for a class of artifacts.",
)
def type_of_kfp_1(document: ComponentDocument) -> Iterator[Remark]:
    """Report types of values that KFP 2 does not know.

    KFP 1.8 has types for texts that mean something on Google Cloud: `GCSPath`, `GCRPath`, `GCPRegion`, `GCPProjectID`,
    `LocalPath`. KFP 2 has none of them, nor `Dictionary` and `Optional[…]`, and takes each for a class of artifacts: an
    output of this type fits no input that takes a String. C032 reports inputs of such a type that are passed by value.

    Write `String`, `JsonObject` or `JsonArray`. An input that may be left out has `optional: true` instead of
    `Optional`.

    Wrong:
        outputs:
        - {name: where, type: GCSPath}

    Right:
        outputs:
        - {name: where, type: String}
    """
    for place, port in ports(document):
        # C032 reports these.
        if isinstance(port, Input) and port.kind is Kind.PARAMETER:
            continue
        short = short_type(port.type)
        fix: Fix | None
        if short == "Optional":
            advice, fix = "write the type inside of `Optional`, and `optional: true`", None
        elif short in _VALUES:
            advice, edit = f"write {_VALUES[short]}", Replace((*place, "type"), _VALUES[short])
            fix = Fix(title=f"Write {_VALUES[short]}", edits=(edit,), applicability=Applicability.UNSAFE)
        else:
            continue
        message = f"{port.name!r} has the type {port.type!r}, which KFP 2 takes for an artifact"
        yield Remark(document.places[(*place, "type")], message, advice, fix=fix)
