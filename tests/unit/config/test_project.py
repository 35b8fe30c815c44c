"""The settings of a component: their sources, which one counts, and the errors of invalid ones."""

from pathlib import Path

import pytest

from toolkit.config.project import default_base, read_project
from toolkit.errors import InputError

PROJECT = '[project]\nname = "Train_Model"\nversion = "1.2.0"\n'
COMPONENT = '[tool.comp]\nentrypoint = "train:train"\n'


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_what_stands_there_and_what_does_not(tmp_path: Path) -> None:
    project = read_project(_write(tmp_path, PROJECT + COMPONENT), environ={})
    assert (project.name, project.version, project.platforms) == ("train-model", "1.2.0", ("linux/amd64",))
    assert (project.base, project.image, project.user, project.namespace) == (None, None, None, None)
    assert [(entry.name, entry.contract) for entry in project.entries] == [
        ("train-model", tmp_path.resolve() / "component.yaml")
    ]
    assert default_base(project) == "python:3.10-slim"


def test_everything(tmp_path: Path) -> None:
    text = """
        [project]
        name = "a"
        version = "1"
        description = "Does a"
        requires-python = ">=3.12.4, <4"
        dependencies = ["pandas>=2.2"]
        authors = [{ name = "Ann", email = "ann@example.com" }, { name = "Bob" }]
        license = { text = "MIT" }
        urls = { Source = "https://example.com/a" }
        [tool.comp]
        command = ["python", "a.py"]
        title = "A"
        system-site-packages = true
        user = "65532:65532"
        python = "/opt/conda/bin/python"
        [tool.comp.components.b]
        entrypoint = "pkg.b:run"
    """
    project = read_project(_write(tmp_path, text), environ={})
    assert project.authors == ("Ann <ann@example.com>", "Bob")
    assert (project.license, project.urls) == ("MIT", (("Source", "https://example.com/a"),))
    assert (project.dependencies, project.system_site_packages) == (("pandas>=2.2",), True)
    assert project.entries[0].command == ("python", "a.py")
    assert project.entries[1].contract == tmp_path.resolve() / "components" / "b.yaml"
    assert default_base(project) == "python:3.12-slim"


def test_each_source_overrides_the_next(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    _write(tmp_path, '[tool.comp.defaults]\nbase = "root"\nnamespace = "root"\nuser = "root"\n')
    folder = _write(tmp_path / "a", PROJECT + COMPONENT + 'base = "own"\nnamespace = "own"\n')
    project = read_project(folder, environ={})
    assert (project.user, project.namespace, project.base, project.base_overridden) == ("root", "own", "own", False)
    project = read_project(folder, environ={"COMP_BASE": "env", "COMP_NAMESPACE": "env"})
    assert (project.namespace, project.base, project.base_overridden) == ("env", "env", True)
    project = read_project(folder, environ={"COMP_BASE": "env"}, overrides={"base": "cli"})
    assert (project.base, project.base_overridden) == ("cli", True)


def test_the_image_comes_from_a_prefix(tmp_path: Path) -> None:
    folder = _write(tmp_path, PROJECT + COMPONENT)
    environ = {"COMP_IMAGE_PREFIX": "registry.example.com/ml/"}
    assert read_project(folder, environ=environ).image == "registry.example.com/ml/train-model"
    assert read_project(folder, environ={**environ, "COMP_IMAGE": "b"}).image == "b"
    assert read_project(folder, environ=environ, overrides={"image": "c"}).image == "c"


def test_platforms_from_the_environment(tmp_path: Path) -> None:
    folder = _write(tmp_path, PROJECT + COMPONENT)
    environ = {"COMP_PLATFORMS": "linux/arm64, linux/amd64"}
    assert read_project(folder, environ=environ).platforms == ("linux/arm64", "linux/amd64")


def test_the_search_for_defaults_stops_at_the_root_of_the_version_control(tmp_path: Path) -> None:
    _write(tmp_path, '[tool.comp.defaults]\nnamespace = "outside"\n')
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    folder = _write(tmp_path / "repository" / "a", PROJECT + COMPONENT)
    assert read_project(folder, environ={}).namespace is None


def test_the_nearest_defaults_count_alone(tmp_path: Path) -> None:
    _write(tmp_path, '[tool.comp.defaults]\nnamespace = "far"\nuser = "far"\n')
    _write(tmp_path / "b", '[tool.comp.defaults]\nnamespace = "near"\n')
    project = read_project(_write(tmp_path / "b" / "a", PROJECT + COMPONENT), environ={})
    assert (project.namespace, project.user) == ("near", None)


def test_a_component_inside_a_project(tmp_path: Path) -> None:
    _write(tmp_path, PROJECT)
    project = read_project(_write(tmp_path / "steps" / "a", COMPONENT), environ={})
    assert (project.name, project.pyproject) == ("train-model", tmp_path.resolve() / "pyproject.toml")
    assert project.folder == tmp_path.resolve() / "steps" / "a"


def test_no_project_beyond_the_version_control(tmp_path: Path) -> None:
    _write(tmp_path, PROJECT)
    folder = _write(tmp_path / "a", COMPONENT)
    (folder / ".git").mkdir()
    with pytest.raises(InputError, match="no \\[project\\]"):
        read_project(folder, environ={})


def test_the_module_of_an_entry_point(tmp_path: Path) -> None:
    project = read_project(_write(tmp_path, PROJECT + COMPONENT), environ={})
    (tmp_path / "train.py").touch()
    assert project.module_of(project.entries[0]) == (tmp_path.resolve() / "train.py", "train")
    (tmp_path / "src").mkdir()
    with pytest.raises(InputError, match="module 'train'") as caught:
        project.module_of(project.entries[0])
    assert str(caught.value.where).endswith("pyproject.toml:5:1")


@pytest.mark.parametrize(
    ("text", "place", "words", "hint"),
    [
        ("a = ", "1", "not valid TOML", None),
        ("a = 1\nb = [,]", "2:6", "not valid TOML", None),
        (COMPONENT, None, "no [project]", "name and version"),
        ('[project]\nversion = "1"\n' + COMPONENT, "1:2", "no name", "name ="),
        ('[project]\nname = "a"\n' + COMPONENT, "1:2", "no version", "version ="),
        ('[project]\nname = "a"\ndynamic = ["version"]\n' + COMPONENT, "3:1", "dynamic", "version ="),
        ('[project]\nname = "a"\nversion = "one"\n' + COMPONENT, "3:1", "'one'", "1.2.0"),
        ('[project]\nname = "a b"\nversion = "1"\n' + COMPONENT, "2:1", "'a b'", "letters"),
        (PROJECT + 'requires-python = "3"\n' + COMPONENT, "4:1", "'3'", ">=3.11"),
        (PROJECT + 'dependencies = ["a=>1"]\n' + COMPONENT, "4:1", "'a=>1'", "pandas>=2.2"),
        (PROJECT + 'authors = ["me"]\n' + COMPONENT, "4:1", "authors", "name ="),
        (PROJECT + "urls = 3\n" + COMPONENT, "4:1", "not a table", None),
        (PROJECT + "[tool.comp]\n" + 'title = "x"', "4:2", "entrypoint or command", "module:function"),
        (PROJECT + COMPONENT + "command = ['x']", "6:1", "not both", None),
        (PROJECT + COMPONENT.replace("train:train", "train"), "5:1", "'train'", "module:function"),
        (PROJECT + "[tool.comp]\ncommand = []", "5:1", "empty", "program"),
        (PROJECT + COMPONENT + 'bsae = "x"', "6:1", "unknown key 'bsae' in [tool.comp]", "did you mean 'base'?"),
        (PROJECT + COMPONENT + "base = 5", "6:1", "not a string: 5", "quotes"),
        (PROJECT + COMPONENT + 'platforms = "linux/amd64"', "6:1", "list of strings", "["),
        (PROJECT + COMPONENT + 'platforms = ["linux"]', "6:1", "linux/amd64", "platforms"),
        (PROJECT + COMPONENT + 'system-site-packages = "yes"', "6:1", "neither true nor false", "true"),
        (PROJECT + COMPONENT + '[tool.comp.components.A]\nentrypoint = "a:b"', "6:2", "'A' is not", "lower case"),
        (PROJECT + COMPONENT + '[tool.comp.components.b]\nentry = "a:b"', "7:1", "unknown key 'entry'", "entrypoint"),
        (PROJECT + COMPONENT + '[tool.comp.components.train-model]\nentrypoint = "a:b"', "6:2", "own name", None),
        (PROJECT + COMPONENT + '[tool.comp.defaults]\nimage = "a"', "7:1", "[tool.comp.defaults]", None),
    ],
)
def test_wrong_settings(tmp_path: Path, text: str, place: str | None, words: str, hint: str | None) -> None:
    folder = _write(tmp_path, text)
    (folder / ".git").mkdir()
    with pytest.raises(InputError) as caught:
        read_project(folder, environ={})
    path = folder.resolve() / "pyproject.toml"
    assert str(caught.value.where) == (f"{path}:{place}" if place else str(path))
    assert words in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    folder = _write(tmp_path, PROJECT + COMPONENT)
    with pytest.raises(InputError, match="COMP_PLATFORMS is not a platform"):
        read_project(folder, environ={"COMP_PLATFORMS": "amd64"})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.rmdir(), "does not exist"),
        (lambda path: (path.rmdir(), path.touch()), "is a file"),
        (Path.exists, "no pyproject.toml"),
        (lambda path: (path / "pyproject.toml").touch(), r"no \[tool.comp\]"),
        (lambda path: (path / "pyproject.toml").write_bytes(b"a = '\xff'"), "not UTF-8"),
        (lambda path: (path / "pyproject.toml").mkdir(), "a folder, expected a file"),
    ],
)
def test_a_folder_that_is_not_a_component(tmp_path: Path, make: object, words: str) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    assert callable(make)
    make(folder)
    with pytest.raises(InputError, match=words):
        read_project(folder, environ={})


def test_no_python_is_allowed(tmp_path: Path) -> None:
    text = PROJECT + 'requires-python = "<3.10"\n' + COMPONENT
    with pytest.raises(InputError, match="requires-python"):
        default_base(read_project(_write(tmp_path, text), environ={}))


@pytest.mark.parametrize(("wanted", "base"), [("==3.11.4", "3.11"), (">3.12,!=3.13.*", "3.12"), (">=3.8", "3.10")])
def test_the_lowest_python_that_is_allowed(tmp_path: Path, wanted: str, base: str) -> None:
    text = f'{PROJECT}requires-python = "{wanted}"\n{COMPONENT}'
    assert default_base(read_project(_write(tmp_path, text), environ={})) == f"python:{base}-slim"


def test_keys_inside_texts_are_not_taken_for_keys(tmp_path: Path) -> None:
    text = PROJECT + 'description = """\nbase = "x"\n[tool.comp]\nbase = 3\n"""\n' + COMPONENT + "base = 5\n"
    with pytest.raises(InputError) as caught:
        read_project(_write(tmp_path, text), environ={})
    assert str(caught.value.where).endswith(":11:1")
