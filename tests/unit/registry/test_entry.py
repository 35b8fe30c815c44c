import pytest

from toolkit.digest import Digest
from toolkit.interface.model import Input, Interface, Kind, Output
from toolkit.registry.entry import Port, entry_of, newest_version
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.release import Release
from toolkit.registry.semver import parse_version

RATE = Input(name="rate", type="Float", kind=Kind.PARAMETER, default="0.1")
DATA = Input(name="data", type="CSV", kind=Kind.ARTIFACT)
MODEL = Output(name="model", type="Model", kind=Kind.ARTIFACT)
RELEASE = Release(
    name=Name("ml", "train"),
    version=parse_version("1.0.0"),
    digest=Digest.of(b"contract"),
    image="registry.example.com/train@sha256:" + "0" * 64,
    title="Train",
    description="Fit a model.\nSlowly.\n\nDetails.",
    interface=Interface(inputs=(DATA, RATE), outputs=(MODEL,)),
    published="2026-01-31T12:00:00Z",
    tags=("sklearn",),
)
AT = "2026-02-01T12:00:00Z"


def test_an_entry_says_what_a_list_shows() -> None:
    entry = entry_of(RELEASE, 3, Marks())
    assert (entry.name, entry.version, entry.versions) == ("ml/train", "1.0.0", 3)
    assert entry.description == "Fit a model. Slowly."
    assert entry.inputs == (
        Port(name="data", type="CSV", kind="artifact"),
        Port(name="rate", type="Float", kind="parameter", optional=True),
    )
    assert entry.outputs == (Port(name="model", type="Model", kind="artifact"),)
    assert (entry.deprecated, entry.superseded_by, entry.yanked) == (None, None, False)


def test_an_entry_has_the_marks() -> None:
    marks = Marks().with_yank(RELEASE.version, Yank(reason="broken", at=AT))
    marks = marks.with_deprecation(Deprecation(reason="old", at=AT, superseded_by=Name("ml", "fit")))
    entry = entry_of(RELEASE, 1, marks)
    assert (entry.deprecated, entry.superseded_by, entry.yanked) == ("old", "ml/fit", True)


@pytest.mark.parametrize("word", ["ml/train", "TRAIN", "slowly", "rate", "float", "model", "sklearn"])
def test_a_search_looks_at_names_types_tags_and_descriptions(word: str) -> None:
    entry = entry_of(RELEASE, 1, Marks())
    assert entry.matches([word])
    assert not entry.matches([word, "absent"])
    assert entry.matches([])


@pytest.mark.parametrize(
    ("versions", "yanked", "expected"),
    [
        (["1.0.0", "1.1.0"], [], "1.1.0"),
        (["1.0.0", "1.1.0"], ["1.1.0"], "1.0.0"),
        (["1.0.0", "2.0.0-rc.1"], ["1.0.0"], "2.0.0-rc.1"),
        (["1.0.0"], ["1.0.0"], "1.0.0"),
    ],
)
def test_the_newest_version_is_not_a_yanked_one(versions: list[str], yanked: list[str], expected: str) -> None:
    marks = Marks()
    for version in yanked:
        marks = marks.with_yank(parse_version(version), Yank(reason="broken", at=AT))
    assert newest_version(map(parse_version, versions), marks) == parse_version(expected)


def test_no_versions_have_no_newest_one() -> None:
    assert newest_version([], Marks()) is None


def test_an_entry_differs_when_an_older_version_is_yanked() -> None:
    marks = Marks()
    assert entry_of(RELEASE, 2, marks).marks == ""
    once = marks.with_yank(parse_version("0.9.0"), Yank(reason="broken", at=AT))
    twice = once.with_yank(parse_version("0.8.0"), Yank(reason="broken", at=AT))
    assert "" != entry_of(RELEASE, 2, once).marks != entry_of(RELEASE, 2, twice).marks
