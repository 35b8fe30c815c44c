"""Arguments of IR: each is read as the argument that it was written from."""

import pytest

from toolkit.errors import InputError
from toolkit.forms.ir_arguments import IrArguments, read_ir_argument
from toolkit.interface.model import Input, Interface, Kind
from toolkit.spec.model import (
    Argument,
    ConcatPlaceholder,
    ExecutorInputPlaceholder,
    IfPlaceholder,
    IsPresent,
    PortPlaceholder,
)

A = Input(name="a b", type="String", kind=Kind.PARAMETER)
VALUE = PortPlaceholder(kind="inputValue", port="a b")
WRITER = IrArguments(Interface(inputs=(A,)), {("input", "a b"): "a_b"})
READ = PortPlaceholder(kind="inputValue", port="a_b")


@pytest.mark.parametrize(
    ("argument", "text", "read"),
    [
        ("plain", "plain", "plain"),
        ("", "", ""),
        (ExecutorInputPlaceholder(), "{{$}}", ExecutorInputPlaceholder()),
        (VALUE, "{{$.inputs.parameters['a_b']}}", READ),
        (
            ConcatPlaceholder(items=("x=", VALUE)),
            "x={{$.inputs.parameters['a_b']}}",
            ConcatPlaceholder(items=("x=", READ)),
        ),
        (
            # One text would be read back without the seam.
            ConcatPlaceholder(items=("x", "y", VALUE)),
            """{"Concat": ["x", "y", "{{$.inputs.parameters['a_b']}}"]}""",
            ConcatPlaceholder(items=("x", "y", READ)),
        ),
        (
            IfPlaceholder(condition=IsPresent(input="a b"), then=("-a", VALUE), otherwise=("-n",)),
            """{"IfPresent": {"InputName": "a_b", "Then": ["-a", "{{$.inputs.parameters['a_b']}}"], "Else": ["-n"]}}""",
            IfPlaceholder(condition=IsPresent(input="a_b"), then=("-a", READ), otherwise=("-n",)),
        ),
    ],
)
def test_an_argument_is_written_and_read(argument: Argument, text: str, read: Argument) -> None:
    assert WRITER.written((argument,)) == [text]
    assert read_ir_argument(text) == read


@pytest.mark.parametrize("text", ["{{$.pipeline_job_name}}", '{"a": 1}', '{"Concat": [', "{{$.inputs.parameters}}"])
def test_other_texts_stay_texts(text: str) -> None:
    assert read_ir_argument(text) == text


@pytest.mark.parametrize("text", ['{"Concat": 5}', '{"IfPresent": {"InputName": "a"}}', '{"Concat": [5]}'])
def test_an_invalid_placeholder(text: str) -> None:
    with pytest.raises(InputError, match="is not a placeholder of KFP 2"):
        read_ir_argument(text)


@pytest.mark.parametrize(
    ("begin", "end"), [('{"Concat":[', "]}"), ('{"IfPresent":{"InputName":"a_b","Then":[', "]}}")], ids=["concat", "if"]
)
def test_an_argument_may_be_nested_only_so_deep(begin: str, end: str) -> None:
    assert read_ir_argument(f'{begin * 50}"x"{end * 50}')
    with pytest.raises(InputError, match="an argument is nested more than 50 deep"):
        read_ir_argument(f'{begin * 51}"x"{end * 51}')
