import subprocess
from pathlib import Path, PurePosixPath

import pytest

from tests.versions_of_contracts import contract
from toolkit.breaking.change import Category
from toolkit.breaking.earlier import open_earlier
from toolkit.breaking.platforms import platform_changes, platforms_in, platforms_on_disk, settings_of
from toolkit.breaking.survey import survey
from toolkit.config.toml import TomlDocument

OWN = '[tool.comp]\ncommand = ["c"]\n'
BOTH = f'{OWN}platforms = ["linux/amd64", "linux/arm64"]\n'
ARM = '[tool.comp.defaults]\nplatforms = ["linux/arm64"]\n'


def _document(text: str | None) -> TomlDocument | None:
    return None if text is None else TomlDocument.parse(Path("pyproject.toml"), text.encode())


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([OWN], ("linux/amd64",)),
        ([BOTH, ARM], ("linux/amd64", "linux/arm64")),
        ([OWN, None, ARM], ("linux/arm64",)),
        ([OWN, '[tool.comp.defaults]\nbase = "a"\n', ARM], ("linux/amd64",)),
        ([OWN + ARM, BOTH], ("linux/arm64",)),
        ([None, ARM], None),
        (["", ARM], None),
        (['[tool.comp]\ncommand = ["c"]\nplatforms = "linux/amd64"\n'], None),
        (["tool = 3\n"], None),
    ],
)
def test_the_nearest_settings_name_the_platforms(texts: list[str | None], expected: tuple[str, ...] | None) -> None:
    assert platforms_in(map(_document, texts)) == expected


def test_a_further_component_has_the_settings_of_its_folder() -> None:
    assert list(settings_of(PurePosixPath("a/train/components/b.yaml")))[:2] == [
        PurePosixPath("a/train/pyproject.toml"),
        PurePosixPath("a/pyproject.toml"),
    ]


def test_only_what_is_gone_is_a_change(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(BOTH)
    path = tmp_path / "component.yaml"
    (change,) = platform_changes(path, ["linux/s390x", "linux/amd64"], ["linux/amd64", "linux/arm64"])
    assert (change.rule.id, change.message) == ("B302", "the image is no longer for linux/s390x")
    assert (change.where.path.name, change.where.line) == ("pyproject.toml", 3)
    assert list(platform_changes(path, None, ["linux/amd64"])) == []
    assert list(platform_changes(path, ["linux/amd64"], None)) == []


def test_a_commit_has_its_own_settings(tmp_path: Path) -> None:
    """The contract is unchanged, and its settings are not."""
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "component.yaml").write_text(contract())
    (folder / "pyproject.toml").write_text(BOTH)
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        named = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        subprocess.run(["git", *named, *words], cwd=tmp_path, check=True)

    def found() -> list[str]:
        earlier, _ = open_earlier("HEAD", environ={}, folder=tmp_path, registry=None)
        each = survey([folder / "component.yaml"], earlier, category=Category.PIPELINE)
        return [finding.message for finding in each.all_findings() if finding.rule.startswith("B")]

    assert found() == []
    (folder / "pyproject.toml").write_text(OWN)
    assert found() == ["the image is no longer for linux/arm64"]
    (tmp_path / "pyproject.toml").write_text(ARM)
    assert found() == ["the image is no longer for linux/amd64"]
    assert platforms_on_disk(folder / "component.yaml") == ("linux/arm64",)
