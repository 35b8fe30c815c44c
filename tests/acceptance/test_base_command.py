"""`comp base list|show|update` and `comp outdated --bases`, as users call them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import NEW, NO_MIRROR, OLD, debian_base
from tests.collections import collection
from tests.commands import comp, ok
from tests.fake_remote import FakeRemote, serving, store
from toolkit.oci.layout import write_layout

OLD_DIGEST, NEW_DIGEST = (str(debian_base(packages).digest) for packages in (OLD, NEW))


@pytest.fixture
def remote() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        store(remote, debian_base(OLD))
        yield remote


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"COMP_BASE", "GITHUB_OUTPUT"}}
    return kept | NO_MIRROR | {"COMP_CACHE_DIR": str(tmp_path / "cache")}


@pytest.fixture
def repository(tmp_path: Path, remote: FakeRemote, env: dict[str, str]) -> Path:
    """Two components that are locked to the old base, and then the tag moves."""
    root = collection(tmp_path / "repo", "fit", "score")
    for name in ("fit", "score"):
        settings = root / "components" / name / "pyproject.toml"
        settings.write_text(f'{settings.read_text()}base = "{remote.host}/base/python:3.11"\n')
    ok("lock", "--all", folder=root, env=env)
    store(remote, debian_base(NEW))
    remote.calls.clear()
    return root


def test_outdated_bases(repository: Path, remote: FakeRemote, env: dict[str, str], tmp_path: Path) -> None:
    name = f"{remote.host}/base/python:3.11"
    found = comp("outdated", "--bases", "--output-file", tmp_path / "out", folder=repository, env=env)
    assert found.code == 0
    header, row = found.out.splitlines()
    assert header.split("  ")[0] == "base"
    assert row.startswith(f"{name}  fit, score  3 packages (1 changed, 1 added, 1 removed), ")
    assert found.err.splitlines()[-1] == "1 base: 1 with a newer image"
    # One question for both components.
    assert len(remote.called("HEAD", "/manifests/3.11")) == 1
    assert (tmp_path / "out").read_text() == 'any=true\ncount=1\ncomponents=["fit", "score"]\n'
    (data,) = json.loads(ok("outdated", "--bases", "--format", "json", folder=repository, env=env))
    assert (data["base"], data["held_by"], data["state"], data["components"]) == (
        name,
        "lock",
        "newer",
        ["fit", "score"],
    )
    assert (data["digest"], data["new_digest"]) == (OLD_DIGEST, NEW_DIGEST)
    assert data["changes"]["packages"][0] == {
        "name": "libssl3",
        "change": "changed",
        "before": "3.0.15-1~deb12u1",
        "after": "3.0.16-1~deb12u1",
        "security": None,
        "cves": [],
    }
    shown = ok("outdated", "--bases", "--format", "markdown", folder=repository, env=env)
    assert shown.startswith("### Bases\n\n| Base | Components | State | Changes |\n")
    assert "| libssl3 | changed | 3.0.15-1\\~deb12u1 | 3.0.16-1\\~deb12u1 |" in shown


def test_packages_of_python_are_part_of_the_difference(
    repository: Path, remote: FakeRemote, env: dict[str, str]
) -> None:
    store(remote, debian_base(OLD, pip="24.0"))
    checked = comp("base", "update", "--check", folder=repository, env=env)
    assert checked.code == 1
    assert checked.out.splitlines()[-2:] == ["  packages  the same", "  pip (Python)  added 24.0"]
    (data,) = json.loads(ok("outdated", "--bases", "--format", "json", folder=repository, env=env))
    assert data["changes"]["packages"] == []
    assert data["changes"]["python_packages"] == [{"name": "pip", "change": "added", "before": None, "after": "24.0"}]
    assert "| pip (Python) | added |" in ok("outdated", "--bases", "--format", "markdown", folder=repository, env=env)
    shown = ok("base", "show", f"{remote.host}/base/python:3.11", folder=repository, env=env)
    assert shown.endswith("\n\n1 Python package\n  pip  24.0")


def test_an_update_is_reviewed_and_then_taken(repository: Path, env: dict[str, str]) -> None:
    checked = comp("base", "update", "--check", folder=repository, env=env)
    assert checked.code == 1
    lines = checked.out.splitlines()
    assert lines[1:3] == [
        "  used by   fit, score",
        f"  digest    {OLD_DIGEST[:19]} -> {NEW_DIGEST[:19]}, {lines[2].rpartition(', ')[2]}",
    ]
    assert "  libssl3   3.0.15-1~deb12u1 -> 3.0.16-1~deb12u1" in lines
    assert "  libzstd1  added 1.5.4" in lines
    assert "  zlib1g    removed 1:1.2.13" in lines
    assert checked.err.splitlines()[-1] == "1 base: 1 with a newer image; `comp base update` takes them"
    locks = [repository / "components" / name / "requirements.lock" for name in ("fit", "score")]
    assert all(OLD_DIGEST in lock.read_text() for lock in locks)
    taken = comp("base", "update", folder=repository, env=env)
    assert (taken.code, taken.out) == (0, checked.out)
    assert all(NEW_DIGEST in lock.read_text() for lock in locks)
    assert ok("lock", "--all", "--check", folder=repository, env=env) == ""
    again = comp("base", "update", "--check", folder=repository, env=env)
    assert (again.code, again.out, again.err) == (0, "", "1 base: 1 up to date\n")


def test_without_servers_nothing_is_known_of_tags(repository: Path, remote: FakeRemote, env: dict[str, str]) -> None:
    refused = comp("outdated", "--bases", "--offline", folder=repository, env=env)
    assert (refused.code, refused.out, remote.calls) == (2, "", [])
    assert refused.err.startswith("error: --bases asks servers for tags of images")


def test_a_server_that_is_down_is_outside(repository: Path, remote: FakeRemote, env: dict[str, str]) -> None:
    remote.faults.fail("HEAD", "/manifests/3.11", 403, times=9)
    for words in (["outdated", "--bases"], ["base", "update", "--check"]):
        found = comp(*words, folder=repository, env=env)
        assert (found.code, found.out) == (3, "")
        assert found.err.splitlines()[0] == f"error: cannot look for the base {remote.host}/base/python:3.11"
        assert found.err.splitlines()[-1] == "1 base: 1 not known"


def test_list_and_show(repository: Path, remote: FakeRemote, env: dict[str, str]) -> None:
    write_layout(debian_base(NEW), Path(env["COMP_CACHE_DIR"]) / "bases" / "debian-bookworm")
    header, used, made = ok("base", "list", folder=repository, env=env).splitlines()
    assert header.split() == ["name", "digest", "python", "suite", "size", "packages", "age", "used", "by"]
    assert used.split()[:4] == [f"{remote.host}/base/python:3.11", OLD_DIGEST[:19], "3.11.2", "bookworm"]
    assert used.endswith("fit, score")
    assert made.split()[:4] == ["debian-bookworm", NEW_DIGEST[:19], "3.11.2", "bookworm"]
    data = json.loads(ok("base", "list", "--format", "json", folder=repository, env=env))
    assert [base["held_by"] for base in data] == ["lock", "made"]
    assert remote.called("GET", "/manifests") == []
    shown = ok("base", "show", "debian-bookworm", folder=repository, env=env).splitlines()
    assert "python    3.11.2" in shown
    assert "  libssl3     3.0.16-1~deb12u1" in shown
    # A component's folder shows the base that its lock names.
    data = json.loads(ok("base", "show", "components/fit", "--format", "json", folder=repository, env=env))
    assert (data["digest"], data["platforms"], len(data["packages"])) == (OLD_DIGEST, ["linux/amd64"], len(OLD))


def test_where_there_is_nothing(tmp_path: Path, env: dict[str, str]) -> None:
    listed = comp("base", "list", folder=tmp_path, env=env)
    assert (listed.code, listed.out) == (0, "")
    assert listed.err == "no base was made here, and no component uses one; `comp base create` makes one\n"
    for words in (["base", "update"], ["outdated", "--bases"]):
        found = comp(*words, folder=tmp_path, env=env)
        assert (found.code, found.err.splitlines()[0]) == (1, f"error: no component below {tmp_path}")
    missing = comp("base", "show", "layout:none", folder=tmp_path, env=env)
    assert (missing.code, missing.err.splitlines()[0]) == (1, "error: none is not an OCI image layout")
