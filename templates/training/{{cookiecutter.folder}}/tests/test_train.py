"""Run with pytest, with `src` on the path: `PYTHONPATH=src pytest`."""

import inspect

from train import CARD, train


def test_every_output_is_a_parameter() -> None:
    parameters = list(inspect.signature(train).parameters)
    assert parameters[:5] == ["data", "model", "metrics", "confusion", "card"]


def test_the_card_says_how_good_the_model_is() -> None:
    fields = {"name": "m", "kind": "k", "rows": 3, "columns": 2, "held_out": 1}
    assert "| accuracy | 0.500 |" in CARD.format(**fields, accuracy=0.5, parameters={})
