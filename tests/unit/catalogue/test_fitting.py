import pytest

from tests.catalogues import entry
from toolkit.catalogue.fitting import MOST, Fits, Neighbour, is_telling, named_types, telling_types, type_name

LOAD = entry("data/load", gives=("Dataset",))
TRAIN = entry("ml/train", takes=("Dataset", "Integer"), gives=("Model",))
SCORE = entry("ml/score", takes=("Dataset", "Model"))


def test_components_fit_by_the_types_that_one_gives_and_the_other_takes() -> None:
    fits = Fits([LOAD, SCORE, TRAIN])
    assert fits.before(TRAIN) == (Neighbour(name="data/load", types=("Dataset",)),)
    assert fits.after(TRAIN) == (Neighbour(name="ml/score", types=("Model",)),)
    # The one that fits by more types comes first.
    assert [each.name for each in fits.before(SCORE)] == ["ml/train", "data/load"]
    assert fits.before(LOAD) == ()


def test_plain_values_and_anything_fit_nothing() -> None:
    one, other = entry("a/b", gives=("Integer", "String", "Artifact", "")), entry("a/c", takes=("Integer", "Artifact"))
    assert Fits([one, other]).before(other) == ()


def test_a_deprecated_component_is_not_offered() -> None:
    old = entry("data/old", gives=("Dataset",), deprecated="slow")
    assert Fits([old, TRAIN]).before(TRAIN) == ()


def test_neighbours_are_few_and_those_of_the_namespace_come_first() -> None:
    many = [entry(f"a/load-{number:02}", gives=("Dataset",)) for number in range(20)]
    own = entry("ml/z-load", gives=("Dataset",))
    before = Fits([*many, TRAIN, own]).before(TRAIN)
    assert [each.name for each in before] == ["ml/z-load", *(f"a/load-{number:02}" for number in range(MOST - 1))]


def test_the_key_changes_with_the_neighbours_alone() -> None:
    many = [entry(f"a/load-{number:02}", gives=("Dataset",)) for number in range(20)]
    key = Fits([*many, TRAIN]).key(TRAIN)
    assert Fits([*many, entry("b/load", gives=("Dataset",)), TRAIN]).key(TRAIN) == key
    assert Fits([entry("a/a", gives=("Dataset",)), *many, TRAIN]).key(TRAIN) != key


@pytest.mark.parametrize(
    ("type_", "telling"),
    [
        ("Model", True),
        ("GCSPath", True),
        ("Integer", False),
        ("typing.List[str]", False),
        ("", False),
        ("Artifact", False),
    ],
)
def test_types_of_values_say_nothing(type_: str, telling: bool) -> None:  # noqa: FBT001 (a case)
    assert is_telling(type_) is telling


def test_a_type_with_properties_is_shown_by_its_name() -> None:
    assert type_name('{"GCSPath": {"data_type": "CSV"}}') == "GCSPath"
    assert type_name("Model") == "Model"
    assert type_name("{broken") == "{broken"
    assert type_name("{}") == "{}"
    named = named_types(entry("a/b", takes=('{"GCSPath": {}}',)))
    assert telling_types(named.inputs) == ("GCSPath",)
