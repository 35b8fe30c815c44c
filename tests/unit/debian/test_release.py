from datetime import UTC, datetime

import pytest

from toolkit.debian.release import read_release
from toolkit.debian.sources import Source
from toolkit.errors import RemoteError

SOURCE = Source(archive="debian", suite="bookworm", components=("main",))
HEX = "a" * 64
TEXT = f"""Suite: oldstable
Codename: bookworm
Valid-Until: Wed, 02 Dec 2026 02:22:30 UTC
Acquire-By-Hash: yes
SHA256:
 {HEX} 10 main/binary-amd64/Packages.gz
 {HEX} 8 main/binary-amd64/Packages.xz
 {HEX} 30 main/binary-amd64/Packages
"""
BEFORE = datetime(2026, 12, 1, tzinfo=UTC)
AFTER = datetime(2026, 12, 3, tzinfo=UTC)


def test_the_smallest_index_is_chosen() -> None:
    release = read_release(TEXT, SOURCE, "http://m", now=BEFORE)
    listed = release.packages("main", "amd64")
    assert listed
    assert (listed.path, listed.size, release.by_hash) == ("main/binary-amd64/Packages.xz", 8, True)
    assert release.packages("main", "arm64") is None


def test_a_suite_may_be_called_by_its_alias() -> None:
    alias = Source(archive="debian", suite="oldstable", components=("main",))
    assert read_release(TEXT, alias, "http://m", now=BEFORE).files


def test_another_suite_in_its_place_is_refused() -> None:
    with pytest.raises(RemoteError, match="it is that of buster"):
        read_release(TEXT.replace("bookworm", "buster"), SOURCE, "http://m", now=BEFORE)


def test_a_release_past_its_time_is_refused() -> None:
    with pytest.raises(RemoteError, match="was valid until 2026-12-02"):
        read_release(TEXT, SOURCE, "http://m", now=AFTER)


def test_a_snapshot_counts_at_its_own_time() -> None:
    address = "http://snapshot.example/archive/debian/20261201T000000Z/dists/bookworm"
    assert read_release(TEXT, SOURCE, address, now=AFTER).files
    with pytest.raises(RemoteError, match="was valid until"):
        read_release(TEXT, SOURCE, address.replace("1201T", "1205T"), now=BEFORE)


@pytest.mark.parametrize(
    "text", ["", "Codename: bookworm\n", TEXT.replace(HEX, "z"), TEXT.replace("02 Dec 2026", "never")]
)
def test_a_release_that_makes_no_sense_is_the_servers_fault(text: str) -> None:
    with pytest.raises(RemoteError):
        read_release(text, SOURCE, "http://m", now=BEFORE)


def test_a_date_without_a_zone_is_in_utc() -> None:
    with pytest.raises(RemoteError, match="was valid until 2026-12-02"):
        read_release(TEXT.replace("UTC", "-0000"), SOURCE, "http://m", now=AFTER)
