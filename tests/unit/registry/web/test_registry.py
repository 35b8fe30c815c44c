"""A registry on a web server: what it asks for, and a server whose files contradict each other."""

import gzip
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.releases import contract, publish, release
from tests.web_registry import Site, serving
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.registry.finding import find
from toolkit.registry.folder import layout
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.index import IndexLine, index_bytes, index_line
from toolkit.registry.marks import Yank
from toolkit.registry.names import Name, parse_request
from toolkit.registry.release import CONTRACT, README, Release
from toolkit.registry.semver import parse_version
from toolkit.registry.web.registry import HttpRegistry

TRAIN = Name("ml", "train")
ONE, TWO = parse_version("1.0.0"), parse_version("2.0.0")


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return {"NETRC": os.devnull, "COMP_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three releases, a day old."""
    registry = Directory.create(tmp_path_factory.mktemp("published") / "registry")
    publish(registry, release("1.0.0", readme=b"# Train\n"), readme=b"# Train\n")
    publish(registry, release("2.0.0"))
    publish(registry, release("0.1.0", name="clean"))
    for path in registry.root.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return registry.root


@pytest.fixture
def folder(tmp_path: Path, published: Path) -> Directory:
    shutil.copytree(published, tmp_path / "served")
    return Directory.open(tmp_path / "served")


@pytest.fixture
def site(folder: Directory) -> Iterator[Site]:
    with serving(folder.root) as site:
        yield site


def opened(site: Site, environ: Mapping[str, str], **more: str) -> HttpRegistry:
    """Open the registry as a new command would."""
    return HttpRegistry.open(site.place, {**environ, **more})


def line_of(new: Release) -> IndexLine:
    return index_line(new, new.to_bytes())


def rewrite(folder: Directory, path: str, data: bytes) -> None:
    (folder.root / path).write_bytes(data)


def test_it_says_what_the_folder_says(folder: Directory, site: Site, environ: Mapping[str, str]) -> None:
    folder.change_marks(TRAIN, lambda marks: marks.with_yank(ONE, Yank(reason="it leaks", at="2026-01-01T00:00:00Z")))
    registry = opened(site, environ)
    assert registry.config() == folder.config()
    assert registry.names() == folder.names() == [Name("ml", "clean"), TRAIN]
    assert registry.versions(TRAIN) == folder.versions(TRAIN) == [ONE, TWO]
    assert registry.versions(Name("ml", "none")) == []
    assert list(registry.entries()) == list(folder.entries())
    assert [entry.name for entry in registry.entries(["clean"])] == ["ml/clean"]
    assert (registry.marks(TRAIN), registry.marks(Name("ml", "clean"))) == (
        folder.marks(TRAIN),
        folder.marks(Name("ml", "clean")),
    )
    first = registry.release(TRAIN, ONE)
    assert first == folder.release(TRAIN, ONE)
    assert registry.content(first, CONTRACT) == contract("1.0.0")
    assert registry.content(first, README) == b"# Train\n"
    with pytest.raises(KeyError):
        registry.content(first, "LICENSE")


def test_a_second_command_asks_whether_little_has_changed(site: Site, environ: Mapping[str, str]) -> None:
    for _ in range(2):
        registry = opened(site, environ)
        registry.content(find(registry, parse_request("ml/train@^1")), CONTRACT)
    index, marks = layout.index(TRAIN), layout.marks(TRAIN)
    asked = [("config.json", 200), (index, 200), (marks, 404), (layout.record(TRAIN, ONE), 200)]
    asked.append((layout.blob(Digest.of(contract("1.0.0"))), 200))
    assert site.news() == [*asked, ("config.json", 304), (index, 304), (marks, 404)]


def test_without_the_server_all_that_was_seen_is_there(
    folder: Directory, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(folder.root) as site:
        registry = opened(site, environ)
        registry.content(find(registry, parse_request("ml/train@^1")), CONTRACT)
        names = registry.names()
    registry = opened(site, environ)
    assert registry.names() == names
    found = find(registry, parse_request("ml/train@^1"))
    assert registry.content(found, CONTRACT) == contract("1.0.0")
    [warning] = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert warning.endswith(f"; using what was seen of {site.address} a moment ago")
    quiet = opened(site, environ, COMP_OFFLINE="1")
    with pytest.raises(OutsideError, match="is not in the cache, and comp is offline"):
        quiet.release(TRAIN, TWO)


def test_a_record_that_differs_from_the_index_is_refused(
    folder: Directory, site: Site, environ: Mapping[str, str]
) -> None:
    path = layout.record(TRAIN, ONE)
    changed = release("1.0.0", content=b"name: Other\n").to_bytes()
    rewrite(folder, path, changed)
    registry = opened(site, environ)
    with pytest.raises(OutsideError) as caught:
        registry.release(TRAIN, ONE)
    index = f"{site.address}/{layout.index(TRAIN)}"
    expected = json.loads((folder.root / layout.index(TRAIN)).read_bytes().splitlines()[0])["record"]
    assert caught.value.message == (
        f"{site.address}/{path} has the digest {Digest.of(changed)}, and the index {index} says {expected}"
    )


def test_an_index_that_lies_is_refused(folder: Directory, site: Site, environ: Mapping[str, str]) -> None:
    true = line_of(release("2.0.0"))
    lie = index_bytes(
        [
            type(true)(
                **{name: getattr(true, name) for name in true.__struct_fields__} | {"digest": str(Digest.of(b"x"))}
            )
        ]
    )
    rewrite(folder, layout.index(TRAIN), lie)
    with pytest.raises(
        OutsideError, match=f"says that ml/train@2.0.0 has the digest {Digest.of(b'x')}, and its record"
    ):
        opened(site, environ).release(TRAIN, TWO)


@pytest.mark.parametrize(
    "index",
    [
        b"{}\n",
        b"[" * 100_000,
        index_bytes([line_of(release("1.0.0", name="clean"))]),
        index_bytes([line_of(release())]).replace(b'"sha256:', b'"sha256:../../'),
        index_bytes([line_of(release())]).replace(b'"1.0.0"', b'"../../1"'),
        index_bytes([line_of(release()), line_of(release())]),
    ],
)
def test_an_index_that_is_none_is_refused(
    folder: Directory, site: Site, environ: Mapping[str, str], index: bytes
) -> None:
    rewrite(folder, layout.index(TRAIN), index)
    with pytest.raises(OutsideError, match=r"train\.jsonl cannot be read"):
        opened(site, environ).versions(TRAIN)


def test_a_release_that_changes_or_goes_is_reported(
    folder: Directory, site: Site, environ: Mapping[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    opened(site, environ).versions(TRAIN)
    rewrite(folder, layout.index(TRAIN), index_bytes([line_of(release("1.0.0", content=b"name: Other\n"))]))
    os.utime(folder.root / layout.index(TRAIN), (2_000_000_000, 2_000_000_000))
    assert opened(site, environ).versions(TRAIN) == [ONE]
    old, new = Digest.of(contract("1.0.0")), Digest.of(b"name: Other\n")
    assert [record.message for record in caplog.records] == [
        f"ml/train@1.0.0 has changed: it was {old}, and is {new} now",
        "ml/train@2.0.0 is no longer in the registry",
    ]
    caplog.clear()
    opened(site, environ).versions(TRAIN)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("catalogue", "message"),
    [
        (gzip.compress(bytes(9_000_000)), "exceeds the limit of 1.0 MB"),
        (b"\x1f\x8b\x08\x04 and no more", "cannot be read: not a catalogue"),
        (b"[1]\n", "cannot be read: not a catalogue"),
        (None, r"has no catalogue: there is no http\S+/catalog\.jsonl\.gz"),
    ],
    ids=["bomb", "damaged", "another", "missing"],
)
def test_a_bad_catalogue_is_refused(
    folder: Directory,
    site: Site,
    environ: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    catalogue: bytes | None,
    message: str,
) -> None:
    monkeypatch.setenv("COMP_LIMIT_CATALOGUE_SIZE", "1000000")
    path = folder.root / layout.CATALOGUE
    path.unlink()
    if catalogue is not None:
        path.write_bytes(catalogue)
    with pytest.raises(OutsideError, match=message):
        opened(site, environ).names()


def test_a_catalogue_that_was_decompressed_on_the_way_is_read(
    folder: Directory, site: Site, environ: Mapping[str, str]
) -> None:
    path = folder.root / layout.CATALOGUE
    path.write_bytes(gzip.decompress(path.read_bytes()))
    assert opened(site, environ).names() == [Name("ml", "clean"), TRAIN]


def test_another_folder_or_a_newer_registry_is_refused(
    folder: Directory, site: Site, environ: Mapping[str, str]
) -> None:
    rewrite(folder, layout.CONFIG, b'{"api": 2}')
    with pytest.raises(InputError, match="is a registry of api 2, this program knows 1"):
        opened(site, environ)
    rewrite(folder, layout.CONFIG, b"[]")
    with pytest.raises(OutsideError, match=r"config\.json is damaged"):
        opened(site, environ)
    (folder.root / layout.CONFIG).unlink()
    with pytest.raises(InputError, match=r"is not a component registry: there is no http\S+/config\.json"):
        opened(site, environ)
