"""What a layer lists is the same from the cache, from the layer, and from the files that it was made of."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.images import layer_of, tar_of, tar_of_tree
from toolkit.cache.store import Cache
from toolkit.errors import InputError
from toolkit.oci import listing as module
from toolkit.oci.descriptor import OCI_LAYER, Descriptor
from toolkit.oci.file import File, Stream
from toolkit.oci.image import Layer
from toolkit.oci.layer import compressed
from toolkit.oci.listing import Entry, LayerListing, list_layer
from toolkit.oci.recipe import remember
from toolkit.oci.tree import Kind, Tree

METADATA = "opt/comp/site/numpy-1.0.dist-info/METADATA"
LAYER = layer_of(
    tar_of_tree(
        {
            "site": None,
            METADATA: b"Name: numpy\n",
            "site/numpy.py": b"code",
            "site/link": "numpy.py",
            "site/hard": f"hard:{METADATA}",
            "site/.wh.old": b"",
        }
    )
)


def unreadable() -> Iterator[bytes]:
    raise AssertionError("the layer was read")


def test_a_layer_is_read_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    entries = [*list_layer(LAYER, cache)]
    assert entries == [
        Entry("site", Kind.FOLDER),
        Entry(METADATA, Kind.FILE, "", b"Name: numpy\n"),
        Entry("site/numpy.py", Kind.FILE),
        Entry("site/link", Kind.LINK, "numpy.py"),
        Entry("site/hard", Kind.HARD_LINK, METADATA),
        Entry("site/.wh.old", Kind.FILE),
    ]
    assert [*list_layer(replace(LAYER, chunks=unreadable), cache)] == entries
    cache.prune(older_than=-1)
    assert [*list_layer(LAYER, cache)] == entries


def test_a_layer_is_known_by_both_digests(tmp_path: Path) -> None:
    """An image may claim the diff_id of another's layer for its own."""
    cache = Cache(tmp_path)
    assert [*list_layer(LAYER, cache)]
    forged = replace(layer_of(tar_of("other")), diff_id=LAYER.diff_id)
    with pytest.raises(InputError, match="the image's config says"):
        [*list_layer(forged, cache)]
    # And nothing of it is kept.
    with pytest.raises(InputError, match="the image's config says"):
        [*list_layer(forged, cache)]


def records(cache: Cache) -> list[Path]:
    return [*(cache.root / "records" / LayerListing.KIND).rglob("*.json")]


@pytest.mark.parametrize("entries", ["***", "AAAA", "eJyTZwAAAJkAIQ==", ""])
def test_a_damaged_record_counts_as_absent(tmp_path: Path, entries: str) -> None:
    cache = Cache(tmp_path)
    expected = [*list_layer(LAYER, cache)]
    (record,) = records(cache)
    whole = record.read_bytes()
    record.write_text(f'{{"entries": "{entries}"}}')
    assert [*list_layer(LAYER, cache)] == expected
    assert record.read_bytes() == whole


def test_a_large_listing_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 200)
    cache = Cache(tmp_path)
    assert len([*list_layer(LAYER, cache)]) == 6
    assert records(cache) == []


def test_a_file_above_the_limit_is_refused_whatever_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    assert [*list_layer(LAYER, cache)]
    monkeypatch.setenv("COMP_LIMIT_PACKAGE_FILE_SIZE", "5")
    with pytest.raises(
        InputError, match=r"the image's /opt/comp/site/numpy-1\.0\.dist-info/METADATA exceeds the limit of 5 B"
    ):
        [*list_layer(LAYER, cache)]


def test_a_layer_that_was_made_is_known_as_one_that_was_read(tmp_path: Path) -> None:
    content = Stream(chunks=lambda: iter([b"Name: ", b"numpy\n"]), size=12)
    files = [
        File(path=METADATA, content=content),
        File(path="opt/comp/site/numpy-1.0.dist-info/RECORD", content=b"x"),
        File(path="opt/comp/site/numpy-1.0.dist-info/sboms/a.json", content=b"{}"),
        File(path="opt/comp/site/bin/python", target="/usr/bin/python3"),
    ]
    made, read = Cache(tmp_path / "made"), Cache(tmp_path / "read")
    measured = remember(made, "layer", lambda: files)
    descriptor = Descriptor(media_type=OCI_LAYER, digest=measured.digest, size=measured.size)
    layer = Layer(descriptor=descriptor, diff_id=measured.diff_id, chunks=lambda: compressed(files))
    expected = [*list_layer(layer, read)]
    assert [*list_layer(replace(layer, chunks=unreadable), made)] == expected
    assert [path.read_bytes() for path in records(made)] == [path.read_bytes() for path in records(read)]
    assert {entry.path: entry.content for entry in expected if entry.content is not None} == {
        METADATA: b"Name: numpy\n",
        "opt/comp/site/numpy-1.0.dist-info/sboms/a.json": b"{}",
    }


NAMES = st.sampled_from(["a", "b", ".wh.a", ".wh.b", ".wh..wh..opq", "x-1.dist-info"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
LAYERS = st.lists(st.lists(PATHS, max_size=5), min_size=1, max_size=3)


@given(layers=LAYERS)
def test_entries_leave_the_same_tree_as_layers(
    layers: Sequence[Sequence[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    read, listed = Tree(), Tree()
    for paths in layers:
        layer = layer_of(tar_of(*paths))
        read.apply(layer)
        assert len([*list_layer(layer, cache)]) == len(paths)
        listed.begin()
        for entry in list_layer(replace(layer, chunks=unreadable), cache):
            listed.take(entry.path, entry.kind, entry.target)
    assert (listed.files, listed.links, listed.parents()) == (read.files, read.links, read.parents())
