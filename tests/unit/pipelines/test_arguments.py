import pytest

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Input, Interface, Kind
from toolkit.pipelines.arguments import read_arguments

INTERFACE = Interface(
    inputs=(
        Input(name="rows", type="Integer", kind=Kind.PARAMETER),
        Input(name="rate", type="Float", kind=Kind.PARAMETER, default="0.5"),
        Input(name="fast", type="Boolean", kind=Kind.PARAMETER, default="false"),
        Input(name="tags", type="JsonArray", kind=Kind.PARAMETER, optional=True),
        Input(name="more", type="JsonObject", kind=Kind.PARAMETER, optional=True),
        Input(name="name", type="String", kind=Kind.PARAMETER, default="n"),
        Input(name="table", type="Dataset", kind=Kind.ARTIFACT, optional=True),
    ),
    outputs=(),
)


def test_values_have_the_types_of_the_inputs() -> None:
    texts = {"rows": "3", "rate": "1", "fast": "True", "tags": '["a"]', "more": "{}", "name": "7"}
    assert read_arguments(INTERFACE, texts) == {
        "rows": 3, "rate": 1.0, "fast": True, "tags": ["a"], "more": {}, "name": "7",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        ({"rows": "3", "rat": "1"}, "the pipeline has no input 'rat'", "did you mean 'rate'?"),
        ({"rows": "3", "zzz": "1"}, "the pipeline has no input 'zzz'", "its inputs: rows, rate"),
        ({}, "missing rows", "-i rows=…"),
        ({"rows": "many"}, "'rows' is 'many', expected Integer", "-i rows=3"),
        ({"rows": "3", "rate": "nan"}, "'rate' is 'nan', expected Float", "0.5"),
        ({"rows": "3", "fast": "maybe"}, "expected Boolean", "true"),
        ({"rows": "3", "tags": "{}"}, "expected JsonArray", "[1, 2]"),
        ({"rows": "3", "more": "[" * 100_000}, "expected JsonObject", "{"),
        ({"rows": "3", "table": "a.csv"}, "'table' is an artifact", "dsl.importer"),
    ],
)
def test_refused_before_anything_runs(texts: dict[str, str], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        read_arguments(INTERFACE, texts)
    assert hint in (error.value.hint or "")


def test_value_that_the_server_does_not_take() -> None:
    with pytest.raises(InputError, match=r"inputs\.parameters\.x"):
        read_arguments(INTERFACE, {"rows": "3", "name": "{{inputs.parameters.x}}"})
