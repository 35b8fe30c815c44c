"""Schemas in a repository, and the headers that name them."""

import json
from pathlib import Path

import pytest

from toolkit.errors import InputError
from toolkit.scaffold.schemas import FOLDER, SCHEMAS, add_headers, install, schema_text

FUNCTION = '[project]\nname = "a"\nversion = "1"\n[tool.comp]\nentrypoint = "a:a"\n'
PROGRAM = FUNCTION.replace('entrypoint = "a:a"', 'command = ["a"]')


def _component(folder: Path, settings: str) -> Path:
    case = folder / "tests" / "cases" / "one" / "case.yaml"
    case.parent.mkdir(parents=True)
    case.write_text("inputs: {}\n")
    (folder / "component.yaml").write_text("name: a\n")
    (folder / "pyproject.toml").write_text(settings)
    return folder


def _headers(folder: Path) -> dict[str, str]:
    lines = {path.name: path.read_text().splitlines()[0] for path in folder.rglob("*") if path.is_file()}
    return {name: line for name, line in lines.items() if line.startswith("#")}


def test_files_are_installed_once(tmp_path: Path) -> None:
    written, settings = install(tmp_path)
    names = {path.relative_to(tmp_path).as_posix() for path in written}
    assert names == {
        ".comp/schemas/component.schema.json",
        ".comp/schemas/case.schema.json",
        ".comp/schemas/pyproject.schema.json",
        ".vscode/settings.json",
    }
    assert settings == ""
    patterns = json.loads((tmp_path / ".vscode" / "settings.json").read_text())["yaml.schemas"]
    assert {*patterns} < names
    assert install(tmp_path) == ([], "")
    (tmp_path / FOLDER / "case.schema.json").write_text("an older one")
    assert install(tmp_path)[0] == [tmp_path / FOLDER / "case.schema.json"]


def test_settings_of_the_user_stay(tmp_path: Path) -> None:
    editor = tmp_path / ".vscode" / "settings.json"
    editor.parent.mkdir()
    editor.write_text('{"a": 1} // mine')
    _, settings = install(tmp_path)
    assert editor.read_text() == '{"a": 1} // mine'
    assert "**/component.yaml" in json.loads(settings)["yaml.schemas"].values()
    editor.write_text('{"yaml.schemas": {}} // mine')
    assert install(tmp_path) == ([], "")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / ".comp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"component\.schema\.json would be written to .*, outside of"):
        install(tmp_path / "repository")
    (tmp_path / "repository" / ".comp").unlink()
    (tmp_path / "repository" / ".vscode").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="outside of"):
        install(tmp_path / "repository")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_headers_name_the_schemas_from_where_the_files_will_lie(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    install(tmp_path)
    staged = _component(tmp_path / "hidden" / "deeper" / "step", PROGRAM)
    add_headers(staged, tmp_path / "steps" / "step")
    assert _headers(staged) == {
        "pyproject.toml": "#:schema ../../.comp/schemas/pyproject.schema.json",
        "component.yaml": "# yaml-language-server: $schema=../../.comp/schemas/component.schema.json",
        "case.yaml": "# yaml-language-server: $schema=../../../../../.comp/schemas/case.schema.json",
    }


def test_a_generated_contract_has_no_header(tmp_path: Path) -> None:
    install(tmp_path)
    staged = _component(tmp_path / "step", FUNCTION)
    add_headers(staged, staged)
    assert sorted(_headers(staged)) == ["case.yaml", "pyproject.toml"]


def test_no_header_names_a_missing_file(tmp_path: Path) -> None:
    # Schemas above the repository are not the repository's.
    install(tmp_path)
    inner = tmp_path / "inner"
    (inner / ".git").mkdir(parents=True)
    staged = _component(inner / "step", PROGRAM)
    add_headers(staged, staged)
    assert _headers(staged) == {}
    install(inner)
    (inner / FOLDER / "case.schema.json").unlink()
    add_headers(staged, staged)
    assert sorted(_headers(staged)) == ["component.yaml", "pyproject.toml"]


def test_the_schema_of_pyproject_has_that_of_its_table() -> None:
    whole, table = (json.loads(schema_text(name)) for name in ("pyproject", "config"))
    comp = whole["properties"]["tool"]["properties"]["comp"]
    assert comp["properties"] == table["properties"]
    assert whole["$defs"].items() >= table["$defs"].items()
    assert all(schema_text(name) for name in SCHEMAS)
