"""What paths, folders and globs stand for."""

import os
from pathlib import Path

import pytest

from tests.contracts import contract
from toolkit.collection.targets import Target, Targets, looks_like_a_contract, no_contract
from toolkit.errors import UsageError

CONTRACT = contract()
SETTINGS = '[project]\nname = "{}"\nversion = "1"\n\n[tool.comp]\ncommand = ["python", "x.py"]\n'


@pytest.fixture(autouse=True)
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(*names: str, text: str = CONTRACT) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


def component(name: str) -> None:
    write(f"{name}/component.yaml")
    write(f"{name}/pyproject.toml", text=SETTINGS.format(Path(name).name))


def found(*paths: str) -> list[str]:
    """Return what the paths stand for, a component's folder with a slash, as the linter takes it."""
    targets = Targets([Path(path) for path in paths], {})
    return [
        f"{target.path}/" if target.is_folder else str(target.path)
        for target in targets
        if not target.is_found or looks_like_a_contract(target.path)
    ]


def test_below_a_folder_every_contract_and_component_counts_once_in_order() -> None:
    write(
        "b/component.yaml",
        "b/other.yml",
        "a/z/train.component.yaml",
        "c.yaml",
        "b/README.md",
        "b/deep/er/component.yml",
    )
    component("a/comp")
    write("a/comp/components/further.yaml", "a/comp/tests/data/component.yaml")
    write("b/values.yaml", text="name: x\nspec: {implementation: 1}\n")
    expected = [
        "a/comp/",
        "a/comp/tests/data/component.yaml",
        "a/z/train.component.yaml",
        "b/component.yaml",
        "b/deep/er/component.yml",
        "b/other.yml",
        "c.yaml",
    ]
    assert found(".") == expected
    assert found(".", "b", "a/comp", "a/comp/component.yaml", str(Path("c.yaml").absolute())) == expected
    assert found("b/other.yml", "b")[:2] == ["b/other.yml", "b/component.yaml"]
    # The contracts of a component are linted with its settings.
    (target,) = [target for target in Targets([Path()], {}) if target.is_folder]
    assert target.near == (Path("a/comp/component.yaml"), Path("a/comp/components/further.yaml"))
    assert str(target) == "a/comp"


def test_a_component_stands_for_itself_alone() -> None:
    component("one")
    write("one/tests/data/component.yaml")
    assert list(Targets([Path("one")], {})) == [Target(path=Path("one"), is_folder=True)]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("components/**/component.yaml", ["components/a/component.yaml", "components/b/c/component.yaml"]),
        ("components/*/component.yaml", ["components/a/component.yaml"]),
        ("**/[a]*.yaml", ["components/a/a.yaml", "other/a.yaml"]),
        ("*/a", ["components/a/a.yaml", "components/a/component.yaml"]),
        ("oth?r", ["other/a.yaml"]),
        ("none/**", []),
        ("components/**/.hidden/*.yaml", []),
    ],
)
def test_a_glob_stands_for_the_files_and_folders_that_it_matches(pattern: str, expected: list[str]) -> None:
    write("components/a/component.yaml", "components/a/a.yaml", "components/b/c/component.yaml", "other/a.yaml")
    write("components/.hidden/component.yaml", "components/b/.hidden/x.yaml")
    write("components/b/note.txt", text="")
    assert found(pattern) == expected
    assert found(f"{Path.cwd()}/{pattern}") == [f"{Path.cwd()}/{name}" for name in expected]


def test_a_file_that_a_glob_names_is_linted_whatever_it_has() -> None:
    write("k8s/pod.yaml", text="kind: Pod\n")
    assert found("k8s/*.yaml") == ["k8s/pod.yaml"]


def test_a_name_with_the_signs_of_globs_is_a_name_if_it_exists() -> None:
    write("[a].yaml", "a.yaml")
    assert found("[a].yaml") == ["[a].yaml"]
    Path("[a].yaml").unlink()
    assert found("[a].yaml") == ["a.yaml"]
    with pytest.raises(UsageError, match="invalid glob"):
        found("[a.yaml")


def test_a_path_that_stands_for_what_another_one_did_is_known() -> None:
    write("a/component.yaml", "b/component.yaml")
    targets = Targets([Path("a"), Path("a/component.yaml"), Path("b"), Path("none")], {})
    assert [target.asked for target in targets] == [0, 2, 3]
    assert targets.repeated == {1}


def test_a_missing_file_is_a_target() -> None:
    assert found("missing.yaml") == ["missing.yaml"]


def test_a_file_with_several_names_counts_once() -> None:
    write("a/component.yaml")
    Path("b").mkdir()
    Path("b/component.yaml").symlink_to("../a/component.yaml")
    assert found(".") == ["a/component.yaml"]
    assert found("b/../a/component.yaml", "b/component.yaml") == ["b/../a/component.yaml"]


@pytest.mark.parametrize(
    ("name", "text", "counts"),
    [
        ("component.yaml", "", True),
        ("component.yaml", "nmae: x\n", True),
        ("component.yaml", "apiVersion: dapr.io/v1alpha1\nkind: Component\n", False),
        ("component.yaml", "pipelineInfo: {name: x}\nschemaVersion: 2.1.0\n", False),
        ("component.yaml", "kind: x\nimplementation: {container: {image: x}}\n", True),
        ("train.component.yml", "{[", True),
        ("train.yaml", CONTRACT, True),
        ("train.yaml", "{name: a, implementation: {}}", False),
        ("train.yaml", '{"implementation": {}}', True),
        ("train.yaml", "tasks:\n  implementation:\n    container: 1\n", False),
        ("train.yaml", "", False),
        ("notcomponent.yaml", "", False),
    ],
)
def test_a_contract_is_known_by_its_name_or_its_keys(name: str, text: str, *, counts: bool) -> None:
    write(name, text=text)
    assert looks_like_a_contract(Path(name)) is counts


def test_what_cannot_be_read_counts_by_its_name() -> None:
    for name in ("component.yaml", "data.yaml"):
        os.mkfifo(name)
    assert looks_like_a_contract(Path("component.yaml"))
    assert not looks_like_a_contract(Path("data.yaml"))


def test_an_error_says_where_nothing_is(top: Path) -> None:
    assert no_contract(Path()).message == "no contract at or below the current folder"
    assert no_contract(top).message == f"no contract at or below {top}"
    assert no_contract(Path("x/**")).message == "no contract matches x/**"
