"""A run of a program of its own: one artifact in, one out."""

from pathlib import Path

import pytest

from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.runners.protocol import Run
from toolkit.spec.model import ComponentSpec, Container, PortPlaceholder


@pytest.fixture
def copying(tmp_path: Path) -> Run:
    """Copy a table."""
    spec = ComponentSpec(
        name="copy",
        description="",
        interface=Interface(
            inputs=(Input(name="table", type="TSV", kind=Kind.ARTIFACT),),
            outputs=(Output(name="copy", type="TSV", kind=Kind.ARTIFACT),),
        ),
        implementation=Container(
            image="copy:1",
            command=("cp", PortPlaceholder(kind="inputPath", port="table")),
            args=(PortPlaceholder(kind="outputPath", port="copy"),),
        ),
    )
    (tmp_path / "table.tsv").write_text("a\tb\n")
    return Run(
        spec=spec,
        image="copy:1",
        values={},
        artifacts={"table": tmp_path / "table.tsv"},
        outputs={"copy": tmp_path / "wanted" / "copy"},
    )
