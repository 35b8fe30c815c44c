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
