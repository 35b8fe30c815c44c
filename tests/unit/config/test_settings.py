from pathlib import Path

import pytest

from toolkit.config.settings import Settings, is_form_of, repository_defaults
from toolkit.config.toml import TomlDocument
from toolkit.errors import InputError


def settings_of(
    folder: Path,
    text: str,
    *,
    defaults: str = "",
    overrides: dict[str, str] | None = None,
    environ: dict[str, str] | None = None,
) -> Settings:
    """Read the settings of a component in a repository that has defaults."""
    component = folder / "component"
    component.mkdir()
    (folder / ".git").mkdir()
    (folder / "pyproject.toml").write_text(f"[tool.comp.defaults]\n{defaults}")
    (component / "pyproject.toml").write_text(f"[tool.comp]\n{text}")
    document = TomlDocument.read(component / "pyproject.toml")
    assert document
    return Settings.read(document, repository_defaults(document), overrides or {}, environ or {})


@pytest.mark.parametrize(
    ("overrides", "environ", "text", "base"),
    [
        ({"base": "cli"}, {"COMP_BASE": "env"}, 'base = "own"', "cli"),
        ({}, {"COMP_BASE": "env"}, 'base = "own"', "env"),
        ({}, {"COMP_BASE": ""}, 'base = "own"', "own"),
        ({}, {}, "", "default"),
    ],
)
def test_the_nearest_source_counts(
    tmp_path: Path, overrides: dict[str, str], environ: dict[str, str], text: str, base: str
) -> None:
    settings = settings_of(tmp_path, text, defaults='base = "default"', overrides=overrides, environ=environ)
    assert settings.text("base") == base


def test_a_setting_that_is_not_set(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "")
    assert (settings.text("base"), settings.texts("platforms"), settings.flag("estargz")) == (None, (), False)
    assert settings.flag("bytecode", default=True)


def test_an_empty_list_says_none_in_the_place_of_a_default(tmp_path: Path) -> None:
    text = "system-packages = []\nexclude = []\nallow-builds = []\nplatforms = []"
    settings = settings_of(tmp_path, text, defaults='system-packages = ["git"]')
    assert [settings.texts(key) for key in ("system-packages", "exclude", "allow-builds")] == [(), (), ()]
    with pytest.raises(InputError, match="platforms is empty") as error:
        settings.texts("platforms")
    assert "linux/amd64" in (error.value.hint or "")


def test_platforms_in_one_text_are_a_list(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, "", environ={"COMP_PLATFORMS": "linux/arm64, linux/amd64"})
    assert settings.texts("platforms") == ("linux/arm64", "linux/amd64")


@pytest.mark.parametrize("text", ["true", '"true"'])
def test_a_flag_may_be_a_word(tmp_path: Path, text: str) -> None:
    assert settings_of(tmp_path, f"estargz = {text}").flag("estargz")


@pytest.mark.parametrize(
    ("environ", "text", "key", "message"),
    [
        ({}, "user = 5", "user", "user is not a string: 5"),
        ({}, 'user = "a b"', "user", "user is not a user, such as"),
        ({"COMP_USER": "a b"}, "", "user", "COMP_USER is not a user, such as"),
    ],
)
def test_an_invalid_text_is_named_as_it_was_given(
    tmp_path: Path, environ: dict[str, str], text: str, key: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(tmp_path, text, environ=environ).text(key)
    assert caught.value.message.startswith(message)
    assert (caught.value.where is None) is bool(environ)


def test_defaults_may_hold_only_settings_that_components_share(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown key 'image' in \[tool.comp.defaults\]"):
        settings_of(tmp_path, "", defaults='image = "a"')


def test_rules_of_lint_are_no_defaults(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown key 'lint' in \[tool.comp.defaults\]") as caught:
        settings_of(tmp_path, "", defaults="[tool.comp.defaults.lint]\nignore = []")
    assert caught.value.hint == "write [tool.comp.lint]: it holds for everything below its folder"
    assert caught.value.where
    assert caught.value.where.line == 2


def test_the_form_of_one_setting() -> None:
    assert is_form_of("linux/arm64/v8", "platforms")
    assert not is_form_of("linux", "platforms")
    assert is_form_of("anything", "title")
