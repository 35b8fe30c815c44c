"""Contracts and READMEs that are written from code and settings."""

from pathlib import Path

import pytest

from toolkit.config.project import read_project
from toolkit.declared.model import Declared
from toolkit.errors import InputError
from toolkit.generation import generate, interface_block, stale_files, with_block
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.scaffold.folder import NewFolder
from toolkit.scaffold.new import from_example
from toolkit.spec.declared import declared_of
from toolkit.spec.reader import read_component

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
    return from_example(NewFolder(name="count", into=folder), {}).folder / "README.md"


def test_a_readme_keeps_its_line_ends(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    readme.write_bytes(readme.read_bytes().replace(b"\n", b"\r\n"))
    assert stale_files(read_project(readme.parent, environ={}), {}) == {}
    fresh = readme.read_bytes()
    readme.write_bytes(fresh.replace(b"required", b"whatever"))
    assert stale_files(read_project(readme.parent, environ={}), {}) == {readme: fresh.decode()}


def test_a_readme_without_markers_may_have_any_encoding(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    for data in (b"caf\xe9\r\n", "café\n".encode("utf-16")):
        readme.write_bytes(data)
        assert stale_files(read_project(readme.parent, environ={}), {}) == {}


def test_a_readme_with_markers_has_to_be_utf_8(tmp_path: Path) -> None:
    readme = _readme(tmp_path)
    size = readme.stat().st_size
    readme.write_bytes(readme.read_bytes() + b"caf\xe9\n")
    with pytest.raises(InputError, match=f"not UTF-8 text: byte {size + 3} is 0xe9") as caught:
        stale_files(read_project(readme.parent, environ={}), {})
    assert "save it as UTF-8" in (caught.value.hint or "")


DECLARATIONS = """
[tool.comp.resources]
memory = "1Gi"

[tool.comp.env]
LEVEL = "info"

[tool.comp.secrets]
TOKEN = { secret = "api", key = "token" }
"""


def test_a_function_s_contract_carries_the_declarations_of_the_settings(tmp_path: Path) -> None:
    folder = _readme(tmp_path).parent
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text() + DECLARATIONS)
    [written] = generate(read_project(folder, environ={}), {})
    spec = read_component(written)
    assert spec.container.env == {"LEVEL": "info"}
    assert spec.annotations["comp.resources"] == '{"memory": "1Gi"}'
    assert spec.annotations["comp.env"] == '{"TOKEN": {"secret": "api", "key": "token"}}'
    assert stale_files(read_project(folder, environ={}), {}) == {}
    # They go with the settings.
    (folder / "pyproject.toml").write_text((folder / "pyproject.toml").read_text().replace(DECLARATIONS, ""))
    generate(read_project(folder, environ={}), {})
    assert declared_of(read_component(written)) == Declared()


def test_a_program_s_contract_gets_them_and_keeps_its_author_s_text(tmp_path: Path) -> None:
    text = (
        "name: A\n# of the author\nimplementation:\n  container:\n    image: a:1\n    command: [a]\n    env: {B: b}\n"
    )
    project = '[project]\nname = "a"\nversion = "1"\n[tool.comp]\ncommand = ["a"]\n'
    (tmp_path / "component.yaml").write_text(text)
    (tmp_path / "pyproject.toml").write_text(project + '[tool.comp.resources]\ncpu = 1\n[tool.comp.env]\nB = "c"\n')
    assert [path.name for path in generate(read_project(tmp_path, environ={}), {})] == ["component.yaml"]
    assert (tmp_path / "component.yaml").read_text() == (
        'name: A\n# of the author\nmetadata:\n  annotations:\n    comp.resources: \'{"cpu": "1"}\'\n'
        "implementation:\n  container:\n    image: a:1\n    command: [a]\n    env: {B: c}\n"
    )
    (tmp_path / "pyproject.toml").write_text(project)
    generate(read_project(tmp_path, environ={}), {})
    assert (tmp_path / "component.yaml").read_text() == text.replace("B: b", "B: c")


def test_a_graph_has_no_declarations(tmp_path: Path) -> None:
    (tmp_path / "component.yaml").write_text("name: A\nimplementation: {graph: {tasks: {}}}\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n[tool.comp]\ncommand = ["a"]\n')
    assert stale_files(read_project(tmp_path, environ={}), {}) == {}
