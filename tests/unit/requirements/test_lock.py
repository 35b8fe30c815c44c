"""The record of a lock: its versions, its markers, and the digest of its inputs."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.artifacts import component
from toolkit.digest import Digest
from toolkit.oci.descriptor import Platform
from toolkit.requirements.lock import Lock, entries, inputs_digest, is_wheel_of
from toolkit.requirements.pin import Pin, Source


def test_the_inputs_digest_is_of_what_decides(tmp_path: Path) -> None:
    project = component(tmp_path, dependencies=("numpy", "pandas"))
    digest = inputs_digest(project, "3.11")
    same = [replace(project, dependencies=("pandas", "numpy")), replace(project, base="python:3.11", version="9.9.9")]
    other = [
        replace(project, dependencies=("numpy",)),
        replace(project, requires_python=">=3.11"),
        replace(project, system_site_packages=True),
        replace(project, platforms=("linux/arm64",)),
        replace(project, platforms=("linux/amd64", "linux/arm64")),
    ]
    assert {inputs_digest(one, "3.11") for one in same} == {digest}
    digests = {digest, *(inputs_digest(one, "3.11") for one in other), inputs_digest(project, "3.12")}
    assert len(digests | {inputs_digest(project, "3.11", {"shared": "1"})}) == len(other) + 3


_AMD64, _ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _pin(name: str, version: str, source: str | None = None) -> Pin:
    origin = Source(name=source, digest=Digest("1" * 64)) if source else None
    filename = f"{name}-{version}-py3-none-any.whl"
    return Pin(name=name, version=version, filename=filename, digest=Digest("0" * 64), source=origin)


def test_versions_are_shown_with_commits_and_where_they_differ() -> None:
    git = _pin("lib", "1.0", f"git+https://example.com/lib@{_COMMIT}")
    pins = {_AMD64: (_pin("fast", "1.0"), git), _ARM64: (_pin("fast", "0.9"), git)}
    lock = Lock(inputs="", python="3.11", pins=pins)
    assert lock.platforms == (_AMD64, _ARM64)
    assert lock.packages == {"fast": "1.0, 0.9", "lib": f"1.0 ({_COMMIT[:9]})"}


def test_an_entry_has_a_marker_unless_it_is_on_every_platform() -> None:
    both = _pin("alpha", "1.0")
    pins = {_AMD64: (both, _pin("fast", "1.0")), _ARM64: (both, _pin("fast", "0.9"))}
    listed = list(entries(Lock(inputs="", python="3.11", pins=pins)))
    assert [(entry.name, entry.version, entry.marker((_AMD64, _ARM64))) for entry in listed] == [
        ("alpha", "1.0", None),
        ("fast", "0.9", 'platform_machine == "aarch64"'),
        ("fast", "1.0", 'platform_machine == "x86_64"'),
    ]
    assert listed[0].wheels == {both: (_AMD64, _ARM64)}


@pytest.mark.parametrize(
    ("filename", "matches"),
    [
        ("beta_two-2.0-py3-none-any.whl", True),
        ("beta_two-2-py3-none-any.whl", True),
        ("beta_two-2.1-py3-none-any.whl", False),
        ("beta-2.0-py3-none-any.whl", False),
        ("beta_two-2.0.tar.gz", False),
    ],
)
def test_a_wheel_is_of_a_version_by_its_file_name(filename: str, *, matches: bool) -> None:
    assert is_wheel_of(filename, "beta-two", "2.0") == matches
