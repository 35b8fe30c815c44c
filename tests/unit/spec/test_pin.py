"""Pinning: one node changes, every other byte stays."""

from pathlib import Path

import pytest

from toolkit.errors import FindingsError, InputError
from toolkit.spec.pin import image_location, pin_image, unpinned

PATH = Path("component.yaml")
IMAGE = "localhost:5000/a/b@sha256:" + "0" * 64
CONTRACT = (
    "# A comment: image: x\r\n"
    "name: é 😀\r\n"
    "inputs: [{name: image, default: old:1}]\r\n"
    "implementation:\r\n"
    "  container:\r\n"
    "    image:   <IMAGE>   # why\r\n"
    "    args: [ image, old:1 ]\r\n"
)


@pytest.mark.parametrize("old", ["old:1", "old@sha256:" + "f" * 64, "~", "old\r\n      name"])
def test_every_other_byte_stays(old: str) -> None:
    assert pin_image(CONTRACT.replace("<IMAGE>", old), IMAGE, PATH) == CONTRACT.replace("<IMAGE>", IMAGE)


@pytest.mark.parametrize("quote", ["'", '"'])
def test_quotes_stay(quote: str) -> None:
    text = CONTRACT.replace("<IMAGE>", f"{quote}old:1{quote}")
    assert pin_image(text, IMAGE, PATH) == CONTRACT.replace("<IMAGE>", f"{quote}{IMAGE}{quote}")


@pytest.mark.parametrize(
    ("text", "pinned"),
    [
        ("implementation: {container: {image: a, args: [b]}}", "implementation: {container: {image: I, args: [b]}}"),
        ("\ufeffimplementation: {container: {image: a}}", "\ufeffimplementation: {container: {image: I}}"),
        ('{"implementation": {"container": {"image":"a"}}}', '{"implementation": {"container": {"image": "I"}}}'),
        ("implementation:\n  container:\n    image:\n", "implementation:\n  container:\n    image: I\n"),
        ("implementation:\n  container:\n    image: a", "implementation:\n  container:\n    image: I"),
        (
            "a: 'x\u2028 y'\nimplementation: {container: {image: a}}",
            "a: 'x\u2028 y'\nimplementation: {container: {image: I}}",
        ),
        ("implementation:\n  container:\n    image: &i a\n", "implementation:\n  container:\n    image: I\n"),
    ],
)
def test_other_forms(text: str, pinned: str) -> None:
    assert pin_image(text, IMAGE, PATH) == pinned.replace("I}", IMAGE + "}").replace("I,", IMAGE + ",").replace(
        '"I"', f'"{IMAGE}"'
    ).replace("image: I", f"image: {IMAGE}")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("name: a", "1:1", "implementation is missing"),
        ("implementation: {container: {args: []}}", "1:29", "image is missing"),
        ("implementation: a", "1:17", "container is missing"),
        ("implementation:\n  container:\n    image: |\n      a\n", "3:12", "cannot be replaced"),
        ("implementation: {container: {image: {a: b}}}", "1:37", "cannot be replaced"),
        ("implementation: {container: {image: &i a, args: [*i]}}", "1:37", "cannot be replaced"),
        ("x: &i a\nimplementation: {container: {image: *i}}", "1:4", "cannot be replaced"),
    ],
)
def test_a_contract_that_cannot_be_pinned(text: str, place: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        pin_image(text, IMAGE, PATH)
    assert str(caught.value.where) == f"component.yaml:{place}"
    assert caught.value.hint


def test_an_image_that_would_be_another_text_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be replaced"):
        pin_image("implementation: {container: {image: a}}", "a}, b: {c", PATH)


def test_a_text_that_is_not_yaml() -> None:
    with pytest.raises(FindingsError, match="C001"):
        pin_image("a: [", IMAGE, PATH)


def test_the_place_of_the_image() -> None:
    assert str(image_location(CONTRACT.replace("<IMAGE>", "a"), PATH)) == "component.yaml:6:14"


def test_contracts_are_compared_without_their_image() -> None:
    text = CONTRACT.replace("<IMAGE>", IMAGE)
    assert unpinned(text.encode()) == unpinned(text.replace(IMAGE, "other:2").encode())
    assert unpinned(text.encode()) is not None
    assert unpinned(text.replace("😀", "").encode()) != unpinned(text.encode())
    for data in (b"name: [", b"\xff", b"name: n\n"):
        assert unpinned(data) is None
