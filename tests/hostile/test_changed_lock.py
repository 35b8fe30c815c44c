"""A lock that somebody changed by hand, as a pull request would, against the commands that believe one."""

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.conftest import Sample
from tests.package_index import PackageIndex, serving_index, small_wheel

COMPONENT = """[project]
name = "usesit"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["click==8.1.7", "six"]

[tool.comp]
entrypoint = "usesit:f"
lock = "{lock}"
bytecode = false
"""
WHEELS = {
    f"{name}-{version}-py3-none-any.whl": small_wheel(name, version)
    for name, version in (("click", "8.1.3"), ("click", "8.1.7"), ("six", "1.16.0"), ("idna", "3.7"))
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving_index(PackageIndex(dict(WHEELS))) as served:
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        yield served


LOCKS = ["requirements.lock", "pylock.toml"]


@pytest.fixture
def lock(
    sample: Sample,
    index: PackageIndex,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Path:
    """The fresh lock of a component for one platform of the base, and a cache in which nothing is verified."""
    assert sample
    assert index.port
    folder = tmp_path / "usesit"
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(COMPONENT.format(lock=request.param))
    (folder / "src" / "usesit.py").write_text("def f(x: int) -> int:\n    return x\n")
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "cache"))
    ok("generate", folder)
    ok("lock", folder)
    assert comp("lock", folder, "--check").code == 0
    monkeypatch.setenv("COMP_CACHE_DIR", str(tmp_path / "another-cache"))
    return folder / str(request.param)


def _hash(file: str) -> str:
    return hashlib.sha256(WHEELS[file]).hexdigest()


def _older(text: str) -> str:
    text = text.replace("8.1.7", "8.1.3")
    return text.replace(_hash("click-8.1.7-py3-none-any.whl"), _hash("click-8.1.3-py3-none-any.whl"))


def _without_six(text: str) -> str:
    if text.startswith("# Written") and "[[packages]]" in text:
        return text[: text.index('[[packages]]\nname = "six"')] + text[text.index("[tool.comp]\n") :]
    return text[: text.index("six==")]


def _with_idna(text: str) -> str:
    """Add the entry of six once more, for another distribution."""
    begin = text.index('[[packages]]\nname = "six"') if "[[packages]]" in text else text.index("six==")
    end = text.index("[tool.comp]\n") if "[[packages]]" in text else len(text)
    more = text[begin:end].replace("six", "idna").replace("1.16.0", "3.7")
    more = more.replace(_hash("six-1.16.0-py3-none-any.whl"), _hash("idna-3.7-py3-none-any.whl"))
    return text[:end] + more + text[end:]


@pytest.mark.parametrize("lock", LOCKS, indirect=True)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_older, "click 8.1.3 is pinned, and click==8.1.7 is required"),
        (_without_six, "six is missing, and six is required"),
        (_with_idna, "idna 3.7 is pinned, and nothing requires it"),
    ],
)
def test_it_is_refused_and_mended(lock: Path, tmp_path: Path, change: Callable[[str], str], words: str) -> None:
    good = lock.read_text()
    lock.write_text(change(good))
    for command in (["lock", "--check"], ["build", "--locked"]):
        refused = comp(*command, lock.parent)
        assert refused.code == 1, refused.err
        assert f"error: {lock}: the lock does not meet the requirements: {words}\n" in refused.err
        assert "hint: `comp lock` brings it up to date\n" in refused.err
    # Without --locked the wrong pins are no pins: they are chosen anew, and said.
    built = comp("build", lock.parent, "--output", f"layout:{tmp_path / 'image'}")
    assert built.code == 0, built.err
    assert f"{lock.name} does not meet the requirements and is written anew: {words}" in built.err
    assert lock.read_text() == good
    assert comp("build", lock.parent, "--locked").code == 0


@pytest.mark.parametrize("lock", LOCKS, indirect=True)
def test_another_hash_is_refused_until_the_user_decides(lock: Path) -> None:
    good, right = lock.read_text(), _hash("six-1.16.0-py3-none-any.whl")
    lock.write_text(good.replace(right, "0" * 64))
    locked = comp("build", lock.parent, "--locked")
    assert (locked.code, "0" * 64 in locked.err) == (1, True), locked.err
    for command in ("build", "lock"):
        refused = comp(command, lock.parent)
        assert refused.code == 3, refused.err
        file = "six-1.16.0-py3-none-any.whl"
        assert f"the index has {file} with sha256 {right}, and {lock.name} pins sha256 {'0' * 64}" in refused.err
        assert lock.read_text() == good.replace(right, "0" * 64)
    assert comp("lock", "--upgrade", lock.parent).code == 0
    assert right in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS[:1], indirect=True)
def test_a_process_runs_no_such_pins(lock: Path) -> None:
    lock.write_text(_with_idna(lock.read_text()))
    (lock.parent / "src" / "usesit.py").write_text("def f(x: int) -> int:\n    import idna\n    return x\n")
    done = comp("run", lock.parent, "--runner", "process", "--input", "x=1")
    assert done.code == 1
    assert "idna 3.7 is pinned, and nothing requires it" in done.err
    assert "No module named 'idna'" in done.err


@pytest.mark.parametrize("lock", LOCKS[1:], indirect=True)
def test_addresses_in_a_lock_are_not_followed(lock: Path, index: PackageIndex) -> None:
    good = lock.read_text()
    lock.write_text(good.replace("http://", "file://", 1))
    refused = comp("build", lock.parent, "--locked")
    assert refused.code == 1
    assert "not an address of http or https" in refused.err
    lock.write_text(good.replace(f"127.0.0.1:{index.port}", "127.0.0.1:1"))
    assert comp("build", lock.parent, "--locked").code == 0
