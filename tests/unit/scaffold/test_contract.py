"""The tables in a README."""

from pathlib import Path

import pytest

from toolkit.config import read_project
from toolkit.errors import InputError
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.scaffold.contract import interface_block, stale_files, with_block
from toolkit.scaffold.new import Wanted, from_example

INTERFACE = Interface(
    inputs=(
        Input(
            name="mode", type="String", kind=Kind.PARAMETER, default="a", choices=("a", "b"), description="How | what."
        ),
        Input(name="parts", type="Dataset", kind=Kind.ARTIFACT, many=True, optional=True),
    ),
    outputs=(Output(name="n", type="Integer", kind=Kind.PARAMETER),),
)


def test_tables() -> None:
    assert interface_block({"one": INTERFACE}).splitlines() == [
        "<!-- comp:interface -->",
        "",
        "| input | type | kind | default | description |",
        "|---|---|---|---|---|",
        "| `mode` | String | value | `a` | How \\| what. One of `a`, `b`. |",
        "| `parts` | list of Dataset | artifact | optional |  |",
        "",
        "| output | type | kind | description |",
        "|---|---|---|---|",
        "| `n` | Integer | value |  |",
        "",
        "<!-- /comp:interface -->",
    ]


def test_a_readme_without_markers_is_left_alone() -> None:
    assert with_block("# A\n", "x") == "# A\n"
    assert with_block("a <!-- comp:interface --> b <!-- /comp:interface --> c", "x") == "a x c"


def _readme(folder: Path) -> Path:
    return from_example(Wanted(name="count", into=folder)).folder / "README.md"


def test_a_readme_keeps_its_line_ends(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    readme.write_bytes(readme.read_bytes().replace(b"\n", b"\r\n"))
    assert stale_files(read_project(readme.parent)) == {}
    fresh = readme.read_bytes()
    readme.write_bytes(fresh.replace(b"required", b"whatever"))
    assert stale_files(read_project(readme.parent)) == {readme: fresh.decode()}


def test_a_readme_without_markers_may_have_any_encoding(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    for data in (b"caf\xe9\r\n", "café\n".encode("utf-16")):
        readme.write_bytes(data)
        assert stale_files(read_project(readme.parent)) == {}


def test_a_readme_with_markers_has_to_be_utf_8(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    size = readme.stat().st_size
    readme.write_bytes(readme.read_bytes() + b"caf\xe9\n")
    with pytest.raises(InputError, match=f"not UTF-8 text: byte {size + 3} is 0xe9") as caught:
        stale_files(read_project(readme.parent))
    assert "save it as UTF-8" in (caught.value.hint or "")
