import ast
import json
from pathlib import Path

import pytest

from toolkit.consumers.loaded import is_loader, loaded
from toolkit.interface.module import Module

PATHS = [
    'load_component_from_file("train/component.yaml")',
    'load_component_from_file(filename="./train/component.yaml")',
    'load_component_from_file(HERE / "train" / NAME)',
    'load_component_from_file(str(Path(__file__).resolve().parent / "train/component.yaml"))',
    'load_component_from_file(os.path.join(os.path.dirname(os.path.abspath(__file__)), "train", NAME))',
    'load_component_from_file(f"train/{NAME}")',
    'load_component_from_file("train/" + NAME)',
    'load_component_from_file(Path(__file__).parents[0].joinpath("train", NAME))',
    'load_component("train/component.yaml")',
]
SOURCE = """
import os
from pathlib import Path
from kfp.components import *
import toolkit
from toolkit import load as take
HERE = Path(__file__).parent
NAME = "component.yaml"
"""


def _module(folder: Path, call: str) -> tuple[Module, ast.Call]:
    module = Module.parse(folder / "weekly.py", f"{SOURCE}{call}\n", {})
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call)
    return module, node


@pytest.mark.parametrize("call", PATHS)
def test_a_path_that_the_code_says(call: str, tmp_path: Path) -> None:
    module, node = _module(tmp_path, call)
    assert is_loader(module, node)
    named = loaded(module, node)
    assert named
    assert tmp_path / "train" / "component.yaml" in named.places


def test_addresses_titles_and_stores(tmp_path: Path) -> None:
    address = "https://example.com/train/component.yaml"
    for call in (f"load_component_from_url({address!r})", f"load_component(url={address!r})"):
        named = loaded(*_module(tmp_path, call))
        assert named
        assert named.address == address
    text = "name: Train\\nimplementation: {container: {image: a}}"
    named = loaded(*_module(tmp_path, f'load_component_from_text("{text}")'))
    assert named
    assert named.title == "Train"
    named = loaded(*_module(tmp_path, 'store.load_component(name="train")'))
    assert named
    assert named.address == "train/component.yaml"


@pytest.mark.parametrize(
    "call",
    [
        "load_component_from_file(name)",
        "load_component_from_url(f())",
        "load_component()",
        'load_component_from_text("")',
    ],
)
def test_what_is_not_known_is_none(call: str, tmp_path: Path) -> None:
    assert loaded(*_module(tmp_path, call)) is None


def test_other_calls_load_nothing(tmp_path: Path) -> None:
    assert not is_loader(*_module(tmp_path, 'load("train/component.yaml")'))


def test_what_the_lock_says(tmp_path: Path) -> None:
    calls = ('take("ml/train@^1")', 'toolkit.load("train")', 'take(f"ml/{LEARNT}")', "take()", 'take("ml/absent")')
    assert all(is_loader(*_module(tmp_path, call)) for call in calls)
    assert [loaded(*_module(tmp_path, call)) for call in calls] == [None] * len(calls), "there is no lock"
    entry = {"path": "components/ml/train/component.yaml"}
    (tmp_path / "components.lock").write_text(json.dumps({"version": 1, "components": {"ml/train": entry}}))
    named = [loaded(*_module(tmp_path, call)) for call in calls]
    copy = tmp_path / "components" / "ml" / "train" / "component.yaml"
    assert [each and each.places for each in named] == [(copy,), (copy,), None, None, None]
