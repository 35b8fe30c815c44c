"""Types of ports that the command line takes in another way than KFP 2."""

import pytest

from tests.migrations import PATH, contract, left, made, migrated
from toolkit.migration.types import Evidence, evidence, type_name
from toolkit.spec.reader import parse_document


def _ports(inputs: str, args: str, outputs: str = "[]", around: tuple[str, ...] = ()) -> tuple[str, str, list[str]]:
    """Return the inputs and outputs after the migration, and the kinds of the changes."""
    text, kinds = made(contract(inputs, args, outputs=outputs), *around)
    lines = text.splitlines()
    return lines[1].removeprefix("inputs: "), lines[2].removeprefix("outputs: "), kinds


@pytest.mark.parametrize(
    ("port", "written"),
    [
        ("{name: x}", "{name: x, type: String}"),
        ("{name: x, type: ''}", "{name: x, type: 'String'}"),
        ("{name: x, type: {}}", "{name: x, type: String}"),
        ("{name: x, description: d}", "{name: x, type: String, description: d}"),
        ("{name: x, type: CSV}", "{name: x, type: String, annotations: {kfp1_type: CSV}}"),
        ("{name: x, type: CSV, annotations: {a: b}}", "{name: x, type: String, annotations: {a: b, kfp1_type: CSV}}"),
        (
            "{name: x, type: {JsonObject: {a: b}}}",
            "{name: x, type: JsonObject, annotations: {kfp1_type: {JsonObject: {a: b}}}}",
        ),
        ("{name: x, type: [Integer]}", "{name: x, type: Integer}"),
        ("{name: x, type: '[CSV'}", "{name: x, type: 'String', annotations: {kfp1_type: '[CSV'}}"),
        ("{name: x, type: '{a'}", "{name: x, type: 'String', annotations: {kfp1_type: '{a'}}"),
        ("{name: x, type: [[a]]}", "{name: x, type: String}"),
        ("{name: x, type: [CSV, TSV]}", "{name: x, type: String}"),
        ("{name: x, default: 1.10}", "{name: x, type: String, default: '1.1'}"),
        ("{name: x, default: 5}", "{name: x, type: String, default: '5'}"),
        ("{name: x, default: false}", "{name: x, type: String, default: 'False'}"),
        ("{name: x, default: text}", "{name: x, type: String, default: text}"),
        ("{name: x, default: '5'}", "{name: x, type: String, default: '5'}"),
    ],
)
def test_what_is_passed_by_value_becomes_a_text(port: str, written: str) -> None:
    inputs, _, kinds = _ports(f"[{port}]", "[{inputValue: x}]")
    assert inputs == f"[{written}]"
    assert set(kinds) <= {"value-type", "list-type"}


@pytest.mark.parametrize("type_", ["String", "int", "JsonArray", "'List[str]'"])
def test_a_parameter_type_stays(type_: str) -> None:
    assert _ports(f"[{{name: x, type: {type_}}}]", "[{inputValue: x}]")[2] == []


@pytest.mark.parametrize("type_", ["CSV", "{GCSPath: {data_type: CSV}}", "Dataset"])
def test_an_artifact_that_is_passed_by_path_stays(type_: str) -> None:
    assert _ports(f"[{{name: x, type: {type_}}}]", "[{inputPath: x}]")[2] == []


def test_a_parameter_that_is_passed_by_path_loses_its_type() -> None:
    inputs, _, kinds = _ports("[{name: x, type: JsonObject, description: d}]", "[{inputPath: x}]")
    assert inputs == "[{name: x, annotations: {kfp1_type: JsonObject}, description: d}]"
    assert kinds == ["artifact-type"]
    inputs, _, _ = _ports("[{name: x, type: int, annotations: {a: b}}]", "[{inputUri: x}]")
    assert inputs == "[{name: x, annotations: {a: b, kfp1_type: int}}]"


def test_an_input_that_is_passed_in_both_ways_is_left() -> None:
    why = "the input 'x' is passed by value and by path, and KFP 2 allows one of them"
    assert left(contract("[{name: x}]", "[{inputValue: x}, {inputPath: x}]")) == [("value-and-path", 2, why)]


def test_the_list_type_of_an_artifact_goes() -> None:
    assert _ports("[{name: x, type: [CSV, TSV]}]", "[{inputPath: x}]")[0] == "[{name: x}]"
    assert _ports("[]", "[{outputPath: x}]", "[{name: x, type: {}}]")[1] == "[{name: x}]"


def test_outputs_change_with_the_inputs_that_take_them_by_value() -> None:
    taker = contract("[{name: x, type: URI}]", "[{inputValue: x}]")
    _, outputs, kinds = _ports("[]", "[{outputPath: y}]", "[{name: y, type: URI}]", (taker,))
    assert outputs == "[{name: y, type: String, annotations: {kfp1_type: URI}}]"
    assert kinds == ["output-type"]


def test_outputs_change_after_the_inputs_too() -> None:
    taker = migrated(contract("[{name: x, type: URI}]", "[{inputValue: x}]")).new.text
    assert _ports("[]", "[{outputPath: y}]", "[{name: y, type: URI}]", (taker,))[2] == ["output-type"]


@pytest.mark.parametrize(
    ("args", "taken"),
    [("[{outputPath: y}]", "inputPath"), ("[{outputUri: y}]", "inputValue")],
)
def test_outputs_that_are_files_stay(args: str, taken: str) -> None:
    around = (
        contract("[{name: x, type: URI}]", "[{inputValue: x}]"),
        contract("[{name: x, type: URI}]", f"[{{{taken}: x}}]"),
    )
    assert _ports("[]", args, "[{name: y, type: URI}]", around)[2] == []


def test_an_output_with_a_structure_of_a_parameter_type_gets_the_type() -> None:
    _, outputs, kinds = _ports("[]", "[{outputPath: y}]", "[{name: y, type: {Integer: {}}}]")
    assert outputs == "[{name: y, type: Integer, annotations: {kfp1_type: {Integer: {}}}}]"
    assert kinds == ["output-type"]


def test_evidence_is_by_name_and_about_types_that_kfp_2_does_not_know() -> None:
    text = contract(
        "[{name: a, type: URI}, {name: b, type: {CSV: {d: e}}}, {name: c, type: Integer}, {name: d}]",
        "[{inputValue: a}, {inputPath: b}, {inputValue: c}, {inputValue: d}]",
    )
    known = evidence([parse_document(text, PATH).spec])
    assert known == Evidence(frozenset({"URI"}), frozenset({"CSV"}))
    assert known.is_text("URI")
    assert not known.is_text("CSV")
    assert not known.is_text("Other")


@pytest.mark.parametrize(
    ("type_", "name"),
    [("CSV", "CSV"), ('{"CSV":{"a":"b"}}', "CSV"), ('["CSV"]', "CSV"), ("{}", ""), ("{nope", "{nope")],
)
def test_the_name_of_a_type(type_: str, name: str) -> None:
    assert type_name(type_) == name
