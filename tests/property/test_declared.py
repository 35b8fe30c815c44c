"""Declarations and cases from any data: read or refused, never anything else; what is read comes back."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from toolkit.declared.quantity import LARGEST, parse_quantity
from toolkit.declared.reading import (
    Problems,
    data_of_references,
    data_of_resources,
    read_env,
    read_references,
    read_resources,
    read_secrets,
)
from toolkit.errors import InputError
from toolkit.runners.cases import read_case

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
_AMOUNTS = st.from_regex(r"[+-]?[0-9]{0,4}(\.[0-9]{0,3})?([KMGTPE]i?|[numk]|[eE][+-]?[0-9]{1,3})?", fullmatch=True)
_KEYS = st.sampled_from(
    ["cpu", "memory", "ephemeral-storage", "requests", "accelerator", "type", "count", "secret", "config-map", "key"]
)
_DATA = st.recursive(
    _SCALARS | _AMOUNTS | st.sampled_from(["nvidia.com/gpu", "api", "token"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
_CHECKS = st.sampled_from(
    ["equals", "approx", "min", "matches", "json", "file", "schema", "snapshot", "rtol", "exists"]
)


@given(_AMOUNTS | st.text(max_size=50))
def test_a_quantity_is_within_64_bits(text: str) -> None:
    quantity = parse_quantity(text)
    assert quantity is None or abs(quantity.value) <= LARGEST


@given(_DATA)
def test_resources_are_read_or_refused_and_come_back(data: Any) -> None:  # noqa: ANN401 (any JSON value)
    problems = Problems()
    resources = read_resources(data, problems)
    again = Problems()
    # Through JSON, as in a contract.
    assert read_resources(json.loads(json.dumps(data_of_resources(resources))), again) == resources
    assert problems.found or not again.found


@given(_DATA)
def test_variables_are_read_or_refused_and_come_back(data: Any) -> None:  # noqa: ANN401 (any JSON value)
    problems = Problems()
    constants, of_maps = read_env(data, problems)
    secrets = read_secrets(data, problems)
    assert all(isinstance(value, str) for value in constants.values())
    references = {**of_maps, **secrets}
    valid = Problems()
    assert read_references(data_of_references(references), valid) == references


@given(
    st.dictionaries(
        st.sampled_from(["inputs", "outputs", "fails", "env", "component", "description"]) | st.text(max_size=4),
        _DATA | st.dictionaries(st.text(max_size=4), st.dictionaries(_CHECKS, _DATA, max_size=3), max_size=2),
        max_size=4,
    )
)
def test_a_case_is_read_or_refused(data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tests", "cases", "one", "case.yaml")
        path.parent.mkdir(parents=True)
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        with suppress(InputError):
            assert read_case(path).name == "one"
