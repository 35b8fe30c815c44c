"""Which arguments and consumers a port's type takes, in both lines of KFP.

KFP 2 knows parameter types, artifact classes, and takes every other name for a generic artifact, which goes with each
class (kfp 2.17, `verify_type_compatibility` in `dsl/types/type_utils.py`). KFP 1.8 compares names as they are written;
a missing type goes with everything, `Artifact` with whatever is not a parameter (kfp 1.8.22, `dsl/types.py`).
"""

import re

from toolkit.breaking.change import NEITHER, V1, V2, KfpLine
from toolkit.interface.model import ARTIFACT_TYPES
from toolkit.spec.reader import is_parameter_type, short_type

# Names of one parameter type (kfp 2.17, PARAMETER_TYPES_MAPPING).
_PARAMETERS = {
    "integer": "Integer",
    "int": "Integer",
    "double": "Float",
    "float": "Float",
    "string": "String",
    "str": "String",
    "text": "String",
    "bool": "Boolean",
    "boolean": "Boolean",
    "dict": "JsonObject",
    "jsonobject": "JsonObject",
    "list": "JsonArray",
    "jsonarray": "JsonArray",
}
_CLASSES = {name.lower(): name for name in ARTIFACT_TYPES}
_GOOGLE = re.compile(r"google\.[A-Za-z]+")
GENERIC = "Artifact"


def kfp2_type(type_: str) -> str:
    """Return the type as KFP 2 sees it: a parameter type, an artifact class, or `Artifact` for any other name."""
    if is_parameter_type(type_):
        return _PARAMETERS[short_type(type_).lower()]
    return type_ if _GOOGLE.fullmatch(type_) else _CLASSES.get(type_.lower(), GENERIC)


def stops(old: str, new: str) -> frozenset[KfpLine]:
    """Return the lines of KFP in which something that went with the old type does not go with the new one.

    It is the same for an input, whose arguments are meant, and for an output, whose consumers are.
    """
    return (V2 if _stops_in_2(kfp2_type(old), kfp2_type(new)) else NEITHER) | (V1 if _stops_in_1(old, new) else NEITHER)


def _stops_in_2(old: str, new: str) -> bool:
    """Return it for KFP 2, of its own names of types."""
    return old != new and (new != GENERIC or is_parameter_type(old))


def _stops_in_1(old: str, new: str) -> bool:
    """Return it for KFP 1.8, which has no type where the text is empty."""
    if old == new or not new:
        return False
    if new.lower() == GENERIC.lower():
        return not old or is_parameter_type(old)
    # Two spellings of the generic artifact are one type there.
    return not (old.lower() == new.lower() == GENERIC.lower())
