"""Every command that writes, on a full disk, in a read-only place, and in one that the user may not write to.

Each exits with code 3 and one error that names the path, and leaves nothing half-made.
"""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from msgspec import Struct, field

from tests.commands import COMP, Result, comp, ok
from tests.conftest import Sample
from tests.daemons import require
from tests.fake_remote import FakeRemote, serving
from tests.package_index import small_wheel

PYPROJECT = """
[project]
name = "greet"
version = "1.0.0"
description = "Greet"
requires-python = ">=3.11"

[tool.comp]
entrypoint = "greet:greet"
namespace = "ml"
"""
CODE = 'def greet(name: str) -> str:\n    """Greet somebody."""\n    return name\n'
# Enough for what is prepared; what a command writes to it is too much once it is filled.
SIZE = "8m"


class Call(Struct, frozen=True, kw_only=True):
    """A command that writes to a place: its arguments, more of its environment, and where it runs."""

    arguments: tuple[str | Path, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    out: str = ""


def _component(folder: Path, *, generated: bool = True) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "greet.py").write_text(CODE)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    if generated:
        ok("generate", folder)
    return folder


def _built(good: Path) -> Path:
    folder = _component(good / "greet")
    ok("build", folder)
    return folder


def _new(place: Path, good: Path) -> Call:
    return Call(arguments=("new", "greet", "--into", place), folder=good)


def _sync(place: Path, good: Path) -> Call:
    template = good / "template"
    made = template / "{{cookiecutter.name}}"
    made.mkdir(parents=True)
    (template / "cookiecutter.json").write_text('{"name": "greet"}')
    (made / "src").mkdir()
    (made / "src" / "greet.py").write_text(CODE)
    (made / "pyproject.toml").write_text(PYPROJECT)
    ok("new", "greet", "--template", template, "--into", place)
    (made / "notes.txt").write_text("new")
    return Call(arguments=("sync", place / "greet"))


def _generate(place: Path, good: Path) -> Call:
    del good
    return Call(arguments=("generate", _component(place / "greet", generated=False)))


def _lock(place: Path, good: Path) -> Call:
    del good
    return Call(arguments=("lock", _component(place / "greet")))


def _build(place: Path, good: Path) -> Call:
    del good
    return Call(arguments=("build", _component(place / "greet")))


def _build_to_layout(place: Path, good: Path) -> Call:
    return Call(arguments=("build", _built(good), "--output", f"layout:{place}/layout"))


def _build_to_empty_layout(place: Path, good: Path) -> Call:
    (place / "layout").mkdir()
    return Call(arguments=("build", _built(good), "--output", f"layout:{place}/layout"))


def _build_to_archive(place: Path, good: Path) -> Call:
    return Call(arguments=("build", _built(good), "--output", f"archive:{place}/image.tar"))


def _build_with_temporary(place: Path, good: Path) -> Call:
    folder = _component(good / "greet")
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text.replace("\n[tool", 'dependencies = ["a"]\n\n[tool', 1))
    (good / "a-1.0-py3-none-any.whl").write_bytes(small_wheel("a", "1.0"))
    environment = {"TMPDIR": str(place), "UV_FIND_LINKS": str(good), "UV_OFFLINE": "1"}
    return Call(arguments=("build", folder), environment=environment)


def _build_with_cache(place: Path, good: Path) -> Call:
    return Call(arguments=("build", _component(good / "greet")), environment={"COMP_CACHE_DIR": str(place / "cache")})


def _publish(place: Path, good: Path) -> Call:
    folder = _component(good / "greet")
    contract = folder / "component.yaml"
    lines = contract.read_text().splitlines(keepends=True)
    pinned = f"    image: registry.example.com/greet@sha256:{'0' * 64}\n"
    contract.write_text("".join(pinned if line.strip().startswith("image:") else line for line in lines))
    return Call(arguments=("publish", "--no-image-check", folder, "--registry", place / "registry"))


def _add(place: Path, good: Path) -> Call:
    ok(*_publish(good, good).arguments)
    return Call(arguments=("add", "ml/greet", "--registry", good / "registry"), folder=place)


def _convert(place: Path, good: Path) -> Call:
    return Call(
        arguments=("convert", _component(good / "greet") / "component.yaml", "--to", "ir", "-o", place / "ir.yaml")
    )


def _run(place: Path, good: Path) -> Call:
    folder = _component(good / "greet")
    (folder / "src" / "greet.py").write_text(
        "from toolkit.types import OutputPath\n"
        'def greet(result: OutputPath("Text")):\n    """Greet."""\n    open(result, "w").write("x" * 100)\n'
    )
    ok("generate", folder)
    ok("lock", folder)
    return Call(arguments=("run", folder, "--runner", "process", "-o", f"result={place}/result"))


CALLS: list[Callable[[Path, Path], Call]] = [
    _new,
    _sync,
    _generate,
    _lock,
    _build,
    _build_to_layout,
    _build_to_empty_layout,
    _build_to_archive,
    _build_with_temporary,
    _build_with_cache,
    _publish,
    _add,
    _convert,
    _run,
]
REASONS = {
    "full": "No space left on device",
    "read-only": "Read-only file system",
    "forbidden": "Permission denied",
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    require("mount")
    require("setpriv")
    place = tmp_path / "place"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def _broken(place: Path, kind: str) -> list[str]:
    """Break the place, and give the words that a command then begins with."""
    if kind == "full":
        subprocess.run(["dd", "if=/dev/zero", f"of={place}/filling", "bs=4096"], stderr=subprocess.DEVNULL, check=False)
    elif kind == "read-only":
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    else:
        for folder, _, _ in os.walk(place):
            Path(folder).chmod(0o555)
        # Without capabilities root is a user like others.
        return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    return []


def _files(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


# A cache that refuses each write is not needed; one that is full breaks off what it began.
_SERVING = {(_build_with_cache, "read-only"), (_build_with_cache, "forbidden")}
_REFUSING = [(prepare, kind) for kind in REASONS for prepare in CALLS if (prepare, kind) not in _SERVING]


@pytest.mark.parametrize(
    ("prepare", "kind"), _REFUSING, ids=[f"{prepare.__name__.strip('_')}-{kind}" for prepare, kind in _REFUSING]
)
def test_a_place_that_refuses_is_named(
    sample: Sample,
    tmp_path: Path,
    place: Path,
    prepare: Callable[[Path, Path], Call],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert sample
    for name in ("good", "tmp"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    call = prepare(place, tmp_path / "good")
    words = _broken(place, kind)
    before = _files(place)
    done = subprocess.run(
        [*words, COMP, *map(str, call.arguments)],
        cwd=call.folder,
        env={**os.environ, **call.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert str(place) in error or f": {REASONS[kind]}" in error
    assert REASONS[kind] in error
    assert "hint: " in done.stderr
    assert _files(place) == before
    assert not list((tmp_path / "tmp").iterdir())


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    """An in-memory server."""
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_push_prints_its_digest_before_anything_else_can_fail(
    sample: Sample, place: Path, fake: FakeRemote, kind: str
) -> None:
    assert sample
    folder = _component(place / "greet")
    ok("lock", folder)
    _broken(place, kind)
    result = comp("build", folder, "--push", "--image", f"{fake.host}/a/greet")
    assert result.code == 3
    assert result.out.startswith(f"{fake.host}/a/greet@sha256:")
    assert f"error: cannot write {folder}/component.yaml: {REASONS[kind]}" in result.err
    assert ("--pin none leaves the contract" in result.err) == (kind == "read-only")


@pytest.mark.parametrize("kind", sorted(kind for _, kind in _SERVING))
def test_a_cache_that_cannot_be_written_to_serves_what_it_has(sample: Sample, place: Path, kind: str) -> None:
    folder = _component(sample.folder / "greet")
    environment = {**os.environ, "COMP_CACHE_DIR": str(place / "cache")}
    first = ok("build", folder, env=environment)
    (folder / "src" / "greet.py").write_text(CODE.replace("return name", "return name + name"))
    expected = ok("build", folder)
    words, before = _broken(place, kind), _files(place)
    done = subprocess.run(
        [*words, COMP, "build", folder], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, f"{expected}\n"), done.stderr
    assert expected != first
    assert f"warning: cannot write to the cache {place / 'cache'}: {REASONS[kind]}" in done.stderr
    assert _files(place) == before


def test_stdout_that_is_full(sample: Sample) -> None:
    assert sample
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMP, "rules"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("error: cannot write to stdout: No space left on device\n")


def test_stderr_that_is_full(sample: Sample) -> None:
    assert sample
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([COMP, "build", "missing"], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, done.stdout) == (3, b"")


# With fewer, Python itself may not start.
@pytest.mark.parametrize("most", [5, 6, 8, 10, 12, 14, 16, 20])
def test_few_descriptors_are_no_bug(sample: Sample, most: int) -> None:
    folder = _component(sample.folder / "greet")

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    done = subprocess.run(
        [COMP, "build", folder], capture_output=True, text=True, check=False, timeout=120, preexec_fn=limited
    )
    result = Result(done.returncode, done.stdout, done.stderr)
    assert result.code in {0, 3}, result.err
    if result.code:
        assert "Traceback" not in result.err
        assert "error: " in result.err


def test_a_temporary_folder_that_is_not_there(sample: Sample) -> None:
    folder = _component(sample.folder / "greet")
    result = comp("build", folder, env={**os.environ, "TMPDIR": "/nonexistent"})
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: TMPDIR is /nonexistent, which is not a folder\n")
