"""Asking an index on loopback who published the files of pins: with no request too many."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.attested import provenance_of
from tests.package_index import HERE, PackageIndex, resolved, small_wheel
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.python.target import Target
from toolkit.requirements.indexes import Indexes
from toolkit.requirements.pin import Pin, Source
from toolkit.requirements.publishers.index_provenance import Found, find_publishers
from toolkit.requirements.publishers.publisher import Publisher, read_publisher

ALPHA, BETA = "alpha-1.0-py3-none-any.whl", "beta-1.5-py3-none-any.whl"
GOOD = read_publisher({"kind": "GitHub", "repository": "good/alpha", "workflow": "release.yml"})
DAY = 24 * 60 * 60


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def found(
    pins: Sequence[Pin],
    target: Target,
    cache: Cache,
    *,
    known: Mapping[Digest, Publisher] | None = None,
    indexes: Indexes = HERE,
    at: float = 0,
) -> Found:
    return find_publishers([(target, pins)], known or {}, indexes, cache, clock=lambda: at)


def by_comp(index: PackageIndex) -> list[str]:
    """List what was asked for since the last look, without what uv asks for in its own resolution."""
    asked = [path.removeprefix(f"/{index.token}/") for path in index.requests]
    index.requests.clear()
    return [path for path in asked if not path.startswith("/files/")]


def test_publishers_are_found_by_digest(attesting: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["beta"], debian)
    answer = found(pins, debian, cache)
    assert answer == Found(publishers={Digest.of(attesting.files[ALPHA]): GOOD}, unknown={})


def test_what_was_asked_is_not_asked_again(attesting: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["beta"], debian)
    first = found(pins, debian, cache)
    asked = by_comp(attesting)
    assert asked.count(f"integrity/{ALPHA}") == 1
    assert f"integrity/{BETA}" not in asked
    assert found(pins, debian, cache, at=10) == first
    assert [path for path in by_comp(attesting) if path.startswith("integrity")] == []
    # A file without a publisher may have one on another day.
    attesting.provenance = {BETA: provenance_of(BETA, attesting.files[BETA])}
    assert len(found(pins, debian, cache, at=DAY + 1).publishers) == 2


def test_known_publishers_cost_nothing(attesting: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha<2"], debian)
    attesting.requests.clear()
    other = replace(GOOD, kind="Other")
    assert found(pins, debian, cache, known={pins[0].digest: other}).publishers == {pins[0].digest: other}
    assert attesting.requests == []


@pytest.mark.parametrize("form", ["html", "json"])
def test_an_index_without_provenance_is_asked_once_a_day(
    index: PackageIndex, debian: Target, cache: Cache, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        index.files[f"p{number}-1.0-py3-none-any.whl"] = small_wheel(f"p{number}", "1.0")
    if form == "json":
        # As an index of version 1.1 has it.
        index.provenance = {}
        page = index._json_page
        monkeypatch.setattr(
            PackageIndex,
            "_json_page",
            lambda _, name, files, provenance: page(name, files, provenance).replace(b'"provenance"', b'"other"'),
        )
    pins = resolved([f"p{number}" for number in range(6)], debian)
    index.requests.clear()
    assert found(pins, debian, cache) == Found(publishers={}, unknown={})
    asked = by_comp(index)
    # uv has them in its cache, or asks once for each; comp asks for three pages.
    assert 3 <= len(asked) <= 9
    assert found(pins, debian, cache, at=DAY - 1) == Found(publishers={}, unknown={})
    assert by_comp(index) == []
    found(pins, debian, cache, at=DAY)
    assert by_comp(index) != []


def test_a_package_without_provenance_does_not_stand_for_the_index(
    attesting: PackageIndex, debian: Target, cache: Cache
) -> None:
    attesting.provenance = {ALPHA: provenance_of(ALPHA, attesting.files[ALPHA])}
    assert found(resolved(["beta"], debian), debian, cache).publishers.keys() == {Digest.of(attesting.files[ALPHA])}


def test_a_wheel_that_was_built_has_the_publisher_of_its_source(
    attesting: PackageIndex, debian: Target, cache: Cache
) -> None:
    source, data = "alpha-1.0.tar.gz", b"a source distribution"
    attesting.files[source] = data
    attesting.provenance = {source: provenance_of(source, data)}
    wheel = Pin(name="alpha", version="1.0", filename=ALPHA, digest=Digest.of(b"built here"))
    built = replace(wheel, source=Source(name=source, digest=Digest.of(data)))
    assert found([built], debian, cache).publishers == {Digest.of(data): GOOD}
    folder = replace(wheel, source=Source(name="../alpha", digest=Digest.of(data)))
    attesting.requests.clear()
    assert found([folder], debian, cache).publishers == {}
    assert attesting.requests == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>", "not a provenance object"),
        (provenance_of(ALPHA, b"another"), "an attestation of another file"),
    ],
)
def test_provenance_that_cannot_be_right_is_an_error(
    attesting: PackageIndex, debian: Target, cache: Cache, body: bytes, words: str
) -> None:
    assert attesting.provenance
    attesting.provenance[ALPHA] = body
    with pytest.raises(OutsideError, match=words) as caught:
        found(resolved(["alpha<2"], debian), debian, cache)
    assert ALPHA in caught.value.message
    assert "not right" in caught.value.message


def test_provenance_that_is_named_and_missing_is_unknown(
    attesting: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = resolved(["alpha<2"], debian)
    answer = PackageIndex.answer
    monkeypatch.setattr(
        PackageIndex,
        "answer",
        lambda self, path, user: (404, b"") if "/integrity/" in path else answer(self, path, user),
    )
    reasons = found(pins, debian, cache).unknown
    assert list(reasons) == [pins[0].digest]
    assert "does not have the provenance of alpha-1.0" in reasons[pins[0].digest]
    # Nothing of it is remembered.
    monkeypatch.setattr(PackageIndex, "answer", answer)
    assert found(pins, debian, cache).publishers == {pins[0].digest: GOOD}
    assert attesting.port


def test_offline_nothing_is_asked(attesting: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha<2"], debian)
    attesting.requests.clear()
    offline = replace(HERE, environ={**HERE.environ, "UV_OFFLINE": "1"})
    assert found(pins, debian, cache, indexes=offline).unknown == {pins[0].digest: "uv is offline"}
    assert attesting.requests == []


def test_a_page_above_the_limit_is_refused(
    attesting: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = resolved(["alpha<2"], debian)
    assert attesting.port
    monkeypatch.setenv("COMP_LIMIT_INDEX_PAGE_SIZE", "100")
    with pytest.raises(InputError, match="exceeds the limit of 100 B"):
        found(pins, debian, cache)


@pytest.mark.parametrize(
    "page",
    [
        b"{}",
        b"[]",
        b"\xff",
        b'{"files": [{"provenance": 1}]}',
        b'{"files": [{"provenance": "file:///x", "hashes": {}}]}',
    ],
)
def test_a_page_that_cannot_be_read_is_unknown(
    attesting: PackageIndex, debian: Target, cache: Cache, page: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pins = resolved(["alpha<2"], debian)
    # uv, whose cache is empty, asks first.
    pages = iter([attesting._page("alpha")])
    monkeypatch.setattr(PackageIndex, "_page", lambda _, __: next(pages, page))
    answer = found(pins, debian, cache)
    assert list(answer.unknown) == [pins[0].digest]
    assert "invalid answer" in answer.unknown[pins[0].digest]
    assert attesting.port


def test_a_private_index_gets_its_user(
    attesting: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    attesting.user = "me:secret"
    monkeypatch.setenv("UV_DEFAULT_INDEX", attesting.url)
    assert len(found(resolved(["alpha<2"], debian), debian, cache).publishers) == 1


def test_what_uv_cannot_say_is_unknown(attesting: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["beta"], debian)
    attesting.refuses = True
    answer = found(pins, debian, cache)
    assert answer.publishers == {}
    assert answer.unknown.keys() == {pin.digest for pin in pins}
