"""Functions made from a text of code, below imports and classes that the code may use."""

from pathlib import Path
from textwrap import dedent

from toolkit.interface.function import read_function
from toolkit.interface.model import Function

IMPORTS = """
from collections import namedtuple
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, IntEnum, auto
from functools import partial
from typing import Annotated, Any, Callable, Dict, List, Literal, NamedTuple, NewType, Optional, Text, Union
from kfp import components, dsl
from kfp.components import InputPath, OutputPath
from kfp.dsl import Dataset, Input, Model, Output
from toolkit import types as t
import kfp.dsl as d
COUNT = 3
ALIAS = COUNT
NAMES = ["a", "b"]
TWICE = 1
TWICE = 2
Count = int
UserId = NewType("UserId", str)
Loop = Around
Around = Loop
Table = Input[Dataset]
class Sizes(NamedTuple):
    rows: int
    names: List[str]
Pair = NamedTuple("Pair", [("a", int), ("b", float)])
class Weights(Model):
    schema_title = "google.VertexModel"
class Plain(dsl.Model):
    pass
from google_cloud_pipeline_components.types import artifact_types
from google_cloud_pipeline_components.types.artifact_types import VertexDataset
"""
CLASSES = """
from __future__ import annotations
import dataclasses, enum, other
from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
from typing import Annotated, Dict, List, Literal, NamedTuple, Optional, TypedDict
from kfp.dsl import *
from kfp.components import InputBinaryFile, OutputBinaryFile, OutputTextFile
from pydantic import BaseModel
from other import Shade, Point

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

class Level(IntEnum):
    LOW = 1
    HIGH = 2

class Drawn(Enum):
    A = auto()

@dataclass
class Inner:
    n: int
    colour: Colour = Colour.RED

@dataclasses.dataclass(frozen=True)
class Config(Inner):
    inner: Inner | None = None
    names: list[str] = field(default_factory=list)

class Loop(BaseModel):
    more: Loop

class Options(TypedDict, total=False):
    a: int

class Model2(BaseModel):
    options: Dict[str, Options]

@dataclass
class Frames:
    frame: np.ndarray

class Sizes(NamedTuple):
    rows: int
    colour: Colour
"""
OTHER = """
from dataclasses import dataclass
from enum import StrEnum

class Shade(StrEnum):
    DARK = "dark"

@dataclass
class Point:
    x: float

MOST = 7
"""


def read_code(folder: Path, code: str, *, above: str = IMPORTS) -> Function:
    """Read the function `f` of a module with `code` below the imports."""
    (folder / "steps.py").write_text(above + dedent(code))
    return read_function(folder / "steps.py", "f", {})


def read_below_classes(folder: Path, code: str) -> Function:
    """Read the function `f` of a module with `code` below enumerations and records, with `other.py` beside it."""
    (folder / "other.py").write_text(OTHER)
    return read_code(folder, code, above=CLASSES)
