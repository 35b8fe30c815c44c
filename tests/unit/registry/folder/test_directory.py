import errno
import gzip
import json
import multiprocessing
import os
import signal
import sys
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.releases import publish, real_contract, real_release
from toolkit.digest import Digest
from toolkit.errors import InputError, OutsideError
from toolkit.interface.model import Input, Interface, Kind
from toolkit.registry.fault import Checked
from toolkit.registry.finding import find
from toolkit.registry.folder.directory import Directory
from toolkit.registry.folder.storage import Storage
from toolkit.registry.names import Name, parse_request
from toolkit.registry.release import CONTRACT, Release, ReleaseFile
from toolkit.registry.semver import parse_version

PUBLISHERS = 8
CHANGES = {f"os.{call}" for call in ("chmod", "link", "mkdir", "remove", "rename", "rmdir", "truncate", "utime")}


def _release(version: str = "1.0.0", *, name: str = "train", content: bytes = b"name: Train\n") -> Release:
    port = Input(name="c", type="Float", kind=Kind.PARAMETER, default="1.0")
    return Release(
        name=Name("ml", name),
        version=parse_version(version),
        digest=Digest.of(content),
        image="registry.example.com/ml/train@sha256:" + "0" * 64,
        title="Train",
        description="Fit a model",
        interface=Interface(inputs=(port,)),
        published="2026-01-31T12:00:00Z",
    )


def _publish(registry: Directory, version: str = "1.0.0", content: bytes = b"name: Train\n") -> bool:
    return registry.publish(_release(version, content=content), {CONTRACT: content})


def test_a_release_is_found_again(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path / "registry")
    assert _publish(registry)
    found = find(Directory.open(tmp_path / "registry"), parse_request("ml/train"))
    assert found == _release()
    assert registry.content(found, CONTRACT) == b"name: Train\n"


def test_the_same_release_again_changes_nothing(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"}
    assert not _publish(registry)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_another_content_for_a_version_is_refused(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    _publish(registry, "1.0.1")
    with pytest.raises(InputError, match=r"ml/train@1\.0\.0 is published already") as caught:
        _publish(registry, "1.0.0", b"name: Other\n")
    assert caught.value.hint == "releases never change; the next free version is 1.0.2"
    assert registry.content(find(registry, parse_request("ml/train@1.0.0")), CONTRACT) == b"name: Train\n"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", "2.0.0"),
        ("@1.2.0", "1.2.0"),
        ("@^1", "1.10.0"),
        ("@~1.2", "1.2.5"),
        ("@3.0.0-rc.1", "3.0.0-rc.1"),
        (f"@{Digest.of(b'1.2.5')}", "1.2.5"),
    ],
)
def test_the_newest_allowed_version_is_chosen(tmp_path: Path, selector: str, expected: str) -> None:
    registry = Directory.create(tmp_path)
    for version in ("1.10.0", "1.2.0", "1.2.5", "2.0.0", "3.0.0-rc.1"):
        _publish(registry, version, version.encode())
    assert str(find(registry, parse_request(f"train{selector}")).version) == expected


def test_a_name_without_namespace_must_be_the_only_one(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    registry.publish(replace(_release(), name=Name("nlp", "train")), {CONTRACT: b"name: Train\n"})
    with pytest.raises(InputError, match="several components") as caught:
        find(registry, parse_request("train"))
    assert caught.value.hint == "one of ml/train, nlp/train"
    with pytest.raises(InputError, match="has no component ml/tarin"):
        find(registry, parse_request("ml/tarin"))


def test_the_indexes_agree_with_the_records(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    for version in ("1.0.0", "1.1.0"):
        _publish(registry, version, version.encode())
    (index,) = (tmp_path / "index").rglob("*.jsonl")
    assert [json.loads(line)["version"] for line in index.read_text().splitlines()] == ["1.0.0", "1.1.0"]
    catalogue = gzip.decompress((tmp_path / "catalog.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(line)["version"] for line in catalogue] == ["1.1.0"]
    store = tmp_path / "c" / "ml" / "train"
    assert (store / "component.yaml").read_bytes() == b"1.1.0"
    assert (store / "versions" / "tags" / "1.0.0").read_bytes() == b"1.0.0"
    assert (store / "versions" / "sha256" / Digest.of(b"1.0.0").hex).read_bytes() == b"1.0.0"


def _race(root: Path, number: int, start: object, results: object) -> None:
    content = f"name: Publisher {number}\n".encode()
    start.wait()  # type: ignore[attr-defined]
    try:
        new = _publish(Directory.create(root), "1.0.0", content)
    except InputError:
        new = False
    results.put((number, new))  # type: ignore[attr-defined]


def test_of_eight_racing_publishers_exactly_one_wins(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(5):
        root = tmp_path / str(attempt)
        start, results = context.Barrier(PUBLISHERS), context.Queue()
        processes = [context.Process(target=_race, args=(root, number, start, results)) for number in range(PUBLISHERS)]
        for process in processes:
            process.start()
        outcomes = dict(results.get(timeout=60) for _ in processes)
        for process in processes:
            process.join(60)
            assert process.exitcode == 0
        winners = [number for number, new in outcomes.items() if new]
        assert len(winners) == 1
        registry = Directory.open(root)
        stored = registry.content(find(registry, parse_request("ml/train")), CONTRACT)
        assert stored == f"name: Publisher {winners[0]}\n".encode()


def _endless(root: Path) -> None:
    registry = Directory.create(root)
    for number in range(10_000):
        _publish(registry, f"1.0.{number}", f"{number}\n".encode())


def test_kill_9_in_the_middle_leaves_a_registry_that_reads_and_takes_more(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for attempt in range(4):
        process = context.Process(target=_endless, args=(tmp_path,))
        process.start()
        folder = tmp_path / "c" / "ml" / "train" / "v"
        wanted = (attempt + 1) * 7
        while process.is_alive() and (not folder.is_dir() or len(list(folder.glob("*.json"))) < wanted):
            process.join(0.001)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        registry = Directory.open(tmp_path)
        for version in registry.versions(Name("ml", "train")):
            registry.content(registry.release(Name("ml", "train"), version), CONTRACT)
    assert _publish(registry, "2.0.0", b"after\n")
    assert str(next(registry.entries()).version) == "2.0.0"


def _die_at(root: Path, step: int) -> None:
    left = iter(range(step))

    def count(event: str, arguments: tuple[object, ...]) -> None:
        # Everything that changes the disk in Python raises one of these; what only looks at it does not count.
        changes = event in CHANGES or (
            event == "open" and int(str(arguments[2])) & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)
        )
        if changes and next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    publish(Directory.create(root), real_release(), content=real_contract("1.0.0"))


def test_kill_9_at_every_change_of_the_disk_leaves_a_registry_that_reads_and_mends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    committed = []
    for step in range(1000):
        root = tmp_path / str(step)
        process = context.Process(target=_die_at, args=(root, step))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        if (root / "config.json").exists():
            left = Directory.open(root)
            found = [left.release(name, version) for name in left.names() for version in left.versions(name)]
            assert found in ([], [real_release()])
            assert all(fault.derived for fault in left.faults(Checked()))
            committed.append(bool(found))
        # Any publisher mends it, not only one of the same component.
        registry = Directory.create(root)
        publish(registry, real_release(name="other"), content=real_contract("1.0.0"))
        assert not list(registry.faults(Checked()))
        publish(registry, real_release(), content=real_contract("1.0.0"))
        assert [entry.name for entry in registry.entries()] == ["ml/other", "ml/train"]
    assert len(committed) > 20
    assert committed == sorted(committed)
    assert set(committed) == {False, True}


def _catalogue(root: Path) -> list[str]:
    lines = gzip.decompress((root / "catalog.jsonl.gz").read_bytes()).splitlines()
    return sorted(json.loads(line)["name"] for line in lines)


def _publish_one(root: Path, number: int) -> None:
    Directory.create(root).publish(_release(name=f"step-{number}"), {CONTRACT: b"name: Train\n"})


def test_publishers_of_different_components_all_reach_the_catalogue(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_publish_one, args=(tmp_path, number)) for number in range(PUBLISHERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert _catalogue(tmp_path) == [f"ml/step-{number}" for number in range(PUBLISHERS)]


def _pause_before_the_catalogue(root: Path, reached: Event, other_done: Event) -> None:
    def pause(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).endswith("catalog.jsonl.gz"):
            reached.set()
            other_done.wait(0.5)  # in vain: the other must wait for the lock that is held here

    sys.addaudithook(pause)
    _publish_one(root, 0)


def test_a_catalogue_is_never_replaced_by_an_older_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    reached, other_done = context.Event(), context.Event()
    slow = context.Process(target=_pause_before_the_catalogue, args=(tmp_path, reached, other_done))
    slow.start()
    assert reached.wait(60)
    _publish_one(tmp_path, 1)
    other_done.set()
    slow.join(60)
    assert slow.exitcode == 0
    assert _catalogue(tmp_path) == ["ml/step-0", "ml/step-1"]


def test_derived_files_are_the_same_bytes_wherever_they_are_made(tmp_path: Path) -> None:
    first, second = Directory.create(tmp_path / "1"), Directory.create(tmp_path / "2")
    for registry, versions in ((first, ("1.0.0", "1.1.0")), (second, ("1.1.0", "1.0.0"))):
        for version in versions:
            _publish(registry, version, version.encode())
    trees = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (first.root, second.root)
    ]
    assert trees[0] == trees[1]
    assert trees[0][Path("catalog.jsonl.gz")][4:8] == bytes(4)  # RFC 1952: no time
    for path in [tmp_path / "1" / "catalog.jsonl.gz", *(tmp_path / "1" / "index").rglob("*.jsonl")]:
        path.unlink()
    first.reindex()
    assert trees[0] == {path: (first.root / path).read_bytes() for path in trees[0]}


def test_a_damaged_component_does_not_stop_others(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = Directory.create(tmp_path)
    registry.publish(_release(name="broken"), {CONTRACT: b"name: Train\n"})
    (tmp_path / "c" / "ml" / "broken" / "v" / "1.0.0.json").write_text("[" * 100_000)
    assert _publish(registry)
    assert find(registry, parse_request("ml/train")) == _release()
    assert [entry.name for entry in registry.entries()] == ["ml/broken", "ml/train"]
    (tmp_path / "catalog.jsonl.gz").unlink()
    assert [entry.name for entry in registry.entries()] == ["ml/train"]
    assert "broken/v/1.0.0.json is damaged" in caplog.text


def test_publishing_again_mends_a_damaged_blob(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"")
    assert not _publish(registry)
    assert registry.content(_release(), CONTRACT) == b"name: Train\n"


def test_a_changed_readme_alone_does_not_change_a_release(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    readme = ReleaseFile(path="README.md", digest=Digest.of(b"new"), size=3)
    contents = {CONTRACT: b"name: Train\n", "README.md": b"new"}
    assert not registry.publish(replace(_release(), files=(readme,)), contents)
    assert "ml/train@1.0.0 keeps the README.md it was published with" in caplog.text


def test_a_record_in_the_wrong_place_and_a_stray_file_are_damage(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    folder = tmp_path / "c" / "ml" / "train" / "v"
    (folder / "1.0.1.json").write_bytes((folder / "1.0.0.json").read_bytes())
    with pytest.raises(OutsideError, match=r"1\.0\.1\.json is of ml/train@1\.0\.0"):
        find(registry, parse_request("train"))
    (folder / "notes.json").write_text("{}")
    with pytest.raises(OutsideError, match="a file that is not a record"):
        registry.versions(Name("ml", "train"))


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000])
def test_a_damaged_config_is_noticed(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(OutsideError, match="is damaged"):
        Directory.open(tmp_path)


def test_a_registry_of_another_time_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"api": 2}')
    with pytest.raises(InputError, match="is a registry of api 2, this program knows 1"):
        Directory.create(tmp_path)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match=r"cannot make a registry at .*file/registry: Not a directory"):
        Directory.create(tmp_path / "file" / "registry")
    registry = Directory.create(tmp_path / "registry")
    (tmp_path / "registry" / "c").write_text("")
    with pytest.raises(OutsideError, match=r"cannot write to the registry .*/registry: Not a directory"):
        _publish(registry)


def test_damage_is_noticed(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path)
    _publish(registry)
    release = find(registry, parse_request("train"))
    (blob,) = (path for path in (tmp_path / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"name: Evil\n")
    with pytest.raises(OutsideError, match="is damaged"):
        registry.content(release, CONTRACT)
    (record,) = (tmp_path / "c").rglob("v/*.json")
    record.write_text("{")
    with pytest.raises(OutsideError, match="damaged"):
        find(registry, parse_request("train"))


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not a registry"):
        Directory.create(tmp_path)
    with pytest.raises(InputError, match="is not a component registry"):
        Directory.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_new_files_are_open_to_those_who_share_the_folder(tmp_path: Path) -> None:
    """As in git's shared repositories: a second member of the group publishes too."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o2775)
    before = os.umask(0o022)
    try:
        registry = Directory.create(shared)
        _publish(registry)
        registry.reindex()
    finally:
        os.umask(before)
    modes = {str(path.relative_to(shared)): (path.is_dir(), path.stat().st_mode & 0o7777) for path in shared.rglob("*")}
    assert {mode for folder, mode in modes.values() if folder} == {0o2775}
    # Releases are read-only, and what follows them is not.
    files = {name: mode for name, (folder, mode) in modes.items() if not folder}
    immutable = {name for name, mode in files.items() if mode == 0o444}
    assert immutable == {name for name in files if name.startswith(("c/", "blobs/"))}
    assert {files[name] for name in files.keys() - immutable} == {0o664}


def test_new_files_in_a_private_folder_are_private(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o755)
    registry = Directory.create(tmp_path / "own")
    _publish(registry)
    assert all(not path.stat().st_mode & 0o022 for path in (tmp_path / "own").rglob("*"))


@pytest.mark.parametrize("place", ["c", "c/ml", "c/ml/train", "c/ml/train/v", "blobs"])
def test_a_link_does_not_lead_out_of_the_registry(tmp_path: Path, place: str) -> None:
    registry = Directory.create(tmp_path / "registry")
    (tmp_path / "home").mkdir()
    link = tmp_path / "registry" / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(tmp_path / "home")
    with pytest.raises(InputError, match=r"would be written to .*, outside of"):
        _publish(registry)
    assert not list((tmp_path / "home").iterdir())


def test_a_record_that_is_a_pipe_is_damaged(tmp_path: Path) -> None:
    registry = Directory.create(tmp_path / "registry")
    _publish(registry)
    record = tmp_path / "registry" / "c" / "ml" / "train" / "v" / "1.0.0.json"
    record.unlink()
    os.mkfifo(record)
    with pytest.raises(OutsideError, match=r"1\.0\.0\.json is damaged: "):
        find(registry, parse_request("ml/train"))


def test_a_full_disk_after_the_record_is_an_error_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Directory.create(tmp_path)
    real = Storage.replace

    def replace_(storage: Storage, name: str, data: bytes, **options: bool) -> None:
        if name.startswith("index/"):
            raise OSError(errno.ENOSPC, "No space left on device", name)
        real(storage, name, data, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Storage, "replace", replace_)
        with pytest.raises(OutsideError, match=r"ml/train@1\.0\.0 is published, but .* No space left") as caught:
            _publish(registry)
    assert caught.value.hint == "the next publish mends it, and so does `comp registry reindex`"
    assert registry.names() == [Name("ml", "train")]
    # Any publisher mends it, not only one of the same component.
    registry.publish(_release(name="other"), {CONTRACT: b"name: Train\n"})
    assert [entry.name for entry in registry.entries()] == ["ml/other", "ml/train"]
    assert not [fault for fault in registry.faults(Checked()) if fault.derived]
