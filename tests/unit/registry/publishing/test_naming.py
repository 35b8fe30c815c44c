"""Names of components that others made."""

import pytest

from toolkit.registry.names import is_part
from toolkit.registry.publishing.naming import derived_name, distinct_names, slug


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Train model", "train-model"),
        ("XGBoostTrain_on-CSV", "xgboost-train-on-csv"),
        ("Füge Ähnliches", "fuge-ahnliches"),
        ("../../etc", "etc"),
        ("m\u043edel", "mdel"),
        ("模型", ""),
        ("<script>", "script"),
        ("a" * 300, "a" * 90),
        ("--", ""),
    ],
)
def test_a_name_is_always_valid(text: str, name: str) -> None:
    assert slug(text) == name
    assert name == "" or is_part(name)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("ml/train/component.yaml", "train"),
        ("https://host/ml/Train_model/component.yaml", "train-model"),
        ("claimed/spark-sql.yaml", "spark-sql"),
        ("x/sql.component.yaml", "sql"),
        ("component.yaml", "the-title"),
        ("components/component.yaml", "the-title"),
    ],
)
def test_a_name_is_that_of_the_file_the_folder_or_the_title(path: str, name: str) -> None:
    assert derived_name(path, "The title") == name


def test_names_differ() -> None:
    titles = dict.fromkeys(("a/train/component.yaml", "b/train/component.yaml", "train.yaml", "c/eval.yaml"), "T")
    assert distinct_names(titles) == {
        "a/train/component.yaml": "a-train",
        "b/train/component.yaml": "b-train",
        "train.yaml": "train",
        "c/eval.yaml": "eval",
    }
    same = dict.fromkeys(("src/component.yaml", "component.yaml", "main/component.yaml"), "T")
    assert sorted(distinct_names(same).values()) == ["t", "t-2", "t-3"]
    assert distinct_names({"component.yaml": "模型"}) == {"component.yaml": ""}
