"""Files of a registry over HTTP: what is asked, what is kept, and what a bad server is refused for."""

import gzip
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hostile.servers import serving_bytes
from tests.web_registry import Handler, Site, serving
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, MachineError, OutsideError, RemoteError
from toolkit.limits import Limit
from toolkit.registry.place import parse_place
from toolkit.registry.web.documents import Documents

LIMIT = Limit(name="test-size", default=1_000_000, unit="bytes", about="something")
FILE = "a/b.json"
OLD, NEW = b'{"n": 1}', b'{"n": 2}'


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "served", OLD)
    return tmp_path / "served"


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with serving(folder) as site:
        yield site


def put(folder: Path, data: bytes, *, path: str = FILE, at: int = 1_000_000) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    os.utime(target, (at, at))


def opened(site: Site | str, cache: Cache, *, at: float = 1_000, **environ: str) -> Documents:
    """Open the files as a new command would, at some time."""
    place = parse_place(site if isinstance(site, str) else site.address)
    environ = {"NETRC": os.devnull, **environ}
    return Documents(place, environ, cache, pause=lambda _: None, clock=lambda: at)


def get(documents: Documents, path: str = FILE) -> bytes | None:
    return documents.latest(path, LIMIT, lambda data: data)


@pytest.mark.parametrize("etags", [True, False])
def test_a_file_is_asked_for_again_and_sent_only_if_it_changed(
    site: Site, folder: Path, cache: Cache, *, etags: bool
) -> None:
    site.etags = etags
    assert get(opened(site, cache)) == OLD
    assert get(opened(site, cache)) == OLD
    assert site.news() == [(FILE, 200), (FILE, 304)]
    put(folder, NEW, at=2_000_000)
    documents = opened(site, cache)
    assert [get(documents), get(documents)] == [NEW, NEW]
    # Once by a command, however often it looks.
    assert site.news() == [(FILE, 200)]


def test_a_second_change_in_one_second_is_noticed(site: Site, folder: Path, cache: Cache) -> None:
    now = int(time.time())
    put(folder, OLD, at=now)
    assert get(opened(site, cache)) == OLD
    put(folder, NEW, at=now)
    assert get(opened(site, cache)) == NEW


def test_a_file_that_never_changes_is_asked_for_once(site: Site, cache: Cache) -> None:
    digest = Digest.of(OLD)
    assert [opened(site, cache).fixed(FILE, digest, LIMIT, named_by="the index") for _ in range(3)] == [OLD] * 3
    assert site.news() == [(FILE, 200)]
    assert opened(site, cache, COMP_OFFLINE="1").fixed(FILE, digest, LIMIT, named_by="the index") == OLD


def test_a_missing_file_is_none_and_known_to_be_missing(site: Site, cache: Cache) -> None:
    assert get(opened(site, cache), "none.json") is None
    assert get(opened(site, cache, COMP_OFFLINE="1"), "none.json") is None
    assert site.news() == [("none.json", 404)]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_without_a_server_what_was_seen_is_used_with_a_warning(
    folder: Path, cache: Cache, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(folder) as site:
        get(opened(site, cache))
        get(opened(site, cache), "none.json")
    documents = opened(site, cache, at=1_000 + 3 * 3600)
    assert (get(documents), get(documents, "none.json")) == (OLD, None)
    host = site.address.removeprefix("http://")
    assert warnings(caplog) == [
        f"cannot connect to {host}: Connection refused; using what was seen of {site.address} 3 hours ago"
    ]
    with pytest.raises(RemoteError, match="cannot connect"):
        get(documents, "never.json")
    with pytest.raises(RemoteError, match="cannot connect"):
        documents.fixed("x", Digest.of(b"x"), LIMIT, named_by="the index")


def test_a_server_that_is_down_is_asked_once(site: Site, cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    for path in (FILE, "none.json"):
        get(opened(site, cache), path)
    site.news()
    site.faults[""] = lambda handler: handler.answer(503, b"maintenance")
    documents = opened(site, cache)
    assert (get(documents), get(documents, "none.json")) == (OLD, None)
    assert site.news() == [(FILE, 503)]
    assert warnings(caplog) == [
        f"{site.address}/{FILE} gives status 503: maintenance; using what was seen of {site.address} a moment ago"
    ]


def test_offline_nothing_is_asked(site: Site, cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    get(opened(site, cache))
    site.news()
    caplog.set_level(logging.INFO)
    documents = opened(site, cache, at=1_000 + 90, COMP_OFFLINE="1")
    assert get(documents) == OLD
    assert [record.message for record in caplog.records] == [
        f"offline: using what was seen of {site.address} 1 minute ago"
    ]
    with pytest.raises(OutsideError, match=r"none\.json was never seen here, and comp is offline") as caught:
        get(documents, "none.json")
    assert caught.value.hint == "leave out --offline, or unset COMP_OFFLINE"
    with pytest.raises(OutsideError, match="is not in the cache, and comp is offline"):
        documents.fixed("x", Digest.of(b"x"), LIMIT, named_by="the index")
    assert site.news() == []


def test_a_damaged_cache_is_filled_again(site: Site, cache: Cache) -> None:
    get(opened(site, cache))
    cache.blob_path(Digest.of(OLD)).write_bytes(b"damaged")
    assert get(opened(site, cache)) == OLD
    assert site.news() == [(FILE, 200), (FILE, 200)]
    cache.blob_path(Digest.of(OLD)).write_bytes(b"damaged")
    assert opened(site, cache).fixed(FILE, Digest.of(OLD), LIMIT, named_by="the index") == OLD


def test_what_cannot_be_read_is_an_error_and_not_kept(site: Site, folder: Path, cache: Cache) -> None:
    def refuse(_: bytes) -> bytes:
        raise InputError("it is wrong")

    with pytest.raises(OutsideError, match=r"a/b\.json cannot be read: it is wrong"):
        opened(site, cache).latest(FILE, LIMIT, refuse)
    put(folder, NEW)
    assert get(opened(site, cache)) == NEW
    put(folder, OLD, at=3_000_000)
    with pytest.raises(OutsideError, match="cannot be read"):
        opened(site, cache).latest(FILE, LIMIT, refuse)
    assert get(opened(site, cache, COMP_OFFLINE="1")) == NEW


def page(handler: Handler) -> None:
    handler.answer(
        200, b"\n<!DOCTYPE html><html><title>Sign in</title><h1>Sign in to Proxy</h1>", Content_Type="text/html"
    )


def test_a_login_page_is_called_one(site: Site, cache: Cache) -> None:
    site.faults[FILE] = page
    with pytest.raises(
        OutsideError, match=r"is a web page, not a file of a registry: Sign in / Sign in to Proxy"
    ) as it:
        get(opened(site, cache))
    assert "a login page may stand before the registry" in str(it.value.hint)
    with pytest.raises(OutsideError, match="is a web page"):
        opened(site, cache).fixed(FILE, Digest.of(OLD), LIMIT, named_by="the index")


def test_the_page_of_a_repository_is_not_its_files(site: Site, cache: Cache) -> None:
    site.faults[FILE] = page
    with pytest.raises(OutsideError, match="is a web page") as it:
        get(opened(f"{site.address}/team/components.git", cache))
    assert it.value.hint == f"for a git repository write git+{site.address}/team/components.git"


def test_a_damaged_file_is_refused_and_not_kept(site: Site, folder: Path, cache: Cache) -> None:
    digest = Digest.of(NEW)
    with pytest.raises(OutsideError, match=f"has the digest {Digest.of(OLD)}, and the index says {digest}"):
        opened(site, cache).fixed(FILE, digest, LIMIT, named_by="the index")
    put(folder, NEW)
    assert opened(site, cache).fixed(FILE, digest, LIMIT, named_by="the index") == NEW
    with pytest.raises(OutsideError, match=r"the registry http\S+ lacks none\.json"):
        opened(site, cache).fixed("none.json", Digest.of(b""), LIMIT, named_by="the index")


@pytest.mark.parametrize("length", ["3", "300"])
def test_a_wrong_length_never_passes_for_the_file(site: Site, cache: Cache, length: str) -> None:
    site.faults[FILE] = lambda handler: handler.answer(200, OLD, Content_Length=length, Connection="close")
    with pytest.raises(OutsideError):
        opened(site, cache).fixed(FILE, Digest.of(OLD), LIMIT, named_by="the index")


def test_a_transfer_that_breaks_off_is_tried_again(site: Site, cache: Cache) -> None:
    def cut(handler: Handler) -> None:
        del handler.site.faults[FILE]
        handler.answer(200, OLD[:3], Content_Length=str(len(OLD)))
        handler.close_connection = True

    site.faults[FILE] = cut
    assert get(opened(site, cache)) == OLD
    assert site.news() == [(FILE, 200), (FILE, 200)]


def test_a_body_without_end_has_one(cache: Cache) -> None:
    def talk(connection: socket.socket, over: object) -> None:
        del over
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 100_000)

    with (
        serving_bytes(talk) as host,
        pytest.raises(InputError, match=r"a/b\.json exceeds the limit of 1\.0 MB") as caught,
    ):
        get(opened(f"http://{host}", cache))
    assert "COMP_LIMIT_TEST_SIZE" in str(caught.value.hint)


def test_a_compressed_answer_is_bounded_and_read(site: Site, cache: Cache) -> None:
    site.faults[FILE] = lambda handler: handler.answer(200, gzip.compress(OLD), Content_Encoding="gzip")
    assert get(opened(site, cache)) == OLD
    site.faults[FILE] = lambda handler: handler.answer(200, gzip.compress(bytes(9_000_000)), Content_Encoding="gzip")
    with pytest.raises(InputError, match="exceeds the limit"):
        get(opened(site, cache))
    site.faults[FILE] = lambda handler: handler.answer(200, b"\x1f\x8bnot", Content_Encoding="gzip")
    with pytest.raises(OutsideError, match="cannot be decompressed"):
        get(opened(site, cache))
    # The coding of a file that is itself compressed is the file's own.
    site.faults["x.gz"] = lambda handler: handler.answer(200, gzip.compress(OLD), Content_Encoding="gzip")
    assert get(opened(site, cache), "x.gz") == gzip.compress(OLD)


def redirect(target: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(302, Location=target)


def test_a_redirect_to_another_server_gets_no_login(folder: Path, cache: Cache) -> None:
    with serving(folder) as other, serving(folder) as site:
        site.user = "ann:s3cret-1"
        site.faults[FILE] = redirect(f"{other.address}/{FILE}")
        assert get(opened(site.address.replace("//", "//ann:s3cret-1@"), cache)) == OLD
        assert (site.logins, other.logins) == ([site.logins[0]], [None])
        assert str(site.logins[0]).startswith("Basic ")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (f"/{FILE}", "redirects without end"),
        ("file:///etc/passwd", "is not a usable address"),
        ("ftp://x.example.com/", "is not a usable address"),
        ("http://x.example.com/a", "points to http://x.example.com, which is not encrypted"),
    ],
)
def test_a_redirect_that_leads_astray_is_refused(site: Site, cache: Cache, target: str, message: str) -> None:
    get(opened(site, cache))
    site.faults[FILE] = redirect(target)
    # Not a server that is down: what was seen does not stand in.
    with pytest.raises(OutsideError, match=message):
        get(opened(site, cache))


def test_a_login_is_sent_from_netrc_or_the_address(site: Site, cache: Cache, tmp_path: Path) -> None:
    site.user = "ann:s3cret-1"
    with pytest.raises(RemoteError, match=r"it wants a login \(status 401: who are you\?\)") as caught:
        get(opened(site, cache))
    assert "~/.netrc" in str(caught.value.hint)
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password s3cret-1\n")
    assert get(opened(site, cache, NETRC=str(tmp_path / "netrc"))) == OLD
    with pytest.raises(RemoteError, match="a login was sent, and is refused"):
        get(opened(site.address.replace("//", "//bob:s3cret-2@"), cache))


def test_a_refusal_is_not_taken_for_an_outage(site: Site, cache: Cache) -> None:
    get(opened(site, cache))
    site.user = "ann:s3cret-1"
    with pytest.raises(RemoteError, match="it wants a login"):
        get(opened(site, cache))


def test_nothing_is_read_without_encryption_from_another_machine(cache: Cache) -> None:
    address = "http://ann:s3cret-1@registry.example.com/x"
    with pytest.raises(OutsideError, match=r"the registry http://registry\.example\.com/x is not encrypted") as caught:
        opened(address, cache)
    assert "COMP_INSECURE_REGISTRIES=registry.example.com" in str(caught.value.hint)


def test_no_login_goes_to_a_listed_host_without_encryption(cache: Cache, caplog: pytest.LogCaptureFixture) -> None:
    address = "http://ann:s3cret-1@registry.example.com/x"
    documents = opened(address, cache, COMP_INSECURE_REGISTRIES="registry.example.com")
    assert documents._headers == {}
    assert warnings(caplog) == ["no login is sent to registry.example.com: the connection is not encrypted"]


@pytest.mark.parametrize("address", ["https://host:x/a", "https://[::1/a"])
def test_an_invalid_address_is_refused(cache: Cache, address: str) -> None:
    with pytest.raises(InputError, match="is not an address"):
        opened(address, cache)


def test_a_query_of_the_address_stays_behind_the_path(cache: Cache) -> None:
    documents = opened("https://store.example.com/a/?sig=abc", cache)
    assert documents.url("c/x+1.json") == "https://store.example.com/a/c/x%2B1.json?sig=abc"


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    site: Site, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise MachineError("cannot write", reason=os.strerror(30), hint="")

    monkeypatch.setattr(cache, "store_verified", refuse)
    assert get(opened(site, cache)) == OLD


def test_an_answer_is_seen_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "file").write_bytes(b"data")
    with serving(tmp_path / "site") as site:
        documents = Documents(site.place, {"HOME": str(tmp_path)}, Cache(tmp_path / "cache"))
        assert (documents.answer("file").status, documents.answer("file").body) == (200, b"data")
        assert documents.answer("missing").status == 404
