"""Fetching wheels from a small index on loopback into the cache."""

import hashlib
import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile.servers import SLOW, Talk, request_head, serving_bytes
from tests.package_index import PackageIndex, resolved, small_wheel
from toolkit.cache import Cache
from toolkit.errors import InputError, OutsideError
from toolkit.progress import Progress, silent
from toolkit.python.fetch import fetch_wheels
from toolkit.python.pin import Pin
from toolkit.python.target import Target

ALPHA = "alpha-2.0-py3-none-any.whl"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def locked(index: PackageIndex, filename: str) -> Pin:
    """Give the pin of a wheel as a lock has it, without an address."""
    name, version = filename.split("-")[:2]
    return Pin(name=name, version=version, filename=filename, sha256=hashlib.sha256(index.files[filename]).hexdigest())


def downloads(index: PackageIndex) -> list[str]:
    """List the files that were asked for whole since the last look."""
    asked = [path.removeprefix("/files/") for path in index.requests if path.startswith("/files/")]
    index.requests.clear()
    return asked


def test_wheels_come_in_order_and_progress_is_told(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = tuple(reversed(resolved(["beta"], debian)))
    told: list[Progress] = []
    wheels = fetch_wheels(pins, debian, cache, told.append)
    assert [(wheel.filename, wheel.sha256) for wheel in wheels] == [(pin.filename, pin.sha256) for pin in pins]
    for wheel in wheels:
        assert wheel.path.read_bytes() == index.files[wheel.filename]
        assert wheel.size == len(index.files[wheel.filename])
        assert max(one.done for one in told if one.task == wheel.filename) == wheel.size


def test_what_the_cache_has_is_not_asked_for(index: PackageIndex, debian: Target, cache: Cache) -> None:
    fetch_wheels([locked(index, ALPHA)], debian, cache, silent)
    index.requests.clear()
    fetch_wheels([locked(index, ALPHA)], debian, cache, silent)
    assert index.requests == []


def test_a_lock_from_an_older_base_finds_its_wheel(index: PackageIndex, debian: Target, cache: Cache) -> None:
    older, newer = (f"alpha-2.0-cp311-cp311-manylinux_2_{level}_x86_64.whl" for level in (17, 28))
    index.files[older] = small_wheel("alpha", "2.0", content="older = True")
    index.files[newer] = small_wheel("alpha", "2.0", content="newer = True")
    assert [pin.filename for pin in resolved(["alpha"], debian)] == [newer]
    (wheel,) = fetch_wheels([locked(index, older)], debian, cache, silent)
    assert wheel.path.read_bytes() == index.files[older]


def test_a_wheel_that_left_the_index_is_told_with_what_is_there(
    index: PackageIndex, debian: Target, cache: Cache
) -> None:
    pin = locked(index, ALPHA)
    index.files[ALPHA] = small_wheel("alpha", "2.0", content="replaced = True")
    with pytest.raises(OutsideError) as caught:
        fetch_wheels([pin], debian, cache, silent)
    new = hashlib.sha256(index.files[ALPHA]).hexdigest()
    assert caught.value.message == (
        f"the index has no {ALPHA} with sha256 {pin.sha256}; it offers {ALPHA} with sha256 {new}"
    )
    assert "comp lock --upgrade" in str(caught.value.hint)


def test_wrong_bytes_are_refused_and_not_kept(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    index.wrong[ALPHA] = b"x" * len(index.files[ALPHA])
    with pytest.raises(OutsideError) as caught:
        fetch_wheels(pins, debian, cache, silent)
    got = hashlib.sha256(index.wrong[ALPHA]).hexdigest()
    assert all(word in caught.value.message for word in (ALPHA, got, pins[0].sha256))
    assert [*cache.entries()] == []


def test_a_server_that_recovers_is_waited_for(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    downloads(index)
    index.failures[ALPHA] = 2
    (wheel,) = fetch_wheels(pins, debian, cache, silent)
    assert wheel.path.read_bytes() == index.files[ALPHA]
    assert downloads(index) == [ALPHA] * 3


def test_a_transfer_that_always_breaks_off_is_told(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    downloads(index)
    index.cut_short.add(ALPHA)
    with pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: "):
        fetch_wheels(pins, debian, cache, silent)
    assert downloads(index) == [ALPHA] * 3
    assert [*cache.entries()] == []


@pytest.fixture
def big(index: PackageIndex) -> str:
    """The name of a wheel of 8 MiB that is on the index."""
    name = "big-1.0-py3-none-any.whl"
    index.files[name] = small_wheel("big", "1.0", content="#" * (8 << 20))
    return name


# As long as something comes it is tried more often than three times.
@pytest.mark.parametrize(("gives_parts", "breaks"), [(True, 4), (False, 2)])
def test_a_big_transfer_goes_on_where_it_broke(
    index: PackageIndex, debian: Target, cache: Cache, big: str, breaks: int, *, gives_parts: bool
) -> None:
    (pin,) = resolved(["big"], debian)
    index.breaks[big], index.gives_parts = breaks, gives_parts
    index.ranges.clear()
    told: list[Progress] = []
    (wheel,) = fetch_wheels([pin], debian, cache, told.append)
    assert wheel.path.read_bytes() == index.files[big]
    assert max(one.done for one in told) == wheel.size
    starts = [int(one.removeprefix("bytes=").removesuffix("-")) for one in index.ranges]
    assert len(starts) == breaks
    assert starts == sorted(starts)
    assert starts[0] >= 3 << 20
    assert [entry.leftover for entry in cache.entries()] == [False]


def test_the_next_run_goes_on_too(index: PackageIndex, debian: Target, cache: Cache, big: str) -> None:
    (pin,) = resolved(["big"], debian)
    kept = cache.blob_path(pin.sha256).with_name(f".{pin.sha256}.part.tmp")
    for came, asked in (
        (index.files[big][: 5 << 20], ["bytes=5242880-"]),
        # Killed between the last byte and the name.
        (index.files[big], []),
        # Longer than the file is, and of another file.
        (index.files[big] + b"more", [f"bytes={len(index.files[big]) + 4}-"]),
        (bytes(5 << 20), ["bytes=5242880-"]),
    ):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(came)
        index.ranges.clear()
        (wheel,) = fetch_wheels([pin], debian, cache, silent)
        assert wheel.path.read_bytes() == index.files[big]
        assert index.ranges == asked
        assert not kept.exists()
        wheel.path.unlink()


def test_a_part_that_another_process_is_at_is_left_to_it(
    index: PackageIndex, debian: Target, cache: Cache, big: str
) -> None:
    (pin,) = resolved(["big"], debian)
    with cache.part(pin.sha256) as part:
        assert part
        part.write(index.files[big][: 2 << 20])
        (wheel,) = fetch_wheels([pin], debian, cache, silent)
        assert wheel.path.read_bytes() == index.files[big]
        part.write(index.files[big][2 << 20 :])
    assert wheel.path.read_bytes() == index.files[big]


def test_a_big_transfer_that_always_breaks_off_is_kept_and_pruned(
    index: PackageIndex, debian: Target, cache: Cache, big: str
) -> None:
    (pin,) = resolved(["big"], debian)
    index.gives_parts = False
    index.cut_short.add(big)
    with pytest.raises(OutsideError, match=f"cannot fetch {big}: "):
        fetch_wheels([pin], debian, cache, silent)
    (entry,) = cache.entries()
    assert entry.leftover
    assert entry.size >= 3 << 20
    os.utime(entry.path, (0, 0))
    assert cache.prune(older_than=0)
    assert [*cache.entries()] == []


def test_a_missing_file_is_told(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    del index.files[ALPHA]
    with pytest.raises(OutsideError, match=rf"cannot fetch {ALPHA}: 127\.0\.0\.1:\d+ answered 404"):
        fetch_wheels(pins, debian, cache, silent)


def test_the_user_of_the_index_fetches_too(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.user = "ada:s3cret"
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"mine={index.url}")
    (wheel,) = fetch_wheels([locked(index, ALPHA)], debian, cache, silent)
    assert wheel.path.read_bytes() == index.files[ALPHA]


def test_the_user_in_netrc_fetches_too(index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path) -> None:
    index.user = "ada:s3cret"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password s3cret\n")
    (wheel,) = fetch_wheels([locked(index, ALPHA)], debian, cache, silent)
    assert wheel.path.read_bytes() == index.files[ALPHA]


def test_a_user_is_never_told_to_another_server(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pin,) = resolved(["alpha"], debian)
    index.user = "ada:s3cret"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:s3cret@127.0.0.1:9/simple")
    with pytest.raises(OutsideError, match="answered 401") as caught:
        fetch_wheels([pin], debian, cache, silent)
    assert "s3cret" not in caught.value.message


def test_a_folder_of_wheels_needs_no_network(debian: Target, cache: Cache, tmp_path: Path) -> None:
    data = small_wheel("alpha", "2.0")
    path = tmp_path / "wheels here" / ALPHA
    path.parent.mkdir()
    path.write_bytes(data)
    pin = Pin(name="alpha", version="2.0", filename=ALPHA, sha256=hashlib.sha256(data).hexdigest(), url=path.as_uri())
    (wheel,) = fetch_wheels([pin], debian, cache, silent)
    assert wheel.path.read_bytes() == data
    gone = replace(pin, sha256="0" * 64, url=(tmp_path / "gone.whl").as_uri())
    with pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: .*No such file"):
        fetch_wheels([gone], debian, cache, silent)


def test_a_proxy_gets_its_login_from_the_address(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the client of images does it; the proxy here serves the file itself."""
    heard: list[bytes] = []
    data = index.files[ALPHA]

    def talk(connection: socket.socket, _: threading.Event) -> None:
        heard.append(request_head(connection))
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(data) + data)

    with serving_bytes(talk) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ann:s%3Acret@{proxy}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        pin = replace(locked(index, ALPHA), url=f"http://index.example/files/{ALPHA}", size=len(data))
        (wheel,) = fetch_wheels([pin], debian, cache, silent)
    assert wheel.path.read_bytes() == data
    assert heard[0].startswith(b"GET http://index.example/files/")
    assert b"Basic YW5uOnM6Y3JldA==" in heard[0]  # ann:s:cret


def test_more_than_was_promised_is_not_taken(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pin = replace(locked(index, ALPHA), url=f"http://127.0.0.1:{index.port}/{index.token}/files/{ALPHA}", size=10)
    with pytest.raises(OutsideError, match=f"{ALPHA} is longer than the 10 bytes that the index promised"):
        fetch_wheels([pin], debian, cache, silent)
    assert not cache.has_blob(pin.sha256)


@pytest.mark.parametrize("talk", SLOW, ids=lambda talk: talk.__name__)
def test_a_slow_index_is_not_waited_for_forever(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    monkeypatch.setenv("COMP_LIMIT_REQUEST_TIME", "1")
    with serving_bytes(talk) as host, pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: .*{host}") as caught:
        fetch_wheels([replace(locked(index, ALPHA), url=f"http://{host}/{ALPHA}")], debian, cache, silent)
    assert "COMP_LIMIT_REQUEST_TIME" in (caught.value.hint or "")


def test_no_more_is_taken_than_there_may_be(
    index: PackageIndex, debian: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that answers a small wheel with a flood: at its size, or at a limit where the size is not known."""
    (pin,) = resolved(["alpha<2"], debian)
    index.wrong[pin.filename] = bytes(5_000_000)
    cache = Cache(tmp_path / "bounded")
    small = replace(pin, size=len(index.files[pin.filename]))
    with pytest.raises(OutsideError, match=f"is longer than the {small.size} bytes that the index promised"):
        fetch_wheels([small], debian, cache, silent)
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_SIZE", "2000000")
    with pytest.raises(InputError, match=r"alpha-1\.0-py3-none-any\.whl exceeds the limit of 2\.0 MB") as refused:
        fetch_wheels([replace(pin, size=None)], debian, cache, silent)
    assert "COMP_LIMIT_PACKAGE_SIZE" in (refused.value.hint or "")
    assert [path.name for path in cache.root.rglob("*") if path.is_file()] == [".in-use"]
    # Nothing of it is in the way of the true file.
    index.wrong.clear()
    (wheel,) = fetch_wheels([replace(pin, size=None)], debian, cache, silent)
    assert wheel.path.read_bytes() == index.files[pin.filename]


def test_devices_and_pipes_are_not_read(debian: Target, tmp_path: Path, index: PackageIndex) -> None:
    (pin,) = resolved(["alpha<2"], debian)
    assert index.port
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe", tmp_path):
        with pytest.raises(OutsideError, match="is not a regular file"):
            fetch_wheels([replace(pin, url=path.as_uri())], debian, Cache(tmp_path / "cache"), silent)
