"""The bases of a collection."""

import logging
from pathlib import Path

import pytest

from tests.collections import collection, component
from toolkit.collection.members_bases import bases_below
from toolkit.collection.workspace import NoComponentError


def test_each_component_counts_once_and_broken_ones_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = collection(tmp_path / "repo", "one", "two")
    component(root / "other", contract=False, more='base = "example.com/base:1"\n')
    component(root / "broken", contract=False, more="base = 3\n")
    with caplog.at_level(logging.WARNING):
        found = bases_below([root, root / "components"], {})
    assert [(base.name, base.names) for base in found] == [
        ("example.com/base:1", ("other",)),
        ("python:3.11-slim", ("one", "two")),
    ]
    (record,) = caplog.records
    assert record.getMessage().startswith("broken is left out: ")


def test_a_folder_without_components(tmp_path: Path) -> None:
    with pytest.raises(NoComponentError):
        bases_below([tmp_path], {})
