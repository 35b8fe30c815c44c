import pytest

from tests.releases import release
from toolkit.registry.git.messages import marks_message, release_message
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

NONE = Marks()
YANKED = NONE.with_yank(parse_version("1.0.0"), Yank(reason="x", at=""))
DEPRECATED = NONE.with_deprecation(Deprecation(reason="x", at=""))


def test_a_release_is_its_name_and_version() -> None:
    assert release_message(release("1.2.3")) == "ml/train 1.2.3"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (NONE, YANKED, "yank 1.0.0"),
        (YANKED, NONE, "take back the yank of 1.0.0"),
        (NONE, DEPRECATED, "deprecate"),
        (DEPRECATED, NONE, "no longer deprecated"),
        (YANKED, DEPRECATED, "take back the yank of 1.0.0, deprecate"),
        (NONE, NONE.with_images({"a/b:1": "c/b@sha256:0"}), "note the copies of images"),
        (NONE, NONE, "change the marks"),
    ],
)
def test_marks_say_what_changes(before: Marks, after: Marks, expected: str) -> None:
    assert marks_message(Name("ml", "train"), before, after) == f"ml/train: {expected}"
