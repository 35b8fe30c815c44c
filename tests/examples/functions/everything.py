"""A component with every kind of input and output."""

import enum
import json
import os
from dataclasses import dataclass
from typing import List, Literal, NamedTuple, Optional

from kfp import dsl
from kfp.components import InputTextFile, OutputBinaryFile
from kfp.dsl import HTML, Dataset, Input, InputPath, Markdown, Metrics, Model, Output, OutputPath


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Settings:
    rate: float
    names: List[str]


class Given(NamedTuple):
    text: str
    number: int
    ratio: float
    flag: bool
    items: List[float]
    mapping: dict
    settings: Settings
    colour: Colour
    mlpipeline_metrics: "Metrics"
    rest: dict


@dsl.component
def everything(
    text: str,
    number: int,
    ratio: float,
    flag: bool,
    items: List[int],
    mapping: dict,
    settings: Settings,
    data: Input[Dataset],
    folder: InputPath("Folder"),
    lines: InputTextFile("Text lines"),
    parts: Input[List[Dataset]],
    model: Output[Model],
    metrics: Output[Metrics],
    page: Output[HTML],
    table: OutputPath("CSV"),
    count: OutputPath(int),
    blob_file: OutputBinaryFile("Blob"),
    tree: OutputPath("Tree"),
    colour: Colour = Colour.RED,
    mode: Literal["fast", "slow"] = "fast",
    defaulted: int = 7,
    note: Optional[str] = None,
    more: Optional[list] = None,
    other: Optional[Input[Dataset]] = None,
) -> Given:
    """Give back everything it was given."""
    with open(data.path) as stream:
        content = stream.read()
    with open(model.path, "w") as stream:
        stream.write(content.upper())
    model.metadata["framework"] = "none"
    model.metadata["seen"] = dict(data.metadata)
    metrics.log_metric("accuracy", 0.75)
    with open(page.path, "w") as stream:
        stream.write("<p>é</p>")
    with open(table, "w") as stream:
        stream.write("a,b\n")
    with open(count, "w") as stream:
        stream.write(str(len(parts)))
    blob_file.write(b"\0\xff")
    os.makedirs(os.path.join(tree, "deep"))
    with open(os.path.join(tree, "deep", "leaf"), "w") as stream:
        stream.write("leaf")
    rest = {
        "folder": sorted(os.listdir(folder)),
        "lines": lines.read().split("\n"),
        "parts": [open(part.path).read() for part in parts],
        "mode": mode,
        "defaulted": defaulted,
        "note": "absent" if note is None else note,
        "more": "absent" if more is None else more,
        "other": "absent" if other is None else open(other.path).read(),
        "types": [type(value).__name__ for value in (text, number, ratio, flag, items[0], mapping, settings, colour)],
    }
    kfp1 = json.dumps({"metrics": [{"name": "accuracy", "numberValue": 0.75, "format": "RAW"}]})
    return Given(text, number, ratio, flag, items, mapping, settings, colour, kfp1, rest)
