"""Where packages come from if not from an index."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import component
from tests.projects import project
from toolkit.errors import InputError
from toolkit.requirements.project_sources import local_projects, may_name_sources, source_digests


def test_projects_are_followed_by_path_and_workspace(tmp_path: Path) -> None:
    top = tmp_path / "top"
    source = 'b = { path = "../b", editable = true }\n'
    project(top / "packages" / "a", "a", project=f'dependencies = ["b", "six"]\n[tool.uv.sources]\n{source}')
    project(
        top / "packages" / "b", "b", project='dependencies = ["C_c"]\n[tool.uv.sources]\nc-c = { workspace = true }'
    )
    project(top / "packages" / "c", "c-c")
    project(top / "packages" / "skipped", "c-c")
    (top / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/skipped"]\n'
        "[tool.uv.sources]\na = { workspace = true }\nnumpy = { index = 'x' }\n"
        "[[tool.uv.index]]\nname = 'x'\nurl = 'https://example.com/simple'\n"
    )
    comp = component(top / "comp")
    found = local_projects(comp.pyproject, ("a>=1", "numpy", "elsewhere"), os.environ)
    assert found == {name: (top / "packages" / name[0]).resolve() for name in ("a", "b", "c-c")}
    comp.pyproject.write_text('[tool.uv.sources]\ngone = { path = "../gone" }\nno = { workspace = true }\n')
    with pytest.raises(InputError, match=r"where there is no pyproject\.toml"):
        local_projects(comp.pyproject, ("gone",), os.environ)
    with pytest.raises(InputError, match="which has no such member"):
        local_projects(comp.pyproject, ("no",), os.environ)


def test_a_component_of_an_index_alone_names_no_sources(tmp_path: Path) -> None:
    comp = replace(component(tmp_path / "top" / "comp"), dependencies=("alpha",))
    assert not may_name_sources(comp)
    assert source_digests(comp, os.environ) == {}
    assert may_name_sources(replace(comp, dependencies=("alpha @ https://example.com/alpha-1.0.tar.gz",)))
    assert may_name_sources(replace(comp, requirements=tmp_path / "requirements.txt"))
    # A workspace's sources count for its members; uv reads its other settings by itself.
    (tmp_path / "top" / "pyproject.toml").write_text("[tool.uv]\nno-index = true\n")
    assert not may_name_sources(comp)
    (tmp_path / "top" / "pyproject.toml").write_text("[tool.uv.sources]\nbeta = { path = 'beta' }\n")
    assert may_name_sources(comp)


def test_all_that_decides_beside_the_settings_has_a_digest(tmp_path: Path) -> None:
    near = project(tmp_path / "near", "near")
    (tmp_path / "requirements.txt").write_text("alpha==1.0\n")
    comp = component(tmp_path / "comp")
    far = 'far = { url = "https://ann:hush@example.com/far-1.0.tar.gz" }'
    comp.pyproject.write_text(f'[tool.uv.sources]\nnear = {{ path = "../near" }}\n{far}\n')
    comp = replace(comp, dependencies=("near", "far"), requirements=tmp_path / "requirements.txt")
    before = source_digests(comp, os.environ)
    assert before.keys() == {"near", "sources", "requirements"}
    (near / "new.py").touch()
    (tmp_path / "requirements.txt").write_text("alpha==2.0\n")
    after = source_digests(comp, os.environ)
    assert {name for name in before if before[name] != after[name]} == {"near", "requirements"}
    comp.pyproject.write_text(comp.pyproject.read_text().replace("ann:hush@", "ann:other@"))
    assert source_digests(comp, os.environ) == after
