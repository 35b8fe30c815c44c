import os
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit.collection.workspace import read_members, read_workspace
from toolkit.errors import InputError

ENTRY = '[tool.comp]\nentrypoint = "code:step"\n'


def component(folder: Path, name: str = "", more: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    project = f'[project]\nname = "{name or folder.name}"\nversion = "1"\n'
    (folder / "pyproject.toml").write_text(project + ENTRY + more)
    return folder


def root(folder: Path, settings: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.comp.workspace]\n{settings}\n")
    return folder


def names(folder: Path, environ: dict[str, str] | None = None) -> list[str]:
    return [member.name for member in read_workspace(folder, environ or {}).members]


def test_without_settings_all_below_are_found(tmp_path: Path) -> None:
    for place in ("b", "a/deep/er", "a/x", "build", "component/tests/inner"):
        component(tmp_path / place)
    for place in (".hidden/c", "node_modules/c", "b/build/c", "b/dist/c", "env/lib/c", "target/c"):
        component(tmp_path / place)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "target" / "CACHEDIR.TAG").touch()
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "pyproject.toml").write_text('[project]\nname = "library"\n')
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "pyproject.toml").write_text("not TOML")
    (tmp_path / "link").symlink_to(component(tmp_path.parent / f"{tmp_path.name}-outside" / "c"))
    (tmp_path / "again").symlink_to("b")
    (tmp_path / "pyproject.toml").write_text('[tool.comp.defaults]\nbase = "x"\n')
    workspace = read_workspace(tmp_path, {})
    found = [member.folder.relative_to(tmp_path).as_posix() for member in workspace.members]
    assert found == ["a/deep/er", "a/x", "b", "build", "component/tests/inner"]
    assert workspace.document is None


def test_members_and_exclude(tmp_path: Path) -> None:
    root(tmp_path, 'members = ["./steps/*/", "teams/**/step-[ab]", "tools/one"]\nexclude = ["steps/old*", "teams/x"]')
    for place in ("steps/a", "steps/old-b", "steps/a/inner", "teams/y/z/step-a", "teams/x/step-b", "tools/one"):
        component(tmp_path / place, name=place.replace("/", "-"))
    (tmp_path / "steps" / "docs").mkdir()
    assert names(tmp_path) == ["steps-a", "teams-y-z-step-a", "tools-one"]


def test_the_root_may_be_a_component(tmp_path: Path) -> None:
    component(tmp_path, "top", '[tool.comp.workspace]\nmembers = ["a"]\n')
    component(tmp_path / "a")
    assert names(tmp_path) == ["top", "a"]


def test_a_part_of_a_collection_obeys_its_settings(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    root(tmp_path, 'exclude = ["a/old"]')
    for place in ("a/x", "a/old", "b"):
        component(tmp_path / place)
    workspace = read_workspace(tmp_path / "a", {})
    assert [member.name for member in workspace.members] == ["x"]
    assert workspace.root == tmp_path


def test_one_found_twice_counts_once(tmp_path: Path) -> None:
    root(tmp_path, 'members = ["a*", "*", "link"]')
    component(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    assert names(tmp_path) == ["a"]
    assert [member.folder for member in read_members([tmp_path / "link", tmp_path / "a"], {})] == [tmp_path / "a"]


@pytest.mark.parametrize("settings", ['members = ["link"]', 'members = ["l*"]', 'members = ["out/*"]'])
def test_a_link_out_of_the_root(tmp_path: Path, settings: str) -> None:
    outside = component(tmp_path / "outside" / "c")
    root(tmp_path / "in", settings)
    (tmp_path / "in" / "link").symlink_to(outside)
    (tmp_path / "in" / "out").symlink_to(outside.parent)
    with pytest.raises(InputError, match=f"is a link to {tmp_path}/outside.*, outside of {tmp_path}/in") as caught:
        read_workspace(tmp_path / "in", {})
    assert str(caught.value.where).startswith(f"{tmp_path}/in/pyproject.toml:2:")
    assert caught.value.hint
    component(tmp_path / "in" / "local")
    root(tmp_path / "in", 'members = ["l*"]\nexclude = ["link"]')
    assert names(tmp_path / "in") == ["local"]


@pytest.mark.parametrize(
    ("settings", "place", "message"),
    [
        ('members = [\n  "a",\n  "b",\n]', "4:3", "the member 'b' does not exist"),
        ('members = ["file"]', "2:12", "the member 'file' is a file"),
        ('members = ["plain"]', "2:12", r"the member 'plain' is not a component: no pyproject\.toml"),
        ('members = ["library"]', "2:12", r"the member 'library' is not a component: no \[tool\.comp\] in its"),
        ("members = ['b*']", "2:12", r"members has 'b\*', which matches no component"),
        ('members = ["a", "p*"]', "2:17", r"members has 'p\*', which matches no component"),
        ('members = ["a[b"]', "2:12", r"members has an invalid pattern, 'a\[b': its bracket is not closed"),
        ('exclude = ["["]', "2:12", r"exclude has an invalid pattern, '\[': its bracket is not closed"),
        ('exclude = ["**"]', "1:2", "no component below"),
    ],
)
def test_wrong_settings(tmp_path: Path, settings: str, place: str, message: str) -> None:
    root(tmp_path, settings)
    component(tmp_path / "a")
    (tmp_path / "file").touch()
    (tmp_path / "plain").mkdir()
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "pyproject.toml").write_text('[project]\nname = "library"\n')
    with pytest.raises(InputError, match=message) as caught:
        read_workspace(tmp_path, {})
    assert str(caught.value.where) == f"{tmp_path}/pyproject.toml:{place}"
    assert caught.value.hint


@pytest.mark.parametrize("settings", [None, ""])
def test_a_collection_within_a_collection(tmp_path: Path, settings: str | None) -> None:
    if settings is not None:
        root(tmp_path, settings)
    component(tmp_path / "teams" / "a" / "x")
    root(tmp_path / "teams" / "a")
    with pytest.raises(InputError, match=f"a collection within the collection at {tmp_path}$") as caught:
        read_workspace(tmp_path, {})
    assert str(caught.value.where) == f"{tmp_path}/teams/a/pyproject.toml:1:2"
    assert "teams/a" in (caught.value.hint or "")
    assert names(tmp_path / "teams" / "a") == ["x"]
    root(tmp_path, 'exclude = ["teams/a"]')
    component(tmp_path / "y")
    assert names(tmp_path) == ["y"]


def _same_name(folder: Path) -> None:
    component(folder / "a", "Train_Model")
    component(folder / "b", "train-model")


def _name_of_a_further_component(folder: Path) -> None:
    component(folder / "a", "train-model")
    component(folder / "b", more='[tool.comp.components.train-model]\nentrypoint = "x:y"\n')


@pytest.mark.parametrize(("make", "line"), [(_same_name, 2), (_name_of_a_further_component, 6)])
def test_two_components_of_one_name(tmp_path: Path, make: Callable[[Path], None], line: int) -> None:
    make(tmp_path)
    with pytest.raises(InputError, match=r"two components have the name 'train-model': .*/a and .*/b$") as caught:
        read_workspace(tmp_path, {})
    assert caught.value.where
    assert (caught.value.where.path, caught.value.where.line) == (tmp_path / "b" / "pyproject.toml", line)


def test_two_components_of_one_image(tmp_path: Path) -> None:
    component(tmp_path / "a", more='image = "host.example/all:a"\n')
    component(tmp_path / "b", more='image = "host.example/all:b"\n')
    with pytest.raises(InputError, match=r"components have the image host\.example/all in common: a, b") as caught:
        read_workspace(tmp_path, {})
    assert str(caught.value.where) == f"{tmp_path}/b/pyproject.toml:6:1"


def test_an_image_in_the_environment_is_for_one(tmp_path: Path) -> None:
    component(tmp_path / "a")
    assert names(tmp_path, {"COMP_IMAGE": "host.example/a"}) == ["a"]
    component(tmp_path / "b")
    with pytest.raises(InputError, match=r"COMP_IMAGE gives one image, host\.example/a, to 2 components"):
        read_workspace(tmp_path, {"COMP_IMAGE": "host.example/a"})


def test_a_broken_component_is_a_member(tmp_path: Path) -> None:
    component(tmp_path / "good")
    for name, text in (("toml", "[tool.comp"), ("setting", f"{ENTRY}basis = 1\n"), ("project", ENTRY)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(text)
    # What was cut off, or is of another encoding, is known by its contract.
    for name in ("cut", "others"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text("[project\n", encoding="utf-16")
    (tmp_path / "cut" / "component.yaml").write_text("name: cut\n")
    # A device never ends.
    (tmp_path / "zero").mkdir()
    (tmp_path / "zero" / "pyproject.toml").symlink_to("/dev/zero")
    members = read_workspace(tmp_path, {"COMP_IMAGE_PREFIX": "host.example/x"}).members
    assert [member.name for member in members] == ["cut", "good", "project", "setting", "toml", "zero"]
    assert [member.image for member in members] == [None, "host.example/x/good", None, None, None, None]
    assert [bool(member.problem) for member in members] == [True, False, True, True, True, True]


def test_folders_that_are_not_components_have_a_problem(tmp_path: Path) -> None:
    (member,) = read_members([tmp_path / "missing"], {})
    assert member.problem
    assert member.problem.message == f"{tmp_path}/missing does not exist"


@pytest.mark.parametrize("kind", ["missing", "file", "empty"])
def test_a_root_without_components(tmp_path: Path, kind: str) -> None:
    place = tmp_path / kind
    if kind == "file":
        place.touch()
    elif kind == "empty":
        place.mkdir()
    with pytest.raises(InputError, match=r"does not exist|is a file|no component below") as caught:
        read_workspace(place, {})
    assert caught.value.hint


def test_a_folder_that_cannot_be_read_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    component(tmp_path / "a")
    here = Path.cwd()
    os.chdir(tmp_path)
    # Longer in the end than any path that the system takes.
    for _ in range(20):
        Path("b" * 250).mkdir()
        os.chdir("b" * 250)
    os.chdir(here)
    assert names(tmp_path) == ["a"]
    assert "File name too long; it is left out" in caplog.text
