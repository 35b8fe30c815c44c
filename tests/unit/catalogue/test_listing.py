import json

from tests.catalogues import entry
from toolkit.catalogue.listing import (
    by_shard,
    example_searches,
    facets_of,
    json_in_html,
    row_of,
    settings,
    shard,
    shard_count,
    shard_of,
    shown_first,
)

TRAIN = entry("ml/train", takes=("Dataset", "Float"), gives=("Model",), tags=("sklearn",), authors=("Ada",))
OLD = entry("ml/old", gives=("Model",), deprecated="slow")


def test_a_row_shows_the_types_that_say_something() -> None:
    row = row_of(TRAIN)
    assert [type_ for type_, _ in row.inputs] == ["Dataset"]
    assert [type_ for type_, _ in row_of(entry("a/b", takes=("Integer", "Float"))).inputs] == ["Integer"]
    assert row.text == "Does ml/train."


def test_data_files_are_calls_with_the_components() -> None:
    text = shard(3, [TRAIN, OLD]).decode()
    assert text.startswith("compCatalogue(3,[")
    rows = json.loads(text.removeprefix("compCatalogue(3,").removesuffix(");\n"))
    assert rows[0][:2] == ["ml/train", "1.0.0"]
    assert rows[0][4] == "dataset\tDataset\nfloat\tFloat"
    assert [row[9] for row in rows] == [0, 1]


def test_no_name_of_a_port_can_break_a_line_of_the_data() -> None:
    row = json.loads(shard(0, [entry("a/b", takes=("A\tB\nC",))]).decode()[len("compCatalogue(0,") : -3])[0]
    assert row[4].count("\t") == 1
    assert row[4].count("\n") == 0


def test_a_component_stays_in_its_data_file_when_others_come() -> None:
    entries = [entry(f"a/c{number}") for number in range(300)]
    count = shard_count(300)
    assert count == 2
    assert {number: len(part) > 100 for number, part in by_shard(entries)} == {0: True, 1: True}
    assert all(shard_of(each.name, count) == number for number, part in by_shard(entries) for each in part)


def test_there_are_more_data_files_for_more_components() -> None:
    assert [shard_count(number) for number in (0, 1, 160, 161, 10_000)] == [1, 1, 1, 2, 64]


def test_the_settings_count_what_the_list_shows() -> None:
    found = json.loads(settings([TRAIN, OLD], facets_of([TRAIN]), ["0123456789"], 1000))
    assert (found["total"], found["listed"], found["eager"]) == (2, 1, True)
    assert found["facets"]["produces"] == [["Model", 1]]
    assert found["facets"]["accepts"] == [["Dataset", 1], ["Float", 1]]
    assert found["facets"]["owner"] == [["Ada", 1]]
    assert not json.loads(settings([TRAIN], {}, ["0"], 10_000_000))["eager"]
    assert shown_first([TRAIN, OLD]) == [TRAIN]


def test_examples_are_of_types_that_say_something() -> None:
    assert example_searches(facets_of([TRAIN])) == ["produces:Model", "accepts:Dataset", "tag:sklearn"]
    assert example_searches(facets_of([entry("a/b", gives=("Big Table",))])) == ['produces:"Big Table"']
    assert example_searches(facets_of([])) == []


def test_data_in_a_page_cannot_end_its_element() -> None:
    text = json_in_html({"a": "</script><!--<script>&"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!--<script>&"}
