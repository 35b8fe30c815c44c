"""The tables in a README."""

from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.scaffold.contract import interface_block, with_block

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
