"""JSON schemas of outputs, in a file beside the case or in the case."""

from pathlib import Path

import pytest

from toolkit.runners.json_schema import schema_difference, schema_problem

ELSEWHERE = "http://127.0.0.1:9/x.json"
DRAFT = "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "object"}, None),
        (True, None),
        ("shape.json", None),
        ("missing.json", "which does not exist"),
        ("broken.json", "which is not JSON: Expecting value"),
        ("deep.json", "which is not JSON: "),
        ("list.json", "expected the name of a file, or a schema"),
        (7, "expected the name of a file, or a schema"),
        ({"$schema": 5}, "not a JSON schema: its $schema is not a text"),
        ({"$id": 5}, "not a JSON schema: 5 is not of type 'string'"),
        ({"properties": {"a": {"$id": 5}}}, "not a JSON schema: 5 is not of type 'string'"),
        ({"type": "table"}, "not a JSON schema: 'table' is not valid under any of the given schemas"),
    ],
)
def test_a_schema_is_checked_before_anything_runs(tmp_path: Path, schema: object, problem: str | None) -> None:
    (tmp_path / "shape.json").write_text('{"type": "array"}')
    (tmp_path / "broken.json").write_text("x")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "list.json").write_text("[]")
    found = schema_problem(schema, tmp_path)
    assert (found is None) if problem is None else (found or "").startswith(problem)


def test_a_text_that_fits(tmp_path: Path) -> None:
    (tmp_path / "shape.json").write_text('{"required": ["n"]}')
    assert schema_difference("shape.json", tmp_path, '{"n": 1}') is None
    assert schema_difference({"$ref": DRAFT}, tmp_path, '{"type": "string"}') is None


@pytest.mark.parametrize(
    ("schema", "text", "problem"),
    [
        ("shape.json", "{}", "does not fit the schema: $: 'n' is a required property"),
        (False, "1", "does not fit the schema: $: False schema does not allow 1"),
        ({"type": "array"}, "x", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
        (
            {"$ref": ELSEWHERE},
            "1",
            f"cannot be checked: the schema refers to '{ELSEWHERE}', which is not in it, and nothing is fetched",
        ),
        ({"$ref": "#"}, "1", "cannot be checked: it is nested too deeply"),
        ({"multipleOf": 0.01}, "1e400", "cannot be checked: a number in it is too large"),
        # The draft that a schema names decides: in draft 4 a number with a zero fraction is not an integer.
        (
            {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"},
            "1.0",
            "does not fit the schema: $: 1.0 is not of type 'integer'",
        ),
    ],
)
def test_a_text_that_does_not_fit(tmp_path: Path, schema: str | dict[str, object], text: str, problem: str) -> None:
    (tmp_path / "shape.json").write_text('{"required": ["n"]}')
    assert schema_difference(schema, tmp_path, text) == problem


# The library warns before it fetches, and a warning as an error would hide that it does.
@pytest.mark.filterwarnings("ignore")
def test_a_schema_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"type": "string"}')
    problem = schema_difference({"$ref": (tmp_path / "other.json").as_uri()}, tmp_path, '"a"')
    assert (problem or "").startswith("cannot be checked: the schema refers to 'file://")


def test_the_first_problems_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    problem = schema_difference({"items": {"type": "string"}}, tmp_path, "[1, 2, 3, 4, 5]")
    assert problem is not None
    assert problem.startswith("does not fit the schema: $[0]: 1 is not of type 'string'; $[1]: ")
    assert problem.endswith("(and 2 more)")
    long = schema_difference({"type": "array"}, tmp_path, f'"{"x" * 10_000}"')
    assert len(long or "") < 250
