"""Where made bases go."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import NEW, debian_base
from tests.fake_remote import FakeRemote, serving
from toolkit.bases.writing import check_place, push_base, write_base, write_base_archive
from toolkit.cache.store import Cache
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError, UsageError
from toolkit.job.context import BuildContext
from toolkit.oci.archive import read_archive
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image, Layer
from toolkit.oci.layout import read_layout
from toolkit.oci.reference import parse_reference

AMD64 = Platform("linux", "amd64")


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def test_a_layout_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "base"
    for image in (debian_base(), debian_base(NEW)):
        write_base(image, folder, name="debian-bookworm")
        assert read_layout(folder, platform=AMD64).digest == image.digest
    # Nothing of the older one stays.
    assert len([*(folder / "blobs" / "sha256").iterdir()]) == 3

    def lost() -> Iterator[bytes]:
        yield b""
        raise OSError(28, "No space left on device")

    whole = debian_base({"a": "1"})
    layers = tuple(Layer(descriptor=each.descriptor, diff_id=each.diff_id, chunks=lost) for each in whole.layers)
    broken = Image(media_type=whole.media_type, manifest=whole.manifest, config=whole.config, layers=layers)
    with pytest.raises(OutsideError, match="No space left"):
        write_base(broken, folder, name="x")
    assert read_layout(folder, platform=AMD64).digest == debian_base(NEW).digest
    assert [path.name for path in folder.parent.iterdir()] == ["base"]


def test_what_is_not_a_layout_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(UsageError, match="exists and is not an image layout"):
            write_base(debian_base(), place, name="x")
    assert (tmp_path / "file").read_text() == "mine"
    check_place(tmp_path / "new")


def test_an_archive(tmp_path: Path) -> None:
    write_base_archive(debian_base(), tmp_path / "a" / "base.tar", name="debian-bookworm:latest")
    image = read_archive(tmp_path / "a" / "base.tar", platform=AMD64, cache=Cache(tmp_path / "cache"))
    assert image.config == debian_base().config


def test_a_push_sets_all_tags(tmp_path: Path, remote: FakeRemote) -> None:
    context = BuildContext(cache=Cache(tmp_path / "cache"), environ={})
    image = debian_base()
    pushed = push_base(image, parse_reference(f"{remote.host}/team/base:1"), ["1.2", "latest"], context)
    assert str(pushed) == f"{remote.host}/team/base:1@{image.digest}"
    assert remote.tags["team/base"] == dict.fromkeys(("1", "1.2", "latest"), str(image.digest))
    with pytest.raises(UsageError, match="names a digest, which a push decides"):
        push_base(image, parse_reference(f"{remote.host}/team/base@{Digest('a' * 64)}"), [], context)
    with pytest.raises(InputError, match="no valid"):
        push_base(image, parse_reference(f"{remote.host}/team/base:1"), ["no valid"], context)
