"""Every bad input gives one clear error with its place and a hint, the right exit code, and changes nothing."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.artifacts import base_image
from tests.commands import Result, comp, ok
from tests.conftest import Sample
from tests.fake_remote import Access, FakeRemote, serving
from toolkit.cache.store import Cache
from toolkit.oci.layout import write_layout

PYPROJECT = """
[project]
name = "greet"
version = "1.0.0"
description = "Greet"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[tool.comp]
entrypoint = "greet:greet"
"""
CODE = '''
def greet(name: str, times: int = 1) -> str:
    """Greet somebody."""
    return "hello " + name
'''


@pytest.fixture
def component(tmp_path: Path) -> Callable[..., Path]:
    """Make a component folder from text."""

    def make(code: str = CODE, dependencies: str = "", settings: str = "") -> Path:
        folder = tmp_path / "greet"
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "greet.py").write_text(code)
        (folder / "pyproject.toml").write_text(PYPROJECT.format(dependencies=dependencies) + settings)
        return folder

    return make


def _refused(result: Result, code: int, *words: str) -> None:
    """Expect the exit code, an empty stdout, one error without a traceback, and these words in it."""
    assert result.code == code, result.err
    assert result.out == ""
    assert "Traceback" not in result.err
    assert len([line for line in result.err.splitlines() if line.startswith("error: ")]) == 1
    for word in words:
        assert word in result.err


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def greeet(name: str): ...", ("greet.py:1:1", "no function 'greet'", "did you mean 'greeet'?")),
        ("def greet(*names: str): ...", ("greet.py:1:12", "`*names`")),
        ("import os\ndef greet(name: str = os.name): ...", ("greet.py:2:23", "not a literal", "os.name")),
        ("def greet(name: str:\n", ("greet.py:1:", "syntax error")),
        ("def greet(name: bytes): ...", ("greet.py:1:17", "`bytes`", "take a file: InputPath('Bytes')")),
        ("def greet(name): ...", ("greet.py:1:11", "no annotation")),
        ("async def greet(name: str): ...", ("greet.py:1:1", "async")),
        ("\0", ("greet.py",)),
    ],
)
def test_code_that_cannot_be_a_component(component: Callable[..., Path], code: str, words: tuple[str, ...]) -> None:
    folder = component(code)
    before = _files(folder)
    _refused(comp("generate", folder), 1, *words)
    _refused(comp("new", "other", "--from-function", f"{folder}/src/greet.py:greet", folder=folder.parent), 1, *words)
    assert _files(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["greet"]


def test_a_folder_that_exists_is_left_alone(component: Callable[..., Path]) -> None:
    folder = component()
    before = _files(folder)
    result = comp("new", "greet", "--from-function", "greet/src/greet.py:greet", folder=folder.parent)
    _refused(result, 1, "greet exists already", "--force")
    assert _files(folder) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new", "Bad Name"), ("'Bad Name'", "lower-case")),
        (("new", "x", "--from-function", "nofunction"), ("--from-function nofunction", "FILE.py:FUNCTION")),
        (("buidl",), ("no such command 'buidl'", "Did you mean 'build'?")),
        (("build", "--pin", "none"), ("--pin needs --push",)),
        (("build", "--output", "tar:x"), ("--output tar:x", "layout:DIR")),
        (("run", "-i", "novalue"), ("-i novalue",)),
        (("explain", "C999"), ("unknown rule: 'C999'",)),
    ],
)
def test_a_wrong_command_line(
    component: Callable[..., Path], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    folder = component()
    ok("generate", folder)
    _refused(comp(*arguments, folder=folder), 2, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: a\nname: b\nimplementation: {container: {image: c}}\n", ("component.yaml:2:1", "C002")),
        ("nmae: a\n", ("component.yaml:1:1", "C003", "did you mean 'name'?")),
        ("{[", ("component.yaml:2:1", "C001")),
        ("", ("component.yaml", "C001", "empty")),
        ("\x00\x01", ("component.yaml", "C001")),
    ],
)
def test_a_contract_that_cannot_be_read(component: Callable[..., Path], text: str, words: tuple[str, ...]) -> None:
    folder = component()
    (folder / "component.yaml").write_text(text)
    found = comp("lint", folder / "component.yaml")
    assert found.code == 1
    assert all(word in found.out for word in words), found.out
    _refused(comp("generate", folder), 1, *words)
    assert (folder / "component.yaml").read_text() == text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('bsae = "x"', ("pyproject.toml:11:1", "unknown key 'bsae'", "did you mean 'base'?")),
        ("user = 3", ("pyproject.toml:11:", "user")),
        ('image = "Not An Image"', ("Not An Image",)),
    ],
)
def test_settings_that_are_wrong(
    component: Callable[..., Path], sample: Sample, settings: str, words: tuple[str, ...]
) -> None:
    assert sample
    folder = component(settings=settings)
    _refused(comp("build", folder, "--push"), 1, *words)


def test_requirements_without_a_solution(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component(dependencies='"numpy==99.0"')
    ok("generate", folder)
    _refused(comp("build", folder), 1, "pyproject.toml", "numpy==99.0", "hint: ")
    assert not (folder / "requirements.lock").exists()


def test_a_release_without_a_wheel_and_without_a_source(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    # Wheels of this release are for other Pythons, and it has no source distribution.
    folder = component(dependencies='"tensorflow==2.8.0"')
    ok("generate", folder)
    _refused(
        comp("lock", folder),
        1,
        "tensorflow 2.8.0 has no wheel for linux/amd64, Python 3.11, glibc 2.36",
        "a base with another Python",
    )


def test_a_wheel_with_another_hash(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component(dependencies='"six==1.16.0"')
    ok("generate", folder)
    ok("lock", folder)
    lock = folder / "requirements.lock"
    lock.write_text(lock.read_text().replace("--hash=sha256:8", "--hash=sha256:0"))
    changed = lock.read_text()
    words = ("six-1.16.0-py2.py3-none-any.whl", "sha256 8abb2f1d", "pins sha256 0abb2f1d", "comp lock --upgrade")
    for command in ("build", "lock"):
        _refused(comp(command, folder), 3, *words)
    # Nor does a change of the settings take another file under the same name.
    project = folder / "pyproject.toml"
    settings = project.read_text()
    project.write_text(settings.replace('"six==1.16.0"', '"six>=1.16,<1.17"'))
    _refused(comp("lock", folder), 3, *words)
    project.write_text(settings)
    _refused(comp("lock", "--check", folder), 1, "sha256 0abb2f1d")
    assert lock.read_text() == changed
    ok("lock", "--upgrade", folder)
    assert "--hash=sha256:8abb2f1d" in lock.read_text()


def test_a_lock_that_was_edited(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component()
    ok("generate", folder)
    ok("lock", folder)
    lock = folder / "requirements.lock"
    lock.write_text(lock.read_text() + "numpy\n")
    _refused(comp("build", folder), 1, "requirements.lock:6", "delete it")


def test_a_base_without_python(component: Callable[..., Path], tmp_path: Path) -> None:
    folder = component()
    ok("generate", folder)
    write_layout(base_image(), tmp_path / "base")
    result = comp("build", folder, "--base", f"layout:{tmp_path}/base")
    _refused(result, 1, "no Python", "hint: ")


def test_a_base_with_another_python(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component()
    project = folder / "pyproject.toml"
    project.write_text(project.read_text().replace(">=3.11", ">=3.12"))
    ok("generate", folder)
    _refused(comp("build", folder), 1, "pyproject.toml", "has Python 3.11.2", ">=3.12")


@pytest.mark.parametrize("base", ["layout:/nonexistent", "archive:/nonexistent", "127.0.0.1:1/none:1"])
def test_a_base_that_is_not_there(component: Callable[..., Path], base: str) -> None:
    folder = component()
    ok("generate", folder)
    result = comp("build", folder, "--base", base)
    _refused(result, 1 if base.startswith("layout:") else 3, base.partition(":")[2].partition("/none")[0])


def test_a_remote_that_is_down(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component()
    ok("generate", folder)
    before = _files(folder)
    result = comp("build", folder, "--push", "--image", "127.0.0.1:1/a/greet")
    _refused(result, 3, "127.0.0.1:1", "hint: ")
    changed = {path for path, data in _files(folder).items() if before.get(path) != data}
    assert changed == {str(folder / "requirements.lock")}


def test_a_remote_that_fails_or_refuses(component: Callable[..., Path], sample: Sample) -> None:
    assert sample
    folder = component()
    ok("generate", folder)
    environment = {**os.environ, "DOCKER_CONFIG": "/nonexistent"}
    failing, closed = FakeRemote(), FakeRemote()
    failing.faults.fail("HEAD", "/manifests/", 500, times=20)
    closed.access = Access("Basic")
    for remote, words in ((failing, ("500",)), (closed, ("docker login",))):
        with serving(remote):
            result = comp("build", folder, "--push", "--image", f"{remote.host}/a/greet", env=environment)
            _refused(result, 3, remote.host, *words)
    assert "@sha256" not in (folder / "component.yaml").read_text()


def test_two_builds_at_once_with_an_empty_cache(component: Callable[..., Path], sample: Sample, tmp_path: Path) -> None:
    assert sample
    folder = component(dependencies='"six==1.16.0"')
    ok("generate", folder)
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: comp("build", folder, env=environment), range(2)))
    assert [result.code for result in results] == [0, 0], results
    digests = {result.out for result in results}
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")
    assert [*Cache(tmp_path / "cache").damaged()] == []
    assert not [entry for entry in Cache(tmp_path / "cache").entries() if entry.leftover]


def test_a_cache_whose_files_were_cut(component: Callable[..., Path], sample: Sample, tmp_path: Path) -> None:
    """Records are made again; a wheel is said to be damaged, and `comp cache verify` helps."""
    assert sample
    folder = component(dependencies='"six==1.16.0"')
    ok("generate", folder)
    environment = {**os.environ, "COMP_CACHE_DIR": str(tmp_path / "cache")}
    digest = ok("build", folder, env=environment)
    # uv keeps its own cache whole.
    entries = [entry for entry in Cache(tmp_path / "cache").entries() if entry.kind in {"blobs", "records"}]
    for record in (b'{"half', b'{"of": "another version"}'):
        for entry in entries:
            if entry.kind == "records":
                entry.path.write_bytes(record)
        assert ok("build", folder, env=environment) == digest
    for entry in entries:
        entry.path.write_bytes(entry.path.read_bytes()[:-9])
    refused = comp("build", folder, env=environment)
    _refused(refused, 3, "six-1.16.0-py2.py3-none-any.whl is damaged in the cache", "comp cache verify")
    assert comp("cache", "verify", env=environment).code == 1
    assert ok("build", folder, env=environment) == digest
