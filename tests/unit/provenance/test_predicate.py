import json

import pytest
from msgspec.structs import replace

from tests.provenances import BUILDER, COMMIT, provenance
from toolkit.errors import InputError
from toolkit.provenance.predicate import read_predicate


def test_a_predicate_has_the_fields_of_the_specification_and_reads_back() -> None:
    made = provenance(bytecode=True)
    data = json.loads(json.dumps(made.to_dict()))
    assert list(data) == ["buildDefinition", "runDetails"]
    assert set(data["buildDefinition"]) == {
        "buildType",
        "externalParameters",
        "internalParameters",
        "resolvedDependencies",
    }
    assert data["runDetails"] == {
        "builder": {"id": BUILDER, "version": {"comp": "0.1.0"}},
        "metadata": {"invocationId": "https://ci.example/jobs/1"},
    }
    again = read_predicate(data)
    assert again == made
    assert again.source is not None
    assert again.source.digest == {"gitCommit": COMMIT}
    assert [base.name for base in again.bases] == ["base for linux/amd64"]
    assert (again.is_dirty, provenance(dirty=True).is_dirty) == (False, True)


def test_one_build_in_two_runs_is_the_same_and_another_builder_is_not() -> None:
    made = provenance()
    assert made.is_same_build(replace(made, invocation="https://ci.example/jobs/2"))
    assert not made.is_same_build(provenance(builder="https://ci.example/runners/8"))
    assert not made.is_same_build(provenance(bytecode=False))
    # The source is compared by itself.
    assert made.is_same_build(provenance(dirty=True))


def test_null_empty_and_missing_are_the_same() -> None:
    data = provenance().to_dict()
    data["buildDefinition"] |= {"internalParameters": None, "resolvedDependencies": None, "new": 1}
    data["runDetails"] |= {"metadata": {}, "byproducts": []}
    read = read_predicate(data)
    assert (dict(read.internal), read.dependencies, read.invocation, read.source) == ({}, (), "", None)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("buildDefinition", None),
        ("runDetails", []),
        ("buildDefinition.buildType", 1),
        ("buildDefinition.externalParameters", "x"),
        ("buildDefinition.internalParameters", [1]),
        ("buildDefinition.resolvedDependencies", {"a": 1}),
        ("buildDefinition.resolvedDependencies", ["x"]),
        ("buildDefinition.resolvedDependencies", [{"digest": {"sha256": 1}}]),
        ("buildDefinition.resolvedDependencies", [{"annotations": 1}]),
        ("runDetails.builder", None),
        ("runDetails.builder", {"id": ""}),
        ("runDetails.builder", {"id": "x", "version": {"comp": 1}}),
        ("runDetails.metadata", 7),
    ],
)
def test_what_is_not_a_predicate_is_refused(place: str, value: object) -> None:
    data = provenance().to_dict()
    first, _, second = place.partition(".")
    if second:
        data[first][second] = value
    else:
        data[first] = value
    with pytest.raises(InputError):
        read_predicate(data)
