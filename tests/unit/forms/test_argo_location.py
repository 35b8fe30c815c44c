"""Places of artifacts: URLs, and small files as text."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.forms.argo_location import location_of
from toolkit.limits import INLINE_ARTIFACT_SIZE


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ("s3://b/k/l", {"s3": {"bucket": "b", "key": "k/l"}}),
        ("S3://b/k", {"s3": {"bucket": "b", "key": "k"}}),
        ("gs://b/k", {"gcs": {"bucket": "b", "key": "k"}}),
        # In the URL of an object nothing but the first slash is special.
        ("s3://b/run#1/a?b=%20.csv", {"s3": {"bucket": "b", "key": "run#1/a?b=%20.csv"}}),
        ("https://x/y?z#a", {"http": {"url": "https://x/y?z#a"}}),
    ],
)
def test_a_url_is_the_place(given: str, place: object) -> None:
    assert location_of("a", given) == place


def test_a_small_text_is_a_part_of_the_workflow(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("text ä\n")
    assert location_of("a", str(file)) == {"raw": {"data": "text ä\n"}, "archive": {"none": {}}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("s3://b", "names no object"),
        ("s3://b/", "names no object"),
        ("gs:///k", "names no object"),
        ("s3://b/{{workflow.name}}", "has '{{' in it, which Argo replaces"),
        ("https://x/{{workflow.name}}", "has '{{' in it, which Argo replaces"),
        ("missing", "the input 'a' is missing, which does not exist"),
        ("//[missing", "does not exist"),
        ("folder", "a folder"),
        ("bytes", "is not text"),
        ("braces", "the input 'a' has '{{' in it, which Argo replaces"),
        ("large", "the input 'a': the file exceeds the limit"),
    ],
)
def test_an_artifact_that_a_workflow_cannot_name_or_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("bytes").write_bytes(b"\xff")
    Path("braces").write_text("{{x}}")
    Path("large").write_text("x" * (INLINE_ARTIFACT_SIZE.value + 1))
    with pytest.raises(InputError, match=message) as caught:
        location_of("a", given)
    assert "s3://BUCKET/KEY" in (caught.value.hint or "")


def test_a_path_that_no_system_opens() -> None:
    with pytest.raises(OutsideError, match=r"cannot read xxx.*: File name too long"):
        location_of("a", "x" * 300)
