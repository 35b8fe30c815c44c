"""A registry in a commit of a stranger's: what is no file of a registry is not read as one."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from tests.releases import contract, release
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.registry.folder import layout
from toolkit.registry.git.commit import CommitRegistry
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.marks import Marks
from toolkit.registry.names import Name
from toolkit.registry.release import CONTRACT
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
ONE = parse_version("1.0.0")
CONFIG = {"config.json": ("100644", b'{"api": 1}')}
RECORD, BLOB = layout.record(TRAIN, ONE), layout.blob(Digest.of(contract("1.0.0")))
SOUND = {RECORD: ("100644", release().to_bytes()), BLOB: ("100644", contract("1.0.0"))}


@pytest.fixture
def upstream(tmp_path: Path) -> Upstream:
    return make_upstream(tmp_path / "upstream.git")


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "cache")


def read(upstream: Upstream, environ: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> CommitRegistry:
    upstream.put({**CONFIG, **files})
    return GitRegistry.read(upstream.place, environ)


def test_a_sound_release_is_read(upstream: Upstream, environ: Mapping[str, str]) -> None:
    registry = read(upstream, environ, SOUND)
    assert registry.names() == [TRAIN]
    found = registry.release(TRAIN, ONE)
    assert (found, registry.content(found, CONTRACT)) == (release(), contract("1.0.0"))
    assert registry.record(TRAIN, ONE) == release().to_bytes()
    assert (registry.marks(TRAIN), registry.versions(Name("ml", "none"))) == (Marks(), [])
    with pytest.raises(OutsideError, match=r"2\.0\.0\.json is missing"):
        registry.release(TRAIN, parse_version("2.0.0"))


def test_links_lead_nowhere(upstream: Upstream, environ: Mapping[str, str], tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(contract("1.0.0"))
    links = {BLOB: str(secret).encode(), "c/ml/link": b"train", "c/x": b".."}
    registry = read(upstream, environ, SOUND | {path: ("120000", target) for path, target in links.items()})
    assert registry.names() == [TRAIN]
    with pytest.raises(OutsideError, match="the registry lacks the blob"):
        registry.content(registry.release(TRAIN, ONE), CONTRACT)


def test_names_that_no_component_can_have_are_left_out(upstream: Upstream, environ: Mapping[str, str]) -> None:
    record = SOUND[RECORD]
    strange = {f"c/{name}/v/1.0.0.json": record for name in ("ML/train", "ml/Train", "ml/tráin", "ml/-x", "ml/a b")}
    registry = read(upstream, environ, {**SOUND, **strange, f"c/ml/{'x' * 300}/v/1.0.0.json": record})
    assert registry.names() == [TRAIN]


def test_trees_that_git_itself_refuses_to_check_out_reach_no_file(
    upstream: Upstream, environ: Mapping[str, str], tmp_path: Path
) -> None:
    read(upstream, environ, SOUND)
    blob = upstream.git("rev-parse", f"main:{RECORD}").strip()

    def tree(**entries: str) -> str:
        # In the order that git has, or it would not find them.
        data = b"".join(
            (b"100644 " if name.endswith("json") else b"40000 ") + os.fsencode(name) + b"\0" + bytes.fromhex(identity)
            for name, identity in entries.items()
        )
        return upstream.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=data).strip()

    train = tree(v=tree(**{"1.0.0.json": blob}))
    names = tree(**dict.fromkeys(["..", ".git", "train", "\udcff"], train))
    config = upstream.git("rev-parse", "main:config.json").strip()
    root = tree(**{"..": names, "c": tree(ml=names), "config.json": config})
    commit = upstream.git("commit-tree", "-p", "main", "-m", "bad", root).strip()
    upstream.git("update-ref", "refs/heads/main", commit)
    registry = GitRegistry.read(upstream.place, environ)
    assert registry.names() == [TRAIN]
    assert [entry.name for entry in registry.entries()] == ["ml/train"]
    assert not [*tmp_path.rglob("1.0.0.json")]


def test_a_file_among_records_is_named(upstream: Upstream, environ: Mapping[str, str]) -> None:
    registry = read(upstream, environ, {**SOUND, "c/ml/train/v/evil.json": ("100644", b"{}")})
    with pytest.raises(OutsideError, match="train/v has a file that is not a record"):
        registry.versions(TRAIN)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({RECORD: ("100644", b"{")}, r"1\.0\.0\.json is damaged"),
        ({RECORD: ("100644", release("1.1.0").to_bytes())}, r"is of ml/train@1\.1\.0"),
        ({BLOB: ("100644", b"other")}, "is damaged: its digest is"),
        ({RECORD: ("100644", b"x" * 17_000_000)}, "exceeds the limit of 16.0 MB"),
    ],
    ids=["cut off", "of another", "damaged blob", "too large"],
)
def test_a_damaged_file_is_named(
    upstream: Upstream, environ: Mapping[str, str], files: Mapping[str, tuple[str, bytes]], message: str
) -> None:
    registry = read(upstream, environ, {**SOUND, **files})
    with pytest.raises(OutsideError, match=message):
        registry.content(registry.release(TRAIN, ONE), CONTRACT)


def test_damaged_marks_are_named(upstream: Upstream, environ: Mapping[str, str]) -> None:
    registry = read(upstream, environ, {**SOUND, layout.marks(TRAIN): ("100644", b"[]")})
    with pytest.raises(OutsideError, match=r"marks\.json are damaged"):
        registry.marks(TRAIN)


def test_a_newer_registry_is_refused(upstream: Upstream, environ: Mapping[str, str]) -> None:
    with pytest.raises(InputError, match="is a registry of api 2, this program knows 1"):
        read(upstream, environ, {"config.json": ("100644", b'{"api": 2}')})


def test_nothing_is_written_over_what_is_no_folder(upstream: Upstream, environ: Mapping[str, str]) -> None:
    registry = read(upstream, environ, {"c/ml": ("120000", b"/etc"), "blobs": ("100644", b"")})
    for path in (RECORD, BLOB):
        with pytest.raises(OutsideError, match="is not a folder"):
            registry.check_room([path])
    registry.check_room(["other/x"])


def test_lists_read_only_what_changed(
    upstream: Upstream, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = read(upstream, environ, SOUND)
    assert [entry.version for entry in registry.entries()] == ["1.0.0"]
    other = Name("ml", "clean")
    new = {layout.record(other, ONE): ("100644", release(name="clean").to_bytes())}
    registry = read(upstream, environ, new)
    asked: list[str] = []
    record = CommitRegistry.record

    def noted(self: CommitRegistry, *arguments: object) -> bytes:
        asked.append(str(arguments[0]))
        return record(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(CommitRegistry, "record", noted)
    assert [entry.name for entry in registry.entries()] == ["ml/clean", "ml/train"]
    assert asked == ["ml/clean"]
