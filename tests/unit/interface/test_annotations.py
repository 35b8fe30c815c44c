"""Annotations of artifacts, paths and open files."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.functions import read_below_classes, read_code
from toolkit.interface.model import Binding, Input, Kind, Output, Passing


@pytest.mark.parametrize(
    ("written", "port", "type_", "passing"),
    [
        ("x: Input[Dataset]", "x", "Dataset", Passing.ARTIFACT),
        ("x: 'Input[Dataset]'", "x", "Dataset", Passing.ARTIFACT),
        ("x: Input['Dataset']", "x", "Dataset", Passing.ARTIFACT),
        ("x: Dataset", "x", "Dataset", Passing.ARTIFACT),
        ("x: dsl.Input[dsl.HTML]", "x", "HTML", Passing.ARTIFACT),
        ("x: d.Input[d.Markdown]", "x", "Markdown", Passing.ARTIFACT),
        ("x: t.Input[t.SlicedClassificationMetrics]", "x", "SlicedClassificationMetrics", Passing.ARTIFACT),
        ("x: InputPath('CSV')", "x", "CSV", Passing.PATH),
        ("x: InputPath(Dataset)", "x", "Dataset", Passing.PATH),
        ("x: InputPath()", "x", "Artifact", Passing.PATH),
        ("table_path: InputPath('CSV')", "table", "CSV", Passing.PATH),
        ("table_file: InputPath('CSV')", "table", "CSV", Passing.PATH),
        ("table_file_path: InputPath('CSV')", "table", "CSV", Passing.PATH),
        ("table_path: components.InputPath('CSV')", "table", "CSV", Passing.PATH),
        ("table_path: dsl.InputPath('CSV')", "table_path", "CSV", Passing.PATH),
        ("table_path: t.InputPath('CSV')", "table_path", "CSV", Passing.PATH),
        ("table_file: components.InputTextFile('CSV')", "table", "CSV", Passing.FILE),
        ("table_path: components.InputTextFile('CSV')", "table_path", "CSV", Passing.FILE),
        ("x: components.InputBinaryFile()", "x", "Artifact", Passing.FILE),
        ("x: Table", "x", "Dataset", Passing.ARTIFACT),
        ("x: Input[Weights]", "x", "google.VertexModel", Passing.ARTIFACT),
        ("x: Input[Plain]", "x", "Model", Passing.ARTIFACT),
        ("x: Input[VertexDataset]", "x", "google.VertexDataset", Passing.ARTIFACT),
        ("x: Input[artifact_types.UnmanagedContainerModel]", "x", "google.UnmanagedContainerModel", Passing.ARTIFACT),
    ],
)
def test_input_artifact(tmp_path: Path, written: str, port: str, type_: str, passing: Passing) -> None:
    function = read_code(tmp_path, f"def f({written}): ...")
    assert function.interface.inputs == (Input(name=port, type=type_, kind=Kind.ARTIFACT),)
    (binding,) = function.bindings
    expected = Binding(parameter=written.partition(":")[0], port=port, output=False, passing=passing)
    assert replace(binding, mode="") == expected


@pytest.mark.parametrize(
    ("written", "type_", "kind", "passing"),
    [
        ("Output[Model]", "Model", Kind.ARTIFACT, Passing.ARTIFACT),
        ("t.Output[t.Metrics]", "Metrics", Kind.ARTIFACT, Passing.ARTIFACT),
        ("OutputPath('CSV')", "CSV", Kind.ARTIFACT, Passing.PATH),
        ("OutputPath(Model)", "Model", Kind.ARTIFACT, Passing.PATH),
        ("OutputPath(int)", "Integer", Kind.PARAMETER, Passing.PATH),
        ("OutputPath('Integer')", "Integer", Kind.PARAMETER, Passing.PATH),
    ],
)
def test_output_parameter(tmp_path: Path, written: str, type_: str, kind: Kind, passing: Passing) -> None:
    function = read_code(tmp_path, f"def f(x: {written}): ...")
    assert function.interface.outputs == (Output(name="x", type=type_, kind=kind),)
    assert function.bindings == (Binding(parameter="x", port="x", output=True, passing=passing),)


@pytest.mark.parametrize("written", ["Input[List[Dataset]]", "List[Dataset]", "Input[list[Dataset]]"])
def test_a_list_of_artifacts(tmp_path: Path, written: str) -> None:
    function = read_below_classes(tmp_path, f"def f(x: {written}): ...")
    assert function.interface.inputs == (Input(name="x", type="Dataset", kind=Kind.ARTIFACT, many=True),)
    assert function.bindings[0].passing is Passing.ARTIFACT


@pytest.mark.parametrize(
    ("written", "type_", "kind", "mode"),
    [
        ("OutputTextFile('CSV')", "CSV", Kind.ARTIFACT, "w"),
        ("OutputBinaryFile('CSV')", "CSV", Kind.ARTIFACT, "wb"),
        ("OutputTextFile(int)", "Integer", Kind.PARAMETER, "w"),
    ],
)
def test_an_open_file(tmp_path: Path, written: str, type_: str, kind: Kind, mode: str) -> None:
    function = read_below_classes(tmp_path, f"def f(x_file: {written}): ...")
    assert function.interface.outputs == (Output(name="x", type=type_, kind=kind),)
    assert (function.bindings[0].passing, function.bindings[0].mode) == (Passing.FILE, mode)


def test_annotated_describes_what_the_docstring_does_not(tmp_path: Path) -> None:
    function = read_below_classes(
        tmp_path,
        '''
        def f(a: Annotated[int, "Here."], b: Annotated[int, "Here."], c: Annotated[Input[Dataset], "A table."]):
            """Do it.

            Args:
                b: There.
            """
        ''',
    )
    assert [port.description for port in function.interface.inputs] == ["Here.", "There.", "A table."]
