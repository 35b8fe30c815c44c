"""Docker's patterns: what each leaves out, and what is no pattern."""

from pathlib import Path, PurePosixPath

import pytest

from toolkit.builders.code import read_code
from toolkit.builders.ignore import read_patterns
from toolkit.errors import InputError


def _read(folder: Path, text: str) -> "dict[str, bool | None]":
    (folder / ".dockerignore").write_text(text)
    patterns = read_patterns(folder)
    paths = ("a", "a/b", "a/b/c.txt", "b", "c.txt", "d.py", "x[1]", ".env", "a b")
    return {path: patterns.verdict(path) for path in paths}


@pytest.mark.parametrize(
    ("text", "out", "back"),
    [
        ("", (), ()),
        ("# a\n\n  \n", (), ()),
        ("a", ("a", "a/b", "a/b/c.txt"), ()),
        ("a/", ("a", "a/b", "a/b/c.txt"), ()),
        ("/a/b", ("a/b", "a/b/c.txt"), ()),
        ("./b", ("b",), ()),
        ("a/../b", ("b",), ()),
        ("*.txt", ("c.txt",), ()),
        ("**/*.txt", ("a/b/c.txt", "c.txt"), ()),
        ("a/**", ("a/b", "a/b/c.txt"), ()),
        ("**", ("a", "a/b", "a/b/c.txt", "b", "c.txt", "d.py", "x[1]", ".env", "a b"), ()),
        ("*", ("a", "a/b", "a/b/c.txt", "b", "c.txt", "d.py", "x[1]", ".env", "a b"), ()),
        ("?", ("a", "a/b", "a/b/c.txt", "b"), ()),
        ("[ab]", ("a", "a/b", "a/b/c.txt", "b"), ()),
        ("[^a]", ("b",), ()),
        (r"x\[1\]", ("x[1]",), ()),
        ("a b", ("a b",), ()),
        ("a\n!a/b", ("a",), ("a/b", "a/b/c.txt")),
        ("a\n! a/b/c.txt ", ("a", "a/b"), ("a/b/c.txt",)),
        ("!a/b\na", ("a", "a/b", "a/b/c.txt"), ()),
        ("\ufeffa", ("a", "a/b", "a/b/c.txt"), ()),
        (" # a", (), ()),
        ("../a", (), ()),
    ],
)
def test_what_a_file_says(tmp_path: Path, text: str, out: tuple[str, ...], back: tuple[str, ...]) -> None:
    verdicts = _read(tmp_path, text)
    assert tuple(path for path, verdict in verdicts.items() if verdict) == out
    assert tuple(path for path, verdict in verdicts.items() if verdict is False) == back


@pytest.mark.parametrize("text", ["!", "a[", "a[]", "a[-b]", "a\\", "[z-a]"])
def test_what_is_no_pattern(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        _read(tmp_path, f"ok\n{text}\n")
    assert caught.value.where is not None
    assert caught.value.where.line == 2


def test_settings_come_after_the_file(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*.csv\n")
    patterns = read_patterns(tmp_path, exclude=["*.txt"], include=["kept.csv", "kept.txt"])
    verdicts = [patterns.verdict(path) for path in ("a.csv", "a.txt", "kept.csv", "kept.txt", "a.py")]
    assert verdicts == [True, True, False, False, None]


def test_patterns_decide_over_what_is_usual(tmp_path: Path) -> None:
    for name in ("keep.py", "data/a.csv", "data/b.csv", ".hidden/x", "README.md", "demo.pem"):
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "src" / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("src/data\n!src/data/b.csv\n!src/.hidden\n!src/demo.pem\n")
    patterns = read_patterns(tmp_path)
    files = read_code(tmp_path / "src", into="app", patterns=patterns, below=PurePosixPath("src")).files
    assert [file.path for file in files] == ["app/.hidden/x", "app/data/b.csv", "app/demo.pem", "app/keep.py"]
