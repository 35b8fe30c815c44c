"""An index with a password: it is used as uv uses it, and is found nowhere afterwards."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import comp
from tests.conftest import Sample
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.projects import sdist

PASSWORD = "hush-hush-7"
SETTINGS = """[project]
name = "usesit"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["inner", "built"]

[tool.comp]
entrypoint = "usesit:f"
lock = "{lock}"
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index for ann alone."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    files = {"inner-1.0-py3-none-any.whl": small_wheel("inner", "1.0"), "built-1.0.tar.gz": sdist("built")}
    with serving_index(PackageIndex(files, user=f"ann:{PASSWORD}")) as served:
        yield served


@pytest.mark.parametrize(
    ("how", "lock"), [("address", "requirements.lock"), ("named", "pylock.toml"), ("netrc", "requirements.lock")]
)
def test_the_password_opens_the_index_and_stays_secret(
    sample: Sample, index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, lock: str
) -> None:
    assert sample
    folder = tmp_path / "usesit"
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(SETTINGS.format(lock=lock))
    (folder / "src" / "usesit.py").write_text("def f(x: int) -> int:\n    return x\n")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    bare = index.url.replace(f"ann:{PASSWORD}@", "")
    assert comp("generate", folder).code == 0
    monkeypatch.setenv("UV_DEFAULT_INDEX", bare)
    (tmp_path / "netrc").write_text("")
    refused = comp("-vv", "build", folder)
    assert refused.code == 3
    assert "refuses this user (401)" in refused.err
    if how == "address":
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    elif how == "named":
        monkeypatch.setenv("UV_INDEX", f"inner={index.url}")
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    else:
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ann password {PASSWORD}\n")
        (tmp_path / "netrc").chmod(0o600)
    done = comp("-vv", "build", folder, "--output", f"layout:{tmp_path / 'out'}")
    assert done.code == 0, done.err
    # From the lock alone, with nothing in the cache.
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache2"))
    again = comp("-vv", "build", folder, "--locked", "--output", f"archive:{tmp_path / 'image.tar'}")
    assert (again.code, again.out) == (0, done.out), again.err
    secrets = (PASSWORD.encode(), b"ann:")
    places = [folder, tmp_path / "cache", tmp_path / "cache2", tmp_path / "out", tmp_path / "image.tar"]
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []
    assert PASSWORD not in done.err + again.err + refused.err
