"""Notebooks enter an image without what running them left."""

import json
from pathlib import Path

import pytest

from toolkit.builders.code import read_code
from toolkit.builders.ignore import read_patterns
from toolkit.errors import InputError


def _notebook(*, run: bool) -> str:
    cell = {
        "cell_type": "code",
        "execution_count": 7 if run else None,
        "metadata": {"tags": ["parameters"], **({"execution": {"iopub.status.busy": "2024"}} if run else {})},
        "outputs": [{"output_type": "stream", "name": "stdout", "text": ["the password is hunter2\\n"]}] if run else [],
        "source": ["print('é')"],
    }
    metadata = {"kernelspec": {"name": "python3"}, **({"widgets": {"state": {"a": "hunter2"}}} if run else {})}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def _in_the_image(folder: Path, text: str) -> bytes:
    (folder / "a.ipynb").write_text(text)
    (file,) = read_code(folder, into="app").files
    return b"".join(file.chunks())


def test_a_notebook_that_ran_is_the_one_that_did_not(tmp_path: Path) -> None:
    data = _in_the_image(tmp_path, _notebook(run=True))
    assert b"hunter2" not in data
    assert json.loads(data) == json.loads(_notebook(run=False))
    assert data == _in_the_image(tmp_path, _notebook(run=False))


def test_the_old_form(tmp_path: Path) -> None:
    cell = {"cell_type": "code", "input": ["1"], "outputs": [{"text": ["hunter2"]}], "prompt_number": 1}
    data = _in_the_image(tmp_path, json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}))
    assert json.loads(data)["worksheets"] == [{"cells": [{"cell_type": "code", "input": ["1"], "outputs": []}]}]


@pytest.mark.parametrize("text", ["", "5", "[]", '{"cells": 5, "metadata": 5}', '{"cells": [{"metadata": 5}, 5]}'])
def test_odd_notebooks(tmp_path: Path, text: str) -> None:
    assert _in_the_image(tmp_path, text).decode().split() == "".join(text).split() or json.loads(text) is not None


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_what_is_not_a_notebook_is_refused_unless_it_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="not a notebook, so its outputs cannot be taken out"):
        _in_the_image(tmp_path, text)
    (file,) = read_code(tmp_path, into="app", patterns=read_patterns(tmp_path, include=["a.ipynb"])).files
    assert file.content == text.encode()
