from pathlib import Path

import pytest

from toolkit.config.licenses import license_settings_of
from toolkit.errors import InputError


def _write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(f"[tool.comp.licenses]\n{text}\n")


def test_the_nearest_policy_counts(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    _write(tmp_path, 'allow = ["MIT"]\nexceptions = { certifi = "data" }\nbase = true')
    inner = tmp_path / "steps" / "train"
    inner.mkdir(parents=True)
    settings = license_settings_of(inner)
    assert settings is not None
    assert (settings.allow, dict(settings.exceptions), settings.base) == (("MIT",), {"certifi": "data"}, True)
    _write(inner, 'deny = ["GPL-3.0-only"]')
    own = license_settings_of(inner)
    assert own is not None
    assert (own.allow, own.deny, own.base) == ((), ("GPL-3.0-only",), False)


def test_what_lies_above_the_repository_does_not_count(tmp_path: Path) -> None:
    _write(tmp_path, 'allow = ["MIT"]')
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    assert license_settings_of(tmp_path / "repository") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('allow = "MIT"', "allow is not a list of licenses"),
        ('deny = [""]', "deny is not a list of licenses"),
        ('exceptions = ["certifi"]', "exceptions is not a table of packages with their reasons"),
        ('exceptions = { certifi = " " }', "exceptions is not a table of packages with their reasons"),
        ('base = "yes"', "base is not true or false"),
        ("allowed = []", "unknown key 'allowed'"),
    ],
)
def test_an_invalid_policy_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    _write(tmp_path, text)
    with pytest.raises(InputError, match=message) as caught:
        license_settings_of(tmp_path)
    assert caught.value.where is not None
    assert caught.value.where.line == 2
