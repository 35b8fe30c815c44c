"""Copies of images have the digest that a contract names."""

import pytest

from toolkit.registry.image_copies import check_copy

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64


@pytest.mark.parametrize("image", ["a/b:1", f"a/b@{ONE}", f"a/b:1@{ONE}"])
def test_a_copy_has_the_digest(image: str) -> None:
    assert check_copy(image, f"inner.example/a/b@{ONE}") == f"inner.example/a/b@{ONE}"


@pytest.mark.parametrize(
    ("copy", "message"),
    [
        (f"inner.example/a/b@{TWO}", "it has another digest"),
        ("inner.example/a/b:1", "is not an image by digest"),
        (f"inner.example/a b@{ONE}", "is not an image by digest"),
        (f"inner.example/a@{ONE}\n", "is not an image by digest"),
        (7, "is not an image by digest"),
    ],
)
def test_anything_else_is_no_copy(copy: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_copy(f"a/b@{ONE}", copy)
