"""What a program gets as `{{$}}`, and what is read of its report."""

import json
import os
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.interface.model import Interface
from toolkit.runners.executor import executor_input, make_report_folder, read_report
from toolkit.runners.protocol import ArtifactItem, Call, Run
from toolkit.spec.model import ComponentSpec, Container

CALL = Call(
    parameters={"n": 3, "text": "ä"},
    artifacts={
        "data": (ArtifactItem(name="data", schema="system.Dataset", metadata={"rows": 2}),),
        "many": (
            ArtifactItem(name="many/0", schema="system.Model"),
            ArtifactItem(name="many/1", schema="system.Model"),
        ),
    },
    outputs={"model": "system.Model"},
)


def test_the_executor_input_has_the_paths_of_the_container() -> None:
    inputs = {"data": "/in/0", "many/0": "/in/1", "many/1": "/in/2"}
    given = json.loads(executor_input(CALL, "/work", inputs, {"model": "/out/0", "Output": "/out/1"}))
    assert given["inputs"]["parameterValues"] == {"n": 3, "text": "ä"}
    (data,) = given["inputs"]["artifacts"]["data"]["artifacts"]
    type_ = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
    assert data == {"name": "data", "uri": "/in/0", "metadata": {"rows": 2}, "type": type_}
    assert [each["uri"] for each in given["inputs"]["artifacts"]["many"]["artifacts"]] == ["/in/1", "/in/2"]
    assert given["outputs"]["parameters"] == {"Output": {"outputFile": "/out/1"}}
    assert given["outputs"]["artifacts"]["model"]["artifacts"][0]["uri"] == "/out/0"
    assert given["outputs"]["outputFile"].startswith("/work/")


def test_inputs_too_long_for_a_command_line_are_refused_by_name() -> None:
    call = Call(parameters={"short": 1, "long": "x" * 200_000}, artifacts={}, outputs={})
    with pytest.raises(InputError, match="the inputs together are longer than") as caught:
        executor_input(call, "/work", {}, {})
    assert "make 'long' an artifact" in (caught.value.hint or "")


@pytest.fixture
def run() -> Run:
    spec = ComponentSpec(name="f", description="", interface=Interface(), implementation=Container(image=""))
    return Run(spec=spec, image="", values={}, artifacts={}, outputs={}, call=CALL)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    make_report_folder(tmp_path)
    return tmp_path / "report" / "executor_output.json"


def test_a_report_is_read(run: Run, report: Path, tmp_path: Path) -> None:
    assert read_report(tmp_path, run) == {}
    report.write_text('{"parameterValues": {"Output": 3}}')
    assert read_report(tmp_path, run) == {"parameterValues": {"Output": 3}}


@pytest.mark.parametrize("text", ["[]", "{", "[" * 100_000, "\xff"])
def test_a_report_that_is_not_one_is_refused(run: Run, report: Path, tmp_path: Path, text: str) -> None:
    report.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="is not a JSON object"):
        read_report(tmp_path, run)


def test_a_report_is_not_read_through_a_link(run: Run, report: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('{"parameterValues": {"password": "x"}}')
    report.symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="is not a JSON object"):
        read_report(tmp_path, run)
    report.unlink()
    report.mkdir()
    with pytest.raises(InputError, match="a folder"):
        read_report(tmp_path, run)
    report.rmdir()
    os.mkfifo(report)
    with pytest.raises(InputError):
        read_report(tmp_path, run)
