"""The typed reader and the JSON schema agree on every example; a new one is a new folder."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from toolkit.findings import FindingsError
from toolkit.resources import resource
from toolkit.spec.reader import parse_component, read_component
from toolkit.spec.writer import write_component

EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLES = Path(__file__).parents[3] / "sample_components"
POSITIVE = sorted((EXAMPLES / "positive").glob("*/component.yaml")) + sorted(SAMPLES.glob("*/component*.yaml"))
NEGATIVE = sorted((EXAMPLES / "negative").glob("*/component.yaml"))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    document = json.loads(resource("schemas", "component.schema.json").read_text())
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def _name(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("path", POSITIVE, ids=_name)
def test_reader_and_schema_take_it(schema: Draft202012Validator, path: Path) -> None:
    schema.validate(yaml.safe_load(path.read_text()))
    spec = read_component(path)
    assert parse_component(write_component(spec), path) == spec


@pytest.mark.parametrize("path", NEGATIVE, ids=_name)
def test_reader_and_schema_refuse_it(schema: Draft202012Validator, path: Path) -> None:
    assert not schema.is_valid(yaml.safe_load(path.read_text()))
    with pytest.raises(FindingsError) as caught:
        read_component(path)
    assert all(finding.where.path == path for finding in caught.value.findings)
