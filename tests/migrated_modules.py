"""Modules of components in KFP 1.8's vocabulary, and what `comp migrate` makes of them."""

from pathlib import Path

from toolkit.migration.functions import MigratedModule, Source, migrate_module


def migrated_module(text: str) -> MigratedModule:
    """Return a migrated module, which stays as it is when it is migrated again."""
    found = migrate_module(Source(path=Path("m.py"), text=text), {})
    again = migrate_module(found.new, {})
    assert again.new.text == found.new.text
    return found


TRAIN = '''\
"""Components."""
from typing import List, NamedTuple

from kfp.components import InputPath, InputTextFile, OutputBinaryFile, OutputPath
from kfp.components import create_component_from_func, load_component_from_text
from kfp.dsl.types import GCSPath


def train(
    table_path: InputPath('CSV'),  # the é table
    text_file: InputTextFile('Text'),
    model_path: OutputPath('Model'),
    raw_file: OutputBinaryFile(),
    spec_path: InputPath('JsonObject'),
    stats_path: OutputPath('JsonObject'),
    where: 'GCSPath', other: {'GCSPath': {'data_type': 'CSV'}},
    place: GCSPath(),
    count,
    names: 'List[str]' = None,
    note: str = None,
    n: int = 5,
) -> NamedTuple('Outputs', [('x', int), ('ui', 'UI_metadata'), ('names', List[str])]):
    """Train."""
    print(table_path)
    return (1, '', [])


train_op = create_component_from_func(
    train, None, 'python:3.9', packages_to_install=['pandas'], annotations={'author': 'me'}
)
'''
ADD = """\
import kfp
from kfp import components


@components.func_to_container_op
def add(a: float, b: float) -> float:
    return a + b


def write(text, out_path: components.OutputPath(str)): open(out_path, 'w').write(text)


write_op = kfp.components.func_to_container_op(write, base_image='python:3.9')
"""
