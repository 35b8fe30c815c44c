"""Run with pytest, with `src` on the path: `PYTHONPATH=src pytest`."""

import inspect

from train import CARD, train


def test_every_artifact_is_a_parameter() -> None:
    parameters = list(inspect.signature(train).parameters)
    assert parameters[:5] == ["data", "model", "metrics", "confusion", "card"]


def test_card_shows_the_accuracy() -> None:
    fields = {"name": "m", "kind": "k", "rows": 3, "columns": 2, "held_out": 1}
    assert "| accuracy | 0.500 |" in CARD.format(**fields, accuracy=0.5, parameters={})
