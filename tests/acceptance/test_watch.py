"""`comp build --watch` and `comp run --watch`, driven as by a user who saves files."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.collections import collection
from tests.commands import comp, ok
from tests.conftest import Sample
from tests.servers import Server
from tests.watching import CODE, HANGS, SETTINGS, Session, greeting, save

Start = Callable[..., Session]


@pytest.fixture
def folder(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A component without dependencies, and a place for temporary files of its own."""
    assert sample
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    return greeting(tmp_path)


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Begin to watch; what still runs at the end of the test is killed."""
    begun: list[Session] = []

    def begin(*arguments: str | Path) -> Session:
        begun.append(Session(*arguments, folder=folder))
        return begun[-1]

    yield begin
    for session in begun:
        session.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_each_change_is_built_and_a_signal_leaves_nothing(
    start: Start, folder: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    first = ok("build", folder)
    session = start("build")
    assert session.image() == first
    assert session.seen[0] == "watching 5 files; Ctrl-C ends"
    code_file = folder / "src" / "greet.py"

    # A rename over the file, a change in place, a new file in a new folder, a removal.
    save(code_file, CODE.replace("hello", "good day"))
    second = session.image()
    assert "src/greet.py changed" in session.seen
    assert second == ok("build", folder) != first
    with code_file.open("a") as stream:
        stream.write("\nX = 1\n")
    assert session.image() == ok("build", folder)
    (folder / "src" / "pkg").mkdir()
    (folder / "src" / "pkg" / "more.py").write_text("Y = 1\n")
    third = session.image()
    assert session.seen.count("src/pkg/more.py added") == 1
    assert third == ok("build", folder)
    shutil.rmtree(folder / "src" / "pkg")
    save(code_file, CODE)
    # A build may come between the two.
    while session.image() != first:
        pass

    assert session.end(number) == code
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not [line for line in session.seen if "error" in line or "Traceback" in line]


def test_errors_are_printed_and_the_next_change_is_built(start: Start, folder: Path) -> None:
    first = ok("build", folder)
    code, settings = folder / "src" / "greet.py", folder / "pyproject.toml"
    session = start("build")
    session.image()
    save(code, CODE.replace("def greet(", "def greet(("))
    session.until(r"^error: src/greet.py:\d+")
    save(code, CODE)
    assert session.image() == first
    assert session.seen[-3:-1] == ["the same as in an earlier build", first]
    save(settings, SETTINGS.replace('version = "1.0"', 'version = "1.0'))
    session.until(r"^error: pyproject.toml:3:\d+: not valid TOML")
    save(settings, SETTINGS + 'user = "1000"\n')
    assert session.image() == ok("build", folder) != first
    # Another signature needs another contract.
    save(code, CODE.replace("name: str", "name: str, often: int = 1"))
    session.until("^hint: `comp generate` brings it up to date")
    ok("generate", folder)
    session.until("^component.yaml changed$")
    assert session.image() == ok("build", folder)
    assert session.end() == 130


def test_a_folder_that_is_removed_and_made_again_is_built_again(start: Start, folder: Path, tmp_path: Path) -> None:
    first = ok("build", folder)
    shutil.copytree(folder, tmp_path / "kept")
    session = start("build", folder)
    session.image()
    shutil.rmtree(folder)
    session.until("^error: ")
    shutil.copytree(tmp_path / "kept", folder)
    while session.image() != first:
        pass
    assert session.end() == 130


def test_a_push_and_its_pin_do_not_begin_another_build(start: Start, folder: Path, remote: Server) -> None:
    session = start("build", "--push", "--image", f"{remote.host}/greet")
    session.image()
    save(folder / "src" / "greet.py", CODE.replace("hello", "good day"))
    image = session.image()
    assert f"image: {image}" in (folder / "component.yaml").read_text()
    save(folder / "src" / "greet.py", CODE)
    session.image()
    assert session.end() == 130
    assert len([line for line in session.seen if line.startswith("built in")]) == 3
    assert [line for line in session.seen if line.endswith("changed")] == ["src/greet.py changed"] * 2


def test_an_image_that_is_written_into_the_folder_does_not_begin_another_build(start: Start, folder: Path) -> None:
    session = start("build", "--output", "layout:src/image")
    session.image()
    save(folder / "src" / "greet.py", CODE.replace("hello", "good day"))
    session.image()
    assert session.end() == 130
    assert len([line for line in session.seen if line.startswith("built in")]) == 2


def test_a_run_is_stopped_by_a_change_and_begins_again(start: Start, folder: Path, tmp_path: Path) -> None:
    code, marker = folder / "src" / "greet.py", tmp_path / "marker"
    waits = f"    import time\n    open({str(marker)!r}, 'w').close()\n    time.sleep(600)\n    return f"
    session = start("run", "--runner", "process", "-i", "name=you")
    session.until("^Output=hello you$")
    session.until(r"^ended after \d+\.\d\d s$")
    save(code, CODE.replace("    return f", waits))
    session.until("^running greet by process$")
    _wait_for(marker)
    save(code, CODE.replace("hello", "good day"))
    session.until("^stopping the run$")
    session.until("^Output=good day you$")
    save(code, CODE.replace("    return f", '    raise ValueError("no")\n    return f'))
    session.until("^ValueError: no$")
    session.until("^greet failed with ")
    marker.unlink()
    save(code, CODE.replace("    return f", waits))
    _wait_for(marker)
    assert session.end() == 130
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not [line for line in session.seen if line.startswith("error")]


def test_the_inputs_of_a_run_are_watched_and_its_outputs_are_overwritten(start: Start, folder: Path) -> None:
    text = '''from toolkit.types import InputPath, OutputPath

def greet(names: InputPath(), greetings: OutputPath()):
    """Greet.

    Args:
        names: Whom.
        greetings: How.
    """
    open(greetings, "w").write("hello " + open(names).read())
'''
    (folder / "src" / "greet.py").write_text(text)
    ok("generate", folder)
    names = folder.parent / "names.txt"
    names.write_text("you")
    session = start("run", "--runner", "process", "-i", f"names={names}")
    session.until("^ended after ")
    save(names, "all")
    session.until("names.txt changed$")
    session.until("^ended after ")
    assert (folder / "out" / "greetings").read_text() == "hello all"
    assert session.end() == 130


def test_what_cannot_be_watched_is_refused(folder: Path, tmp_path: Path) -> None:
    assert comp("build", folder, "--watch", "--dry-run").err == (
        "error: --dry-run does not go with --watch: it builds nothing\n\nhint: leave one of them out\n"
    )
    assert comp("run", folder, "--watch", "--runner", "argo").code == 2
    missing = comp("build", tmp_path / "missing", "--watch")
    assert missing.code == 1
    assert missing.err.startswith(f"error: {tmp_path}/missing does not exist\n")
    assert comp("build", tmp_path, "--watch").err.startswith(f"error: {tmp_path} is not a component: no pyproject.toml")
    assert comp("run", tmp_path / "missing.yaml", "--watch").code == 1


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + HANGS
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path}"
        os.sched_yield()


def test_of_many_components_those_are_built_that_a_change_concerns(sample: Sample, tmp_path: Path) -> None:
    assert sample
    root = collection(tmp_path / "work", "alpha", "beta")
    session = Session("build", "--all", folder=root)
    try:
        assert {session.until("^(alpha|beta) sha256:").split()[0] for _ in range(2)} == {"alpha", "beta"}
        session.until("^2 components: 2 built; ")
        code = next((root / "components" / "beta" / "src").glob("*.py"))
        save(code, code.read_text() + "\n\nX = 1\n")
        image = session.until("^(alpha|beta) sha256:")
        session.until("^1 component: 1 built; ")
        assert image == f"beta {ok('build', root / 'components' / 'beta')}"
        settings = root / "components" / "alpha" / "pyproject.toml"
        save(settings, settings.read_text().replace("entrypoint", "entrypont"))
        session.until("^error: .*unknown key 'entrypont'|unknown key 'entrypont'")
        session.until("^1 component: 1 failed; ")
        save(settings, settings.read_text().replace("entrypont", "entrypoint"))
        session.until("^alpha sha256:")
        assert session.end() == 130
    finally:
        session.close()
