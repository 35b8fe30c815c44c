"""The files of a component itself, by what they decide."""

import posixpath

import pytest

from tests.changed_components import CONTRACT, after, reasons, settings
from tests.repositories import Repo
from toolkit.collection.own_changes import Kind, Reason


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("src/code.py", "x = 1\n", "code"),
        ("src/more.py", "x = 1\n", "code"),
        ("src/code.py", None, "code"),
        ("component.yaml", CONTRACT.format(image="none") + "description: x\n", "contract"),
        ("component.yaml", None, "contract"),
        ("component.yaml", "not: [yaml", "contract"),
        ("requirements.lock", "# another\n", "lock"),
        ("tests/cases/one/case.yaml", "inputs: {x: 1}\n", "tests"),
        (".dockerignore", "x\n", "settings"),
        ("uv.toml", "offline = true\n", "settings"),
        (".comp/scaffold.json", "{}", "template"),
        ("pyproject.toml", settings("a", comp='user = "1"'), "settings"),
        ("pyproject.toml", settings("a", requires='"pandas"'), "settings"),
        ("pyproject.toml", settings("a") + "not TOML", "unreadable"),
    ],
)
def test_a_file_of_one_component(repo: Repo, path: str, content: str | None, reason: str) -> None:
    assert after(repo, {f"steps/a/{path}": content}) == {"steps/a": [reason]}


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("README.md", "# Other\n"),
        ("LICENSE", "x"),
        (".hidden", "x"),
        ("notes.txt", "beside src"),
        ("src/__pycache__/code.cpython-311.pyc", b"\0"),
        ("src/code.py~", "an editor's copy"),
        ("pyproject.toml", "# a comment\n" + settings("a") + '\n[tool.ruff]\nselect = ["ALL"]\n'),
        # A push pins it.
        ("component.yaml", CONTRACT.format(image=f"registry.example/a@sha256:{'0' * 64}")),
    ],
)
def test_what_decides_nothing_is_no_change(repo: Repo, path: str, content: str | bytes) -> None:
    assert after(repo, {f"steps/a/{path}": content}) == {}


def test_settings_choose_which_files_are_code(repo: Repo) -> None:
    repo.commit({"steps/a/pyproject.toml": settings("a", comp='exclude = ["src/data"]'), "steps/a/src/data/x": "1"})
    assert after(repo, {"steps/a/src/data/x": "2", "steps/a/src/data/y": "2"}) == {}
    repo.commit({"steps/a/src/code.py": None})
    assert reasons(repo, "HEAD~1") == {"steps/a": ["code"]}


def test_outputs_of_a_notebook_are_no_change(repo: Repo) -> None:
    cell = '{"cell_type": "code", "source": "%s", "metadata": {}, "outputs": %s, "execution_count": null}'
    notebook = '{"cells": [%s], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    repo.commit({"steps/a/src/n.ipynb": notebook % (cell % ("x", "[]"))})
    output = '[{"output_type": "stream", "name": "stdout", "text": "1"}]'
    assert after(repo, {"steps/a/src/n.ipynb": notebook % (cell % ("x", output))}) == {}
    assert after(repo, {"steps/a/src/n.ipynb": notebook % (cell % ("y", output))}) == {"steps/a": ["code"]}


def test_files_that_became_links_to_a_device_are_changes(repo: Repo) -> None:
    repo.commit({"steps/a/component.yaml": "name: a\n", "steps/a/src/n.ipynb": '{"cells": []}'})
    for name in ("component.yaml", "src/n.ipynb"):
        path = repo.folder / "steps" / "a" / name
        path.unlink()
        path.symlink_to("/dev/zero")
    found = reasons(repo)
    assert found.keys() == {"steps/a"}
    assert "contract" in found["steps/a"]


def test_several_reasons_each_once(repo: Repo) -> None:
    files: dict[str, str | bytes | None] = {"steps/a/src/x.py": "", "steps/a/src/y.py": "", "steps/a/tests/z": ""}
    assert after(repo, files) == {"steps/a": ["code", "tests"]}


def test_the_folder_of_tests_is_the_one_beside_the_code(repo: Repo) -> None:
    assert after(repo, {"steps/a/src/tests_of_x.py": "", "steps/b/tests.txt": ""}) == {"steps/a": ["code"]}
    # At the top of the code as well, such a folder stays out of the image.
    repo.commit()
    assert after(repo, {"steps/a/src/tests/x.py": ""}) == {}
    assert after(repo, {"steps/a/src/package/tests/x.py": ""}) == {"steps/a": ["code"]}


def test_an_image_that_a_push_pins_hides_no_other_change_of_a_contract(repo: Repo) -> None:
    pinned = CONTRACT.format(image=f"registry.example/a@sha256:{'0' * 64}")
    assert after(repo, {"steps/a/component.yaml": f"{pinned}description: x\n"}) == {"steps/a": ["contract"]}
    # Two that cannot be pinned may differ in anything.
    repo.commit({"steps/a/component.yaml": "name: a\n"})
    assert after(repo, {"steps/a/component.yaml": "name: a\n# x\n"}) == {"steps/a": ["contract"]}


def test_a_notebook_that_is_damaged_or_was_is_a_change(repo: Repo) -> None:
    repo.commit({"steps/a/src/n.ipynb": '{"cells": []}'})
    assert after(repo, {"steps/a/src/n.ipynb": '{"cells": ['}) == {"steps/a": ["code"]}
    repo.commit()
    assert after(repo, {"steps/a/src/n.ipynb": '{"cells": []}'}) == {"steps/a": ["code"]}
    # Another layout of the same cells.
    repo.commit()
    assert after(repo, {"steps/a/src/n.ipynb": '{\n "cells": []\n}\n'}) == {}


def test_reasons_are_written_with_what_they_are_about() -> None:
    assert str(Reason(kind=Kind.CODE)) == "code"
    assert str(Reason(kind=Kind.DEPENDENCY, detail="lib")) == "local dependency lib"
    assert str(Reason(kind=Kind.BASE, detail="python:3")) == "base moved: python:3"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Dockerfile", {"tools/d": ["code"]}),
        ("src/run.R", {"tools/d": ["code"]}),
        ("left-out.txt", {}),
        (".dockerignore", {"tools/d": ["settings"]}),
        ("component.yaml", {"tools/d": ["contract"]}),
        ("../lib/shared.R", {"tools/d": ["code"]}),
        ("../../elsewhere", {}),
    ],
)
def test_a_file_of_a_component_with_a_dockerfile(repo: Repo, path: str, expected: dict[str, list[str]]) -> None:
    repo.commit(
        {
            "tools/d/pyproject.toml": '[project]\nname = "d"\nversion = "1"\n[tool.comp]\n'
            'dockerfile = "Dockerfile"\ncontext = ".."\n',
            "tools/d/component.yaml": CONTRACT.format(image="none"),
            "tools/d/Dockerfile": "FROM scratch\nCOPY . /\n",
            "tools/.dockerignore": "d/left-out.txt\n",
        }
    )
    assert after(repo, {posixpath.normpath(f"tools/d/{path}"): "changed: 1\n"}) == expected
