import logging
from functools import partial
from pathlib import Path

import pytest

from tests.releases import publish, release
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.registry.finding import check_taken, find
from toolkit.registry.folder.directory import Directory
from toolkit.registry.marks import Marks, Yank
from toolkit.registry.names import Name, parse_request
from toolkit.registry.semver import parse_version

YANK = Yank(reason="broken", at="2026-02-01T12:00:00Z")


@pytest.fixture
def registry(tmp_path: Path) -> Directory:
    directory = Directory.create(tmp_path)
    for version in ("1.0.0", "1.1.0"):
        publish(directory, release(version))
    return directory


def test_a_range_passes_over_a_yanked_version(registry: Directory) -> None:
    registry.change_marks(Name("ml", "train"), lambda marks: marks.with_yank(parse_version("1.1.0"), YANK))
    assert str(find(registry, parse_request("ml/train@^1")).version) == "1.0.0"
    assert str(find(registry, parse_request("ml/train")).version) == "1.0.0"
    assert str(find(registry, parse_request("ml/train@1.1.0")).version) == "1.1.0"
    digest = release("1.1.0").digest
    assert str(find(registry, parse_request(f"ml/train@{digest}")).version) == "1.1.0"


def test_if_all_are_yanked_a_range_finds_nothing(registry: Directory) -> None:
    for version in ("1.0.0", "1.1.0"):
        registry.change_marks(Name("ml", "train"), partial(Marks.with_yank, version=parse_version(version), yank=YANK))
    with pytest.raises(InputError, match=r"no release of ml/train matches \*"):
        find(registry, parse_request("ml/train"))


def test_a_prerelease_is_found_by_name_alone_if_there_is_no_other(registry: Directory) -> None:
    publish(registry, release("2.0.0-rc.1"))
    assert str(find(registry, parse_request("ml/train")).version) == "1.1.0"
    publish(registry, release("0.1.0-rc.1", name="fit"))
    assert str(find(registry, parse_request("ml/fit")).version) == "0.1.0-rc.1"
    with pytest.raises(InputError, match=r"no release of ml/fit matches \^0"):
        find(registry, parse_request("ml/fit@^0"))


def test_a_version_and_its_digest_are_checked_together(registry: Directory) -> None:
    digest = release("1.0.0").digest
    assert find(registry, parse_request(f"ml/train@1.0.0#{digest}")).digest == digest
    with pytest.raises(InputError, match=rf"ml/train@1\.0\.0 has the digest {digest}, expected sha256:0000"):
        find(registry, parse_request(f"ml/train@1.0.0#sha256:{'0' * 64}"))


def test_a_taken_version_with_another_content_is_refused(registry: Directory) -> None:
    check_taken(registry, release("1.0.0"))
    check_taken(registry, release("1.2.0"))
    with pytest.raises(InputError, match=r"ml/train@1\.0\.0 is published already with other content") as caught:
        check_taken(registry, release("1.0.0", content=b"name: Other\n"))
    assert caught.value.hint == "releases never change; the next free version is 1.0.1"


def test_other_files_of_a_taken_version_are_reported(registry: Directory, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_taken(registry, release("1.0.0", readme=b"new"))
    assert "ml/train@1.0.0 keeps the README.md it was published with" in caplog.text


def test_a_release_that_is_missing_is_reported_with_those_that_exist(registry: Directory) -> None:
    with pytest.raises(InputError, match=r"no release of ml/train matches \^2") as caught:
        find(registry, parse_request("train@^2"))
    assert caught.value.hint == "its releases: 1.0.0, 1.1.0"
    with pytest.raises(InputError, match="no release of ml/train matches"):
        find(registry, parse_request(f"ml/train@{Digest.of(b'absent')}"))
