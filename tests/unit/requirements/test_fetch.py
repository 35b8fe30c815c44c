"""Fetching wheels from a small index on loopback into the cache."""

import hashlib
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.package_index import HERE, PackageIndex, resolved, small_wheel
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.progress import Progress, silent
from toolkit.python.target import Target
from toolkit.requirements.fetch import fetch_wheels
from toolkit.requirements.pin import Pin

ALPHA = "alpha-2.0-py3-none-any.whl"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def locked(index: PackageIndex, filename: str) -> Pin:
    """Give the pin of a wheel as a lock has it, without an address."""
    name, version = filename.split("-")[:2]
    return Pin(name=name, version=version, filename=filename, digest=Digest.of(index.files[filename]))


def downloads(index: PackageIndex) -> list[str]:
    """List the files that were asked for whole since the last look."""
    asked = [path.removeprefix("/files/") for path in index.requests if path.startswith("/files/")]
    index.requests.clear()
    return asked


def test_wheels_come_in_order_with_progress(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = tuple(reversed(resolved(["beta"], debian)))
    reports: list[Progress] = []
    wheels = fetch_wheels(pins, debian, cache, reports.append, indexes=HERE)
    assert [(wheel.filename, wheel.digest) for wheel in wheels] == [(pin.filename, pin.digest) for pin in pins]
    for wheel in wheels:
        assert wheel.path.read_bytes() == index.files[wheel.filename]
        assert wheel.size == len(index.files[wheel.filename])
        assert max(report.done for report in reports if report.task == wheel.filename) == wheel.size


def test_what_the_cache_has_is_not_asked_for(index: PackageIndex, debian: Target, cache: Cache) -> None:
    fetch_wheels([locked(index, ALPHA)], debian, cache, silent, indexes=HERE)
    index.requests.clear()
    fetch_wheels([locked(index, ALPHA)], debian, cache, silent, indexes=HERE)
    assert index.requests == []


def test_a_lock_from_an_older_base_finds_its_wheel(index: PackageIndex, debian: Target, cache: Cache) -> None:
    older, newer = (f"alpha-2.0-cp311-cp311-manylinux_2_{level}_x86_64.whl" for level in (17, 28))
    index.files[older] = small_wheel("alpha", "2.0", content="older = True")
    index.files[newer] = small_wheel("alpha", "2.0", content="newer = True")
    assert [pin.filename for pin in resolved(["alpha"], debian)] == [newer]
    (wheel,) = fetch_wheels([locked(index, older)], debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[older]


def test_a_wheel_that_left_the_index_is_named_with_the_files_that_are_there(
    index: PackageIndex, debian: Target, cache: Cache
) -> None:
    pin = locked(index, ALPHA)
    index.files[ALPHA] = small_wheel("alpha", "2.0", content="replaced = True")
    with pytest.raises(OutsideError) as caught:
        fetch_wheels([pin], debian, cache, silent, indexes=HERE)
    new = hashlib.sha256(index.files[ALPHA]).hexdigest()
    assert caught.value.message == (
        f"the index has no {ALPHA} with sha256 {pin.digest.hex}; it offers {ALPHA} with sha256 {new}"
    )
    assert "comp lock --upgrade" in str(caught.value.hint)


def test_wrong_bytes_are_refused_and_not_kept(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    index.wrong[ALPHA] = b"x" * len(index.files[ALPHA])
    with pytest.raises(OutsideError) as caught:
        fetch_wheels(pins, debian, cache, silent, indexes=HERE)
    got = hashlib.sha256(index.wrong[ALPHA]).hexdigest()
    assert all(word in caught.value.message for word in (ALPHA, got, pins[0].digest.hex))
    assert [*cache.entries()] == []


def test_a_server_that_recovers_is_waited_for(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    downloads(index)
    index.failures[ALPHA] = 2
    (wheel,) = fetch_wheels(pins, debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[ALPHA]
    assert downloads(index) == [ALPHA] * 3


def test_a_transfer_that_always_breaks_is_an_error(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    downloads(index)
    index.cut_short.add(ALPHA)
    with pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: "):
        fetch_wheels(pins, debian, cache, silent, indexes=HERE)
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
    reports: list[Progress] = []
    (wheel,) = fetch_wheels([pin], debian, cache, reports.append, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[big]
    assert max(report.done for report in reports) == wheel.size
    starts = [int(one.removeprefix("bytes=").removesuffix("-")) for one in index.ranges]
    assert len(starts) == breaks
    assert starts == sorted(starts)
    assert starts[0] >= 3 << 20
    assert [entry.leftover for entry in cache.entries()] == [False]


def test_the_next_run_goes_on_too(index: PackageIndex, debian: Target, cache: Cache, big: str) -> None:
    (pin,) = resolved(["big"], debian)
    kept = cache.blob_path(pin.digest).with_name(f".{pin.digest.hex}.part.tmp")
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
        (wheel,) = fetch_wheels([pin], debian, cache, silent, indexes=HERE)
        assert wheel.path.read_bytes() == index.files[big]
        assert index.ranges == asked
        assert not kept.exists()
        wheel.path.unlink()


def test_a_part_that_another_process_is_at_is_left_to_it(
    index: PackageIndex, debian: Target, cache: Cache, big: str
) -> None:
    (pin,) = resolved(["big"], debian)
    with cache.partial(pin.digest) as part:
        assert part
        part.write(index.files[big][: 2 << 20])
        (wheel,) = fetch_wheels([pin], debian, cache, silent, indexes=HERE)
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
        fetch_wheels([pin], debian, cache, silent, indexes=HERE)
    (entry,) = cache.entries()
    assert entry.leftover
    assert entry.size >= 3 << 20
    os.utime(entry.path, (0, 0))
    assert cache.prune(older_than=0)
    assert [*cache.entries()] == []


def test_a_missing_file_is_an_error(index: PackageIndex, debian: Target, cache: Cache) -> None:
    pins = resolved(["alpha"], debian)
    del index.files[ALPHA]
    with pytest.raises(OutsideError, match=rf"cannot fetch {ALPHA}: 127\.0\.0\.1:\d+ answered 404"):
        fetch_wheels(pins, debian, cache, silent, indexes=HERE)


def test_the_user_of_the_index_fetches_too(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.user = "ada:s3cret"
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"mine={index.url}")
    (wheel,) = fetch_wheels([locked(index, ALPHA)], debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[ALPHA]


def test_the_user_in_netrc_fetches_too(index: PackageIndex, debian: Target, cache: Cache, tmp_path: Path) -> None:
    index.user = "ada:s3cret"
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password s3cret\n")
    (wheel,) = fetch_wheels([locked(index, ALPHA)], debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == index.files[ALPHA]


def test_credentials_are_never_sent_to_another_server(
    index: PackageIndex, debian: Target, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pin,) = resolved(["alpha"], debian)
    index.user = "ada:s3cret"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:s3cret@127.0.0.1:9/simple")
    with pytest.raises(OutsideError, match="answered 401") as caught:
        fetch_wheels([pin], debian, cache, silent, indexes=HERE)
    assert "s3cret" not in caught.value.message


def test_a_folder_of_wheels_needs_no_network(debian: Target, cache: Cache, tmp_path: Path) -> None:
    data = small_wheel("alpha", "2.0")
    path = tmp_path / "wheels here" / ALPHA
    path.parent.mkdir()
    path.write_bytes(data)
    pin = Pin(name="alpha", version="2.0", filename=ALPHA, digest=Digest.of(data), url=path.as_uri())
    (wheel,) = fetch_wheels([pin], debian, cache, silent, indexes=HERE)
    assert wheel.path.read_bytes() == data
    gone = replace(pin, digest=Digest("0" * 64), url=(tmp_path / "gone.whl").as_uri())
    with pytest.raises(OutsideError, match=f"cannot fetch {ALPHA}: .*No such file"):
        fetch_wheels([gone], debian, cache, silent, indexes=HERE)
