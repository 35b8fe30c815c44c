"""A YAML file with the inputs of a pipeline."""

from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.pipelines.input_file import read_inputs


def test_values_are_texts_and_paths_start_at_the_file(tmp_path: Path) -> None:
    path = tmp_path / "inputs.yaml"
    path.write_text(
        'n: 3\ntext: a b\n"yes": true\nitems: [1, a]\ndata: {path: data.csv}\nleft-out: null\nmore: {path: a, b: c}\n'
    )
    assert read_inputs(path) == {
        "n": "3",
        "text": "a b",
        "yes": "true",
        "items": '[1, "a"]',
        "data": str(tmp_path / "data.csv"),
        "more": '{"path": "a", "b": "c"}',
    }


@pytest.mark.parametrize("text", ["", "- 1\n", "3\n", "1: x\n", "a: [1\n", "a: *b\n"])
def test_what_is_not_a_mapping_by_name_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "inputs.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_inputs(path)
    assert caught.value.where is not None
    assert caught.value.where.path == path
    assert "[C0" not in caught.value.message, "the id of a rule for contracts"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the file is missing") as caught:
        read_inputs(tmp_path / "missing.yaml")
    assert caught.value.where is not None
    assert caught.value.where.path == tmp_path / "missing.yaml"
