"""A registry in git, checked by what its last commit has."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.git_registry import Upstream, environ_for, make_upstream
from tests.releases import publish, real_contract, real_release
from toolkit.digest import Digest
from toolkit.registry.fault import Checked, Fault
from toolkit.registry.folder import layout
from toolkit.registry.git.registry import GitRegistry
from toolkit.registry.names import Name
from toolkit.registry.semver import parse_version

TRAIN = Name("ml", "train")
ONE = parse_version("1.0.0")
RECORD, BLOB = layout.record(TRAIN, ONE), layout.blob(real_release("1.0.0").digest)


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    return environ_for(tmp_path / "cache")


@pytest.fixture
def upstream(tmp_path: Path, environ: Mapping[str, str]) -> Upstream:
    made = make_upstream(tmp_path / "upstream.git")
    registry = GitRegistry.open(made.place, environ)
    for version in ("1.0.0", "2.0.0"):
        publish(registry, real_release(version), content=real_contract(version))
    return made


def faults(upstream: Upstream, environ: Mapping[str, str], checked: Checked | None = None) -> list[Fault]:
    return list(GitRegistry.read(upstream.place, environ).faults(checked or Checked()))


def test_a_sound_registry_has_no_faults(upstream: Upstream, environ: Mapping[str, str]) -> None:
    checked = Checked()
    assert faults(upstream, environ, checked) == []
    assert (checked.components, checked.releases, checked.files) == (1, 2, 4)
    assert checked.scope.startswith(f"of the commit {upstream.git('rev-parse', 'main').strip()}; ")


LOST = Digest.of(b"lost")


@pytest.mark.parametrize(
    ("path", "entry", "message"),
    [
        (RECORD, ("100644", b"{}"), "damaged"),
        (RECORD, ("120000", b"2.0.0.json"), "it is not a record"),
        (BLOB, ("100644", b"other"), "damaged: its digest is"),
        (layout.blob(LOST), ("100644", b"other"), "damaged: its digest is"),
        (layout.marks(TRAIN), ("100644", b"["), "damaged"),
        (f"{layout.BLOBS}/sha256/aa/readme", ("100644", b""), "its name is not a digest"),
        (f"{layout.BLOBS}/sha256/00/{LOST.hex}", ("100644", b"lost"), "it belongs to"),
        (f"{layout.records(TRAIN)}/notes.txt", ("100644", b""), "it is not a record"),
        ("c/ml/Train/v/1.0.0.json", ("100644", b""), "it cannot be a component"),
        ("c/link", ("120000", b"ml"), "it cannot be a namespace"),
    ],
)
def test_each_fault_is_at_its_file(
    upstream: Upstream, environ: Mapping[str, str], path: str, entry: tuple[str, bytes], message: str
) -> None:
    upstream.put({path: entry})
    [fault] = faults(upstream, environ)
    assert path.startswith(fault.path)
    assert message in fault.message
    assert not fault.derived


def test_a_content_that_is_lost_is_named_with_its_release(upstream: Upstream, environ: Mapping[str, str]) -> None:
    tip = upstream.git("rev-parse", "main").strip()
    lines = f"commit refs/heads/main\ncommitter m <m@example.com> 0 +0000\ndata 3\nbad\nfrom {tip}\nD {BLOB}\n"
    upstream.git("fast-import", "--quiet", data=lines.encode())
    [fault] = faults(upstream, environ)
    assert fault.path == BLOB
    assert "lacks the blob" in fault.message
    assert fault.message.endswith(": it is component.yaml of ml/train@1.0.0")
