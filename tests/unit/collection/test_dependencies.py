from pathlib import Path

import pytest

from toolkit.collection.dependencies import members_inside
from toolkit.collection.workspace import read_members
from toolkit.errors import InputError


def component(folder: Path, *requires: str, entry: str = '[tool.comp]\nentrypoint = "a:b"\n') -> Path:
    folder.mkdir(exist_ok=True)
    sources = "".join(f'{name} = {{ path = "../{name}" }}\n' for name in requires)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{folder.name}"\nversion = "1"\ndependencies = {list(requires)}\n'
        f"{entry}[tool.uv.sources]\n{sources}"
    )
    return folder


def test_members_inside_others(tmp_path: Path) -> None:
    component(tmp_path / "library", "c", entry="")
    folders = [component(tmp_path / "a", "library", "b"), component(tmp_path / "b"), component(tmp_path / "c")]
    broken = component(tmp_path / "broken", "missing")
    inside = members_inside(read_members([*folders, broken], {}), {})
    assert inside == {tmp_path / "a": {tmp_path / "b", tmp_path / "c"}}


def test_packages_that_require_one_another_are_no_fault(tmp_path: Path) -> None:
    component(tmp_path / "x", "y", entry="")
    component(tmp_path / "y", "x", entry="")
    assert members_inside(read_members([component(tmp_path / "a", "x")], {}), {}) == {}


def test_a_cycle(tmp_path: Path) -> None:
    component(tmp_path / "library", "a", entry="")
    folders = [component(tmp_path / "a", "b"), component(tmp_path / "b", "library"), component(tmp_path / "c", "a")]
    with pytest.raises(
        InputError, match=r"components contain one another, by their local dependencies: a, b$"
    ) as caught:
        members_inside(read_members(folders, {}), {})
    assert str(caught.value.where) == f"{tmp_path}/a/pyproject.toml:4:1"
    assert caught.value.hint
