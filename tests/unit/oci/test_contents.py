import tarfile
from pathlib import Path

import pytest

from tests.hostile.tars import header, pax, sparse, whole
from tests.images import layer_of, tar_of, zstd_of
from toolkit.digest import Digest
from toolkit.errors import InputError
from toolkit.oci.contents import layer_tar, members
from toolkit.oci.image import Layer


def test_members_come_one_after_the_other_whatever_the_compression() -> None:
    tar = tar_of("a", "b/c")
    gzipped = layer_of(tar)
    zstd = layer_of(tar, compressed=zstd_of(tar), media_type="application/vnd.oci.image.layer.v1.tar+zstd")
    plain = layer_of(tar, compressed=tar, media_type="application/vnd.oci.image.layer.v1.tar")
    for layer in (gzipped, zstd, plain):
        with layer_tar(layer) as archive:
            assert [member.name for member in members(archive)] == ["a", "b/c"]


def test_another_content_than_the_config_promises_is_refused_at_the_end() -> None:
    layer = layer_of(tar_of("a"))
    other = Layer(descriptor=layer.descriptor, diff_id=Digest.of(b"other"), chunks=layer.chunks)
    with pytest.raises(InputError, match="the image's config says sha256:"), layer_tar(other) as archive:
        assert [member.name for member in members(archive)] == ["a"]


def test_a_sparse_file_that_is_one_is_read() -> None:
    layer = layer_of(whole(sparse((0, 0), (50, 0))))
    with layer_tar(layer) as archive:
        assert [(member.name, member.size) for member in members(archive)] == [("sparse", 100)]


def test_the_header_recipes_make_what_they_say(tmp_path: Path) -> None:

    (tmp_path / "a.tar").write_bytes(whole(header("x", data=b"abc") + pax({"path": "long"}, data=b"d")))
    with tarfile.open(tmp_path / "a.tar") as archive:
        assert [(member.name, member.size) for member in archive] == [("x", 3), ("long", 1)]


@pytest.mark.parametrize("time", ["nan", "inf", "-inf", "1e300"])
def test_a_time_beyond_all_calendars_is_refused(time: str) -> None:
    layer = layer_of(whole(pax({"mtime": time}, "x")))
    with pytest.raises(InputError, match="'x' has the time"), layer_tar(layer) as archive:
        list(members(archive))
