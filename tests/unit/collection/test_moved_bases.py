"""Bases whose tags moved since the lock, asked for once each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake_remote import OCI_INDEX, FakeRemote, serving
from tests.repositories import ENVIRON, Repo, make_repository
from toolkit.collection.changes import read_changes
from toolkit.digest import Digest
from toolkit.errors import OutsideError
from toolkit.oci.descriptor import Platform
from toolkit.oci.reference import parse_reference
from toolkit.requirements.lock import Lock
from toolkit.requirements.requirements_lock import write_requirements_lock

OLD, NEW = b'{"schemaVersion": 2, "a": 1}', b'{"schemaVersion": 2, "a": 2}'
SETTINGS = '[project]\nname = "{}"\nversion = "1"\n[tool.comp]\nentrypoint = "code:step"\nbase = "{}"\n'


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


def _put(remote: FakeRemote, tag: str, data: bytes) -> None:
    remote.put_manifest("base", data, OCI_INDEX, tag=tag)


def _component(repo: Repo, name: str, base: str, locked: bytes | None = None) -> None:
    repo.write({f"{name}/pyproject.toml": SETTINGS.format(name, base)})
    if locked is not None:
        reference = parse_reference(f"{base.partition('@')[0]}@{Digest.of(locked)}")
        lock = Lock(inputs=f"sha256:{'0' * 64}", python="3.11", pins={Platform("linux", "amd64"): ()}, base=reference)
        write_requirements_lock(repo.folder / name / "requirements.lock", lock)


def _moved(repo: Repo, **environ: str) -> dict[str, list[str]]:
    found = read_changes(repo.folder, "HEAD", ENVIRON | environ, bases=True)
    return {change.name: [str(reason) for reason in change.reasons] for change in found.changed}


def test_components_whose_bases_moved(remote: FakeRemote, tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo")
    base = f"{remote.host}/base"
    _component(repo, "moved", f"{base}:1", OLD)
    _component(repo, "moved-too", f"{base}:1", OLD)
    _component(repo, "still", f"{base}:2", OLD)
    _component(repo, "pinned", f"{base}:1@{Digest.of(OLD)}", OLD)
    _component(repo, "not-locked", f"{base}:1")
    _component(repo, "on-disk", "layout:base", None)
    repo.commit()
    _put(remote, "1", NEW)
    _put(remote, "2", OLD)
    reason = f"base moved: {base}:1"
    assert _moved(repo) == {"moved": [reason], "moved-too": [reason]}
    assert sorted(str(call) for call in remote.calls if "manifests" in call.path) == [
        "HEAD /v2/base/manifests/1",
        "HEAD /v2/base/manifests/2",
    ]
    # The lock does not record a base that the environment names.
    assert _moved(repo, COMP_BASE=f"{base}:1") == {}
    repo.write({"moved/src/code.py": "x"})
    assert _moved(repo)["moved"] == ["code", reason]


def test_a_base_that_is_gone_and_a_server_that_fails(remote: FakeRemote, tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo")
    _component(repo, "a", f"{remote.host}/base:1", OLD)
    repo.commit()
    with pytest.raises(OutsideError, match="base:1 does not exist"):
        _moved(repo)
    # Without --bases nothing is asked for.
    assert read_changes(repo.folder, "HEAD", ENVIRON).changed == ()
