"""The last steps of a publication."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import pytest

from tests.contracts import A, contract
from toolkit.collection.releasing import Publication
from toolkit.errors import InputError
from toolkit.registry.folder.directory import Directory
from toolkit.registry.names import Name
from toolkit.registry.place import parse_place
from toolkit.registry.publishing.candidate import About, Candidate, candidate_of
from toolkit.registry.publishing.images import Images
from toolkit.registry.semver import parse_version
from toolkit.spec.reader import parse_document

NAME = Name("ml", "n")


def candidate(version: str, text: str) -> Candidate:
    about = About(published=datetime(2026, 1, 1, tzinfo=UTC))
    return candidate_of(NAME, parse_version(version), parse_document(text, Path("component.yaml")), about)


def publication(tmp_path: Path, **how: object) -> Publication:
    return Publication(place=parse_place(str(tmp_path / "shared")), environ={}, **how)  # type: ignore[arg-type]


def test_a_dry_run_checks_and_makes_nothing(tmp_path: Path) -> None:
    ((_, new),) = publication(tmp_path, dry_run=True).publish([candidate("1.0.0", contract())])
    assert new
    assert not (tmp_path / "shared").exists()
    assert publication(tmp_path).publish([candidate("1.0.0", contract())])[0][1]
    assert not publication(tmp_path, dry_run=True).publish([candidate("1.0.0", contract())])[0][1]
    for how in ({"dry_run": True}, {}):
        with pytest.raises(InputError, match="is published already with other content"):
            publication(tmp_path, **how).publish([candidate("1.0.0", contract(A))])
        with pytest.raises(InputError, match="require a major one"):
            publication(tmp_path, **how).publish([candidate("1.0.1", contract(A))])
    breaking = publication(tmp_path, accept_breaking=True)
    assert breaking.publish([candidate("1.0.1", contract(A))])[0][1]
    assert len(Directory.open(tmp_path / "shared").versions(NAME)) == 2


def test_an_image_is_asked_for_before_a_registry_is_made(tmp_path: Path) -> None:
    class Missing(Images):
        def digest(self, image: str) -> None:
            del image

    with pytest.raises(InputError, match="is not on its remote"):
        publication(tmp_path, images=Missing({})).publish([candidate("1.0.0", contract())])
    assert not (tmp_path / "shared").exists()


def test_of_publishers_at_once_one_wins(tmp_path: Path) -> None:
    """Each sees the version free, and publishes another contract; one that publishes the winner's is content."""
    texts = [contract(f"{{name: a{number % 4}, type: String, description: d, default: x}}") for number in range(8)]
    start = Barrier(len(texts))

    def publish(text: str) -> bool | str:
        start.wait()
        try:
            return publication(tmp_path).publish([candidate("1.0.0", text)])[0][1]
        except InputError as error:
            return error.message

    with ThreadPoolExecutor(len(texts)) as pool:
        done = list(pool.map(publish, texts))
    assert done.count(True) == 1
    assert done.count(False) == 1
    refused = [each for each in done if isinstance(each, str)]
    assert all("is published already with other content" in each for each in refused)
    registry = Directory.open(tmp_path / "shared")
    release = registry.release(NAME, parse_version("1.0.0"))
    assert registry.content(release, "component.yaml").decode() == texts[done.index(True)]
