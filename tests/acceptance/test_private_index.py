"""An index with a password: it is used as by uv, and stored nowhere."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import comp
from tests.conftest import Sample
from tests.package_index import PackageIndex, serving_index, small_wheel
from tests.projects import sdist

PASSWORD = "hush-hush-7"
KEYRING = Path(sys.executable).with_name("keyring")
SETTINGS = """[project]
name = "usesit"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["inner", "built"]

[tool.comp]
allow-builds = ["built"]
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
    ("how", "lock"),
    [
        ("address", "requirements.lock"),
        ("named", "pylock.toml"),
        ("variables", "requirements.lock"),
        ("netrc", "requirements.lock"),
        ("keyring", "pylock.toml"),
    ],
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
    elif how == "variables":
        monkeypatch.delenv("UV_DEFAULT_INDEX")
        with (folder / "pyproject.toml").open("a") as settings:
            settings.write(f'\n[[tool.uv.index]]\nname = "in-house"\nurl = "{bare}"\ndefault = true\n')
        monkeypatch.setenv("UV_INDEX_IN_HOUSE_USERNAME", "ann")
        monkeypatch.setenv("UV_INDEX_IN_HOUSE_PASSWORD", PASSWORD)
    elif how == "keyring":
        monkeypatch.setenv("UV_DEFAULT_INDEX", bare.replace("//", "//ann@"))
        monkeypatch.setenv("UV_KEYRING_PROVIDER", "subprocess")
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "keyring"))
        monkeypatch.setenv("PATH", str(KEYRING.parent), prepend=":")
        subprocess.run([KEYRING, "set", bare, "ann"], input=PASSWORD, text=True, check=True)
    else:
        (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login ann password {PASSWORD}\n")
        (tmp_path / "netrc").chmod(0o600)
    done = comp("-vv", "build", folder, "--output", f"layout:{tmp_path / 'out'}")
    assert done.code == 0, done.err
    # From the lock alone, with nothing in the cache.
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache2"))
    again = comp("-vv", "build", folder, "--locked", "--output", f"archive:{tmp_path / 'image.tar'}")
    assert (again.code, again.out) == (0, done.out), again.err
    # The standard library of the base, which the cache keeps for its interpreter, has a variable `ann`.
    secrets = (PASSWORD.encode(), b"//ann:")
    places = [folder, tmp_path / "cache", tmp_path / "cache2", tmp_path / "out", tmp_path / "image.tar"]
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*")) if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []
    assert PASSWORD not in done.err + again.err + refused.err


def test_a_requirements_file_names_the_index(
    sample: Sample, index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sample
    folder = tmp_path / "usesit"
    (folder / "src").mkdir(parents=True)
    settings = SETTINGS.format(lock="requirements.lock").replace('["inner", "built"]', "[]")
    (folder / "pyproject.toml").write_text(settings + 'requirements = "requirements.txt"\n')
    (folder / "src" / "usesit.py").write_text("def f(x: int) -> int:\n    import inner\n    return x\n")
    (folder / "requirements.txt").write_text(f"--index-url {index.url}\n--find-links wheels\ninner==1.0\nbuilt\nnear\n")
    (folder / "wheels").mkdir()
    (folder / "wheels" / "near-1.0-py3-none-any.whl").write_bytes(small_wheel("near", "1.0"))
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    assert comp("generate", folder).code == 0
    done = comp("build", folder)
    assert done.code == 0, done.err
    # The lock has no addresses, and nothing is in the cache.
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache2"))
    again = comp("build", folder, "--locked")
    assert (again.code, again.out) == (0, done.out), again.err
    # A cache that is named relative to the caller's folder, though uv runs in the component's.
    monkeypatch.setenv("COMP_CACHE_DIR", "cache3")
    ran = comp("run", folder, "--runner", "process", "-i", "x=3", folder=tmp_path)
    assert (tmp_path / "cache3" / "environments").is_dir()
    assert (ran.code, ran.out) == (0, "Output=3\n"), ran.err
    assert PASSWORD not in done.err + again.err + ran.err + (folder / "requirements.lock").read_text()
