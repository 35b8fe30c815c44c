from toolkit.digest import Digest
from toolkit.registry.folder import layout
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")


def test_the_paths_are_those_of_the_document() -> None:
    """A registry on a web server is read by programs that are older or newer than the one that wrote it."""
    digest = Digest.of(b"")
    version = parse_version("1.0.0-rc.1")
    assert [
        layout.record(TRAIN, version),
        layout.marks(TRAIN),
        layout.blob(digest),
        layout.index(TRAIN),
        layout.newest(TRAIN),
        layout.tagged(TRAIN, version),
        layout.pinned(TRAIN, digest),
    ] == [
        "c/ml/train/v/1.0.0-rc.1.json",
        "c/ml/train/marks.json",
        f"blobs/sha256/e3/{digest.hex}",
        "index/cf/ml/train.jsonl",
        "c/ml/train/component.yaml",
        "c/ml/train/versions/tags/1.0.0-rc.1",
        f"c/ml/train/versions/sha256/{digest.hex}",
    ]


def test_components_are_spread_over_all_shards() -> None:
    assert {layout.shard(Name("ml", f"step-{number}")) for number in range(3000)} == set(range(layout.SHARDS))
