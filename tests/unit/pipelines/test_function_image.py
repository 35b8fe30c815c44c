"""The folder of one function of a pipeline's file. Its image is built in tests/engines."""

from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.pipelines.function_image import FunctionImage, FunctionRequest, function_image

CODE = '''
FACTOR = 2


def double(x: float, dataText: str = "q") -> float:
    """Double a number."""
    return FACTOR * x


def other() -> int:
    return 1


def größe() -> int:
    return 1
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "p.py"
    path.write_text(CODE)
    return path


def image(file: Path, function: str = "double", images: str = "folder", **settings: object) -> FunctionImage:
    request = FunctionRequest(path=file, function=function, settings=settings, images=images)
    return function_image(request, {"COMP_CACHE_DIR": str(file.parent / "cache")})


def test_a_function_has_a_folder_with_what_it_needs_alone(file: Path) -> None:
    made = image(file)
    folder = file.parent / ".comp" / "p" / "double"
    assert (made.contract, made.from_file) == (folder / "component.yaml", True)
    assert made.text == made.contract.read_text()
    assert "name: Double" in made.text
    code = (folder / "src" / "p.py").read_text()
    assert "FACTOR = 2" in code
    assert "other" not in code


def test_nothing_is_written_without_a_change(file: Path) -> None:
    image(file)
    folder = file.parent / ".comp" / "p" / "double"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    image(file)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_the_version_is_one_of_the_content(file: Path) -> None:
    versions = set()
    for text in (CODE, CODE.replace("return 1", "return 2"), CODE.replace("FACTOR = 2", "FACTOR = 3")):
        file.write_text(text)
        image(file)
        (line,) = [
            line
            for line in (file.parent / ".comp" / "p" / "double" / "pyproject.toml").read_text().splitlines()
            if line.startswith("version = ")
        ]
        versions.add(line)
    # Another function of the file does not count.
    assert len(versions) == 2
    assert all(line.startswith('version = "0.0.0+') for line in versions)


def test_a_pin_stays_while_the_function_does(file: Path) -> None:
    contract = image(file).contract
    text = contract.read_text()
    name = next(line for line in text.splitlines() if line.strip().startswith("image:"))
    pinned = text.replace(name, name.partition(":")[0] + ": host/double@sha256:" + "ab" * 32)
    contract.write_text(pinned)
    assert image(file).text == pinned
    file.write_text(CODE.replace("FACTOR = 2", "FACTOR = 3"))
    assert "host/double@" not in image(file).text


def test_an_image_needs_a_place(file: Path) -> None:
    with pytest.raises(InputError, match="no image name for the function 'double'") as caught:
        image(file, images="push")
    assert "COMP_IMAGE_PREFIX" in (caught.value.hint or "")


def test_a_name_and_the_settings_are_checked_first(file: Path) -> None:
    with pytest.raises(InputError, match="cannot name a component"):
        image(file, "größe")
    with pytest.raises(UsageError, match=r"component\(double\) has no setting 'titel'") as caught:
        image(file, titel="x")
    assert "title" in (caught.value.hint or "")
    assert not (file.parent / ".comp").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"image": "not an image!"}, "the image of 'double' is not the name of an image: 'not an image!'"),
        ({"base": "not an image!"}, "the base of 'double' is not the name of an image: 'not an image!'"),
        ({"requirements": ["no requirement!"]}, "'double' needs 'no requirement!', which is not a requirement"),
        ({"resources": 3}, r"component\(double\): .*resources is not a table"),
    ],
)
def test_an_invalid_setting_names_the_function(file: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        image(file, **settings)
    # Nothing half made is left.
    assert [*(file.parent / ".comp" / "p").iterdir()] == []
