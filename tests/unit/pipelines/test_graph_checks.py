"""What a pipeline connects, and defaults that are not values of their types, as the reader refuses them."""

from pathlib import Path

import pytest

from tests.pipelines import Json, dag, executed, pipeline, ports, result, task, written
from toolkit.errors import InputError
from toolkit.pipelines.graph_reader import parse_pipeline


def refused(document: Json) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_pipeline(written(document), Path("p.yaml"))
    return caught.value


def test_a_value_and_a_file_are_not_connected() -> None:
    parts = {
        "make": executed("make", None, ports(Output="int", data="Dataset")),
        "number": executed("number", ports(x="int"), ports(Output="int")),
    }
    root = dag({"make": task("make"), "n": task("number", inputs={"x": result("make", "data")})})
    message = "'data' of 'make' is an artifact (Dataset), and the input 'x' of 'n' is a parameter (Integer)"
    assert message in refused(pipeline(root, parts)).message


@pytest.mark.parametrize("is_root", [True, False])
def test_a_default_of_another_type(is_root: bool) -> None:  # noqa: FBT001 (a parameter of pytest)
    inputs = ports(x="int?")
    inputs["parameters"]["x"]["defaultValue"] = "abc"
    root = dag({"one": task("one")}, inputs if is_root else None)
    error = refused(pipeline(root, {"one": executed("one", None if is_root else inputs)}))
    assert error.message == "the default of the input 'x' is 'abc', expected Integer"
    assert error.where is not None
    assert error.where.line is not None
