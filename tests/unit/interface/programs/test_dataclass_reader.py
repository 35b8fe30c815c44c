"""Fields of dataclasses as options."""

from pathlib import Path

import pytest

from tests.programs import read_code, shown
from toolkit.errors import Severity
from toolkit.interface.programs.reading import ASK

DATACLASSES = """
from dataclasses import dataclass, field
from typing import List, Literal, Optional
from transformers import HfArgumentParser
@dataclass
class Basic:
    rate: float = field(default=0.1, metadata={"help": "How fast."})
@dataclass
class Arguments(Basic):
    path: str
    names: List[str] = field(default_factory=list)
    deep: bool = False
    kind: Literal["a", "b"] = "a"
    note: Optional[str] = None
parser = HfArgumentParser((Arguments,))
"""


def test_options(tmp_path: Path) -> None:
    program = read_code(tmp_path, DATACLASSES)
    assert program.kind == "HfArgumentParser"
    assert [shown(option) for option in program.options] == [
        ("rate", "--rate", "Float", "value", "0.1", False),
        ("path", "--path", "String", "value", None, True),
        ("names", "--names", "JsonArray", "list", "[]", False),
        ("deep", "--deep", "Boolean", "value", "false", False),
        ("kind", "--kind", "String", "value", "a", False),
        ("note", "--note", "String", "value", None, False),
    ]
    assert not [remark for remark in program.remarks if remark.severity is Severity.WARNING]


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (
            (
                "from dataclasses import dataclass\nfrom transformers import HfArgumentParser, TrainingArguments\n"
                "@dataclass\nclass Own(TrainingArguments):\n    rate: float = 0.1\nHfArgumentParser(Own)"
            ),
            "the fields of `TrainingArguments` are options too, and are not known",
            ASK,
        ),
        (
            "from transformers import HfArgumentParser, TrainingArguments\nHfArgumentParser((TrainingArguments,))",
            "the fields of `TrainingArguments` are options, and are not known",
            ASK,
        ),
    ],
)
def test_unknown_options_are_remarked_on(tmp_path: Path, code: str, message: str, advice: str) -> None:
    program = read_code(tmp_path, code)
    assert (message, advice) in [(one.message, one.help) for one in program.remarks]
