"""Search in registries."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.registry.consuming.choosing import Registries
from toolkit.registry.consuming.searching import Hit, Query, as_data, is_withdrawn, search
from toolkit.registry.entry import Entry, Port
from toolkit.registry.named import NamedPlace
from toolkit.registry.place import parse_place

TRAIN = Entry(
    name="ml/train",
    version="1.0.0",
    versions=2,
    digest="sha256:0",
    title="Train model",
    description="Fit a classifier",
    published="2026-01-31T12:00:00Z",
    inputs=(Port(name="data", type="Dataset", kind="artifact"), Port(name="c", type="Float", kind="parameter")),
    outputs=(Port(name="model", type="system.Model@0.0.1", kind="artifact"),),
    tags=("Sklearn",),
)


class _Entries(Registries, frozen=True):
    def entries(self, words: object = ()) -> object:  # type: ignore[override]
        wanted = list(words)  # type: ignore[call-overload]
        other = replace(TRAIN, name="nlp/other", description="After train")
        old = replace(TRAIN, name="ml/old-train", deprecated="old")
        every = (other, replace(TRAIN, name="ml/zz-train"), old, TRAIN)
        return ((PLACE, entry) for entry in every if entry.matches(wanted))


PLACE = NamedPlace(place=parse_place("shared"), name="shared")
ENTRIES = _Entries(places=(PLACE,), explicit=True, environ={"COMP_REGISTRIES_FILE": os.devnull}, folder=Path())


def names(query: Query) -> list[str]:
    return [hit.entry.name for hit in search(ENTRIES, query).hits]


def test_names_come_first_and_withdrawn_ones_are_counted() -> None:
    assert names(Query(words=("TRAIN",))) == ["ml/train", "ml/zz-train", "nlp/other"]
    assert search(ENTRIES, Query(words=("train",))).hidden == 1
    assert names(Query(words=("train",), withdrawn=True))[0] == "ml/old-train"
    assert search(ENTRIES, Query(words=("train",), withdrawn=True)).hidden == 0
    assert is_withdrawn(replace(TRAIN, yanked=True))


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        (Query(), True),
        (Query(produces=("*model",)), True),
        (Query(produces=("Model",)), True),
        (Query(produces=("Mod",)), False),
        (Query(produces=("system.model@*",), accepts=("dataset", "float")), True),
        (Query(accepts=("dataset", "string")), False),
        (Query(accepts=("system.Model",)), False),
        (Query(namespace="ml"), True),
        (Query(namespace="m*"), True),
        (Query(namespace="nlp"), False),
        (Query(tags=("sklearn",)), True),
        (Query(tags=("sklearn", "torch")), False),
    ],
)
def test_what_fits(query: Query, fits: bool) -> None:  # noqa: FBT001 (a parameter)
    assert query.fits(TRAIN) is fits


def test_data_has_every_key() -> None:
    data = as_data(Hit(place=PLACE, entry=TRAIN))
    assert set(data) == {"registry", *TRAIN.__struct_fields__} - {"marks"}
    assert data["inputs"] == [
        {"name": "data", "type": "Dataset", "kind": "artifact", "optional": False},
        {"name": "c", "type": "Float", "kind": "parameter", "optional": False},
    ]


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        (Query(words=("a b",), tags=("X",)), ("a b", "X", "")),
        (Query(produces=("Model",), accepts=("Data*",)), ("Model", "Data", "")),
        (Query(produces=("M[aeiou]del",), namespace="team-?"), ("del", "team-")),
        (Query(accepts=("*",), namespace="[ab"), ("", "")),
    ],
)
def test_a_registry_learns_what_every_entry_has_that_fits(query: Query, parts: tuple[str, ...]) -> None:
    assert query.parts == parts
