"""A registry behind a web server, as users reach it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.kfp_environments import run_kfp
from tests.releases import publish, release
from tests.web_registry import Site, serving
from toolkit.registry.folder.directory import Directory

CONTRACT = b"""\
name: Train
inputs: [{name: c, type: Float, default: '1.0'}]
implementation:
  container: {image: 'registry.example.com/ml/train', command: [train, {inputValue: c}]}
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", os.devnull)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    registry = Directory.create(tmp_path / "served")
    publish(registry, release(content=CONTRACT), content=CONTRACT)
    return registry.root


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with serving(folder) as site:
        yield site


def test_it_is_searched_shown_and_added_from(site: Site, tmp_path: Path) -> None:
    found = comp("search", "train", "--registry", site.address, folder=tmp_path)
    assert (found.code, found.out, found.err) == (0, "ml/train@1.0.0  Fit a model\n", "1 component\n")
    assert "ml/train" in ok("show", "train", "--registry", site.address, folder=tmp_path)
    copy = ok("add", "ml/train@^1", "--registry", site.address, folder=tmp_path).strip()
    assert (tmp_path / copy).read_bytes() == CONTRACT
    lock = json.loads((tmp_path / "components.lock").read_text())["components"]["ml/train"]
    assert lock["registry"] == site.address


def test_a_login_is_neither_shown_nor_locked(site: Site, tmp_path: Path) -> None:
    site.user = "ann:s3cret-word"
    place = site.address.replace("://", "://ann:s3cret-word@")
    added = comp("add", "ml/train", "--registry", place, folder=tmp_path)
    assert (added.code, added.err) == (0, "added ml/train@1.0.0\n")
    kept = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert "s3cret" not in kept
    refused = comp("search", "--registry", site.address, folder=tmp_path)
    assert refused.code == 3
    assert "config.json: it wants a login (status 401: who are you?)" in refused.err
    assert "hint: logins are in ~/.netrc: machine HOST login USER password PASSWORD" in refused.err


def test_without_its_server_it_is_still_used(folder: Path, tmp_path: Path) -> None:
    with serving(folder) as site:
        ok("add", "ml/train", "--registry", site.address, "--into", "first", folder=tmp_path)
    host = site.address.removeprefix("http://")
    again = comp("add", "ml/train", "--registry", site.address, "--into", "second", folder=tmp_path)
    assert (again.code, again.out) == (0, "second/ml/train/component.yaml\n")
    assert again.err == (
        f"warning: cannot connect to {host}: Connection refused; using what was seen of {site.address} a moment ago\n"
        "added ml/train@1.0.0\n"
    )
    quiet = comp("add", "ml/train", "--registry", site.address, "--into", "third", "--offline", folder=tmp_path)
    assert quiet.err == f"offline: using what was seen of {site.address} a moment ago\nadded ml/train@1.0.0\n"
    # The catalogue was never asked for.
    never = comp("search", "--registry", site.address, "--offline", folder=tmp_path)
    assert (never.code, never.out) == (3, "")
    assert "catalog.jsonl.gz was never seen here, and comp is offline" in never.err
    assert "COMP_OFFLINE" not in os.environ


@pytest.mark.parametrize("line", ["1", "2"])
def test_kfp_loads_a_component_from_it_without_comp(site: Site, request: pytest.FixtureRequest, line: str) -> None:
    program = "import sys; from kfp import components; print(components.load_component_from_url(sys.argv[1])"
    program += ".component_spec.name)"
    address = f"{site.address}/c/ml/train"
    digest = release(content=CONTRACT).digest
    for path in ("component.yaml", "versions/tags/1.0.0", f"versions/sha256/{digest.hex}"):
        name = run_kfp(request.getfixturevalue(f"kfp{line}"), program, f"{address}/{path}").strip()
        assert name.lower() == "train"
