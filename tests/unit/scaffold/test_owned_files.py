import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.errors import InputError
from toolkit.limits import RECORD_SIZE
from toolkit.scaffold.owned_files import OwnedFiles, State


@pytest.fixture
def owned(tmp_path: Path) -> OwnedFiles:
    return OwnedFiles(folder=tmp_path, record="beside/record.json", files={"a": b"one\n", "beside/b": b"two\n"})


def _write(owned: OwnedFiles, *, force: bool = False) -> list[str]:
    return owned.write(owned.states(), force=force)


def test_what_is_missing_is_written_and_then_fresh(owned: OwnedFiles) -> None:
    assert owned.states() == {"a": State.MISSING, "beside/b": State.MISSING}
    assert _write(owned) == ["a", "beside/b"]
    assert (owned.folder / "a").read_bytes() == b"one\n"
    assert set(owned.states().values()) == {State.FRESH}
    assert _write(owned) == []


def test_what_is_only_old_is_written_again(owned: OwnedFiles) -> None:
    _write(owned)
    newer = replace(owned, files={"a": b"newer\n", "beside/b": b"two\n"})
    assert newer.states() == {"a": State.STALE, "beside/b": State.FRESH}
    assert _write(newer) == ["a"]
    assert (owned.folder / "a").read_bytes() == b"newer\n"


def test_what_the_user_changed_stays(owned: OwnedFiles) -> None:
    _write(owned)
    (owned.folder / "a").write_bytes(b"mine\n")
    assert owned.states()["a"] is State.OWNED
    assert _write(owned) == []
    newer = replace(owned, files={"a": b"newer\n", "beside/b": b"newer\n"})
    assert newer.states() == {"a": State.CONFLICT, "beside/b": State.STALE}
    assert _write(newer) == ["beside/b"]
    assert (owned.folder / "a").read_bytes() == b"mine\n"
    # Seen once, the news are no conflict any more.
    assert newer.states()["a"] is State.OWNED
    assert _write(newer, force=True) == ["a"]
    assert (owned.folder / "a").read_bytes() == b"newer\n"


def test_a_file_that_was_never_comps_is_foreign(owned: OwnedFiles) -> None:
    (owned.folder / "a").write_bytes(b"mine\n")
    assert owned.states()["a"] is State.FOREIGN


def test_what_is_no_longer_written_goes_unless_it_was_changed(owned: OwnedFiles) -> None:
    _write(owned)
    fewer = replace(owned, files={"a": b"one\n"})
    assert fewer.states() == {"a": State.FRESH, "beside/b": State.LEFT_OVER}
    assert _write(fewer) == ["beside/b"]
    assert not (owned.folder / "beside" / "b").exists()
    _write(owned)
    (owned.folder / "beside" / "b").write_bytes(b"mine\n")
    assert fewer.states()["beside/b"] is State.OWNED
    _write(fewer)
    assert (owned.folder / "beside" / "b").read_bytes() == b"mine\n"


def test_a_record_leads_nowhere_else(owned: OwnedFiles) -> None:
    _write(owned)
    outside = owned.folder.parent / "outside"
    outside.write_bytes(b"one\n")
    path = owned.folder / owned.record
    data = json.loads(path.read_text())
    data["files"]["../outside"] = data["files"]["a"]
    data["files"][str(outside)] = data["files"]["a"]
    path.write_text(json.dumps(data))
    assert set(owned.states()) == {"a", "beside/b"}
    _write(owned)
    assert outside.exists()


def test_a_damaged_record_is_named(owned: OwnedFiles) -> None:
    for text in ("[]", "{", '{"version": 2, "files": {}}', '{"version": 1, "files": []}'):
        (owned.folder / "beside").mkdir(exist_ok=True)
        (owned.folder / owned.record).write_text(text)
        with pytest.raises(InputError, match="damaged"):
            owned.states()


def test_a_link_or_a_folder_is_the_users(owned: OwnedFiles) -> None:
    (owned.folder / "mine").write_bytes(b"mine\n")
    (owned.folder / "a").symlink_to("mine")
    (owned.folder / "beside" / "b").mkdir(parents=True)
    assert owned.states() == {"a": State.FOREIGN, "beside/b": State.FOREIGN}
    (owned.folder / "a").unlink()
    (owned.folder / "beside" / "b").rmdir()
    _write(owned)
    (owned.folder / "a").unlink()
    (owned.folder / "a").symlink_to("mine")
    assert _write(replace(owned, files={**owned.files, "a": b"newer\n"})) == []
    assert (owned.folder / "a").read_bytes() == b"mine\n"


def test_a_file_may_be_larger_than_a_record(owned: OwnedFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    # A wheel that was built here lies beside a Dockerfile.
    _write(owned)
    monkeypatch.setattr("toolkit.scaffold.owned_files.RECORD_SIZE", replace(RECORD_SIZE, default=300))
    large = replace(owned, files={"a": b"x" * 1000, "beside/b": b"two\n"})
    assert _write(large) == ["a"]
    assert set(large.states().values()) == {State.FRESH}
