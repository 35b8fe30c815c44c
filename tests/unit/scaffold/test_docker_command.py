"""The command that an image runs, and the program behind it."""

from pathlib import Path

import pytest

from toolkit.dockerfile.reader import parse_dockerfile
from toolkit.dockerfile.stages import stages_of
from toolkit.errors import InputError
from toolkit.scaffold.docker_command import image_command, program_in, source_of


def command(*lines: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    read = parse_dockerfile("\n".join(("FROM a", *lines)), Path("Dockerfile"))
    found = image_command(read, stages_of(read)[-1], "my-step")
    return found.words, found.notes


def program(folder: Path, *lines: str) -> str | None:
    read = parse_dockerfile("\n".join(("FROM a", *lines)), Path("Dockerfile"))
    stage = stages_of(read)[-1]
    found = program_in(image_command(read, stage, "x").words, stage, stage.copies, folder)
    return found.path.relative_to(folder).as_posix() if found else None


def test_words_stay_as_they_are() -> None:
    assert command('ENTRYPOINT ["a", "b c"]') == (("a", "b c"), ())
    assert command('CMD ["a"]') == (("a",), ())
    assert command('ENTRYPOINT ["x"]', "ENTRYPOINT []", 'CMD ["a"]') == (("a",), ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("python 'a b.py'", ("python", "a b.py")),
        ("exec python a.py", ("python", "a.py")),
        ("cd /app && python a.py", ("/bin/sh", "-c", 'cd /app && python a.py "$@"', "my-step")),
        ("python $FILE", ("/bin/sh", "-c", 'python $FILE "$@"', "my-step")),
        ('exec python a.py "$@"', ("/bin/sh", "-c", 'exec python a.py "$@"', "my-step")),
        ('["bash", "-ec", "a && b"]', ("bash", "-ec", 'a && b "$@"', "my-step")),
        ('["/bin/sh", "-c", "exec a"]', ("a",)),
        ("it's", ("/bin/sh", "-c", 'it\'s "$@"', "my-step")),
    ],
)
def test_a_shells_text(text: str, words: tuple[str, ...]) -> None:
    found, (note,) = command(f"ENTRYPOINT {text}")
    assert found == words
    assert note.startswith("ENTRYPOINT (line 2) is a shell's text; ")


@pytest.mark.parametrize(
    ("entrypoint", "default", "words"),
    [
        ('["python"]', '["a.py"]', ("python", "a.py")),
        ('["/usr/bin/tini", "--"]', '["python", "a.py"]', ("/usr/bin/tini", "--", "python", "a.py")),
        ('["/entrypoint.sh"]', '["python", "a.py"]', ("/entrypoint.sh", "python", "a.py")),
        ('["/entrypoint.sh"]', "python a.py", ("/entrypoint.sh", "python", "a.py")),
        ('["python", "a.py"]', '["--help"]', ("python", "a.py")),
        ('["greet"]', '["world"]', ("greet",)),
    ],
)
def test_a_default_stays_if_it_names_a_program(entrypoint: str, default: str, words: tuple[str, ...]) -> None:
    found, (note,) = command(f"ENTRYPOINT {entrypoint}", f"CMD {default}")
    assert found == words
    assert note.startswith("CMD (line 3) stays" if len(words) > entrypoint.count(",") + 1 else "CMD (line 3) is left")


def test_an_image_that_runs_nothing() -> None:
    with pytest.raises(InputError) as caught:
        command("RUN x")
    assert str(caught.value.where) == "Dockerfile:1"


def test_the_program_is_found_by_its_copy(tmp_path: Path) -> None:
    (tmp_path / "src" / "pkg").mkdir(parents=True)
    for name in ("a.py", "src/b.py", "src/pkg/__main__.py"):
        (tmp_path / name).write_text("")
    run = ("WORKDIR /app", "COPY . .")
    assert program(tmp_path, *run, 'ENTRYPOINT ["python3.11", "-u", "-X", "dev", "a.py"]') == "a.py"
    assert program(tmp_path, *run, 'ENTRYPOINT ["python", "/app/src/b.py"]') == "src/b.py"
    assert program(tmp_path, "WORKDIR /app", "COPY src/ ./", "ENTRYPOINT python -m pkg") == "src/pkg/__main__.py"
    assert program(tmp_path, "COPY a.py /main", 'ENTRYPOINT ["python", "/main"]') == "a.py"
    assert program(tmp_path, "COPY a.py /app", 'ENTRYPOINT ["/app/a.py"]') == "a.py"
    assert program(tmp_path, "COPY src/*.py /app/", 'ENTRYPOINT ["/app/b.py"]') == "src/b.py"
    assert program(tmp_path, "COPY src /app", 'ENTRYPOINT ["/app/a.py"]') is None
    assert program(tmp_path, "COPY --from=x a.py /a.py", 'ENTRYPOINT ["/a.py"]') is None
    assert program(tmp_path, "COPY a.py /a.py", 'ENTRYPOINT ["node", "/a.js"]') is None
    # Docker takes nothing from above the context.
    assert program(tmp_path, "COPY ../a.py /a.py", 'ENTRYPOINT ["/a.py"]') == "a.py"


def test_the_last_copy_counts(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("")
    read = parse_dockerfile("FROM a\nCOPY one /x\nCOPY two /x", Path("Dockerfile"))
    assert source_of("/x", stages_of(read)[0].copies, tmp_path) == tmp_path / "two"
