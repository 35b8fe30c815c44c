from base64 import b64encode
from pathlib import Path

import pytest

from tests.web_registry import serving
from toolkit.cache.store import Cache
from toolkit.debian.fetching import File, Mirrors
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.progress import silent


def test_a_login_of_the_mirror_is_sent_there_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    with serving(tmp_path) as site, serving(tmp_path) as other:
        site.user = "me:secret-word"
        environ = {"COMP_DEBIAN_MIRROR": site.address.replace("http://", "http://me:secret-word@"), "NETRC": "/none"}
        mirrors = Mirrors(Cache(tmp_path / "cache"), environ, silent)
        assert mirrors.document(f"{site.address}/x") == b"1"
        assert mirrors.document(f"{site.address}/none") is None
        assert mirrors.document(f"{other.address}/x") == b"1"
    assert site.logins[0] == f"Basic {b64encode(b'me:secret-word').decode()}"
    assert other.logins == [None]


def test_a_file_is_fetched_once_and_refused_with_another_digest(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"1")
    cache = Cache(tmp_path / "cache")
    with serving(tmp_path) as site:
        mirrors = Mirrors(cache, {}, silent)
        file = File(filename="x", digest=Digest.of(b"1"), size=1, url=f"{site.address}/x")
        mirrors.fetch(file)
        mirrors.fetch(file)
        assert len(site.asked) == 1
        with pytest.raises(OutsideError, match="x"):
            mirrors.fetch(File(filename="x", digest=Digest.of(b"2"), size=1, url=f"{site.address}/x"))
        with pytest.raises(OutsideError, match="longer than the 0 bytes"):
            mirrors.fetch(File(filename="x", digest=Digest.of(b"3"), size=0, url=f"{site.address}/x"))
