from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.package_index import HERE, PackageIndex
from toolkit.cache.store import Cache
from toolkit.errors import InputError, RemoteError
from toolkit.requirements.publishers.index_client import IndexClient, _bounded


@pytest.fixture
def client(tmp_path: Path) -> IndexClient:
    return IndexClient(HERE, Cache(tmp_path / "cache"))


def test_a_document_has_its_media_type(index: PackageIndex, client: IndexClient) -> None:
    document = client.get(f"{index.url}/alpha/", "application/json")
    assert document is not None
    assert (document.address, document.media_type) == (f"{index.url}/alpha/", "text/html")
    assert b"alpha-2.0" in document.body


def test_what_is_missing_is_none_and_what_is_refused_an_error(index: PackageIndex, client: IndexClient) -> None:
    assert client.get(f"{index.url}/absent/", "application/json") is None
    index.refuses = True
    with pytest.raises(RemoteError, match="answered 403"):
        client.get(f"{index.url}/alpha/", "application/json")


def test_a_document_without_end_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_LIMIT_INDEX_PAGE_SIZE", "10")
    read = 0

    def chunks() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"12345"

    with pytest.raises(InputError, match="a page exceeds the limit"):
        list(_bounded(chunks(), "a page"))
    assert read == 3
