"""`comp run` and `comp test` as users type them, by the process runner."""

import json
from pathlib import Path

import pytest

from tests.commands import Result, comp, ok

CODE = """
from typing import NamedTuple

from toolkit.types import InputPath, OutputPath


class Out(NamedTuple):
    count: int
    ratio: float
    good: bool
    items: list
    word: str


def f(text: InputPath("CSV"), copy: OutputPath("CSV"), n: int = 2, note: str | None = None,
      good: bool = True, day: str = "") -> Out:
    with open(text) as given, open(copy, "w") as out:
        out.write(given.read())
    if n == 13:
        raise ValueError("unlucky")
    return Out(n, n / 2, good, [n], str(note) + day)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path) -> Path:
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    (tmp_path / "code.py").write_text(CODE)
    (tmp_path / "text").write_text("content")
    ok("new", "made", "--from-function", "code.py:f", folder=tmp_path)
    return tmp_path / "made"


def _run(folder: Path, *arguments: str) -> Result:
    return comp("run", "made", "--runner", "process", *arguments, folder=folder.parent)


def test_values_are_printed_and_artifacts_lie_in_out(folder: Path) -> None:
    warm = _run(folder, "-i", "text=text", "--force")
    assert warm.code == 0
    assert _run(folder, "-i", "text=text", "-i", "note=a b", "--force") == Result(
        0, "count=2\nratio=1.0\ngood=true\nitems=[2]\nword=a b\n", "running made by process\ncopy: out/copy\n"
    )
    assert (folder.parent / "out" / "copy").read_text() == "content"


def test_json_is_typed(folder: Path) -> None:
    result = _run(folder, "-i", "text=text", "-i", "n=3.0", "-i", "good=no", "-o", "copy=c", "--format", "json")
    expected = {"count": 3, "ratio": 1.5, "good": False, "items": [3], "word": "None", "copy": "c"}
    assert json.loads(result.out) == expected


def test_a_parameter_may_go_to_a_file(folder: Path) -> None:
    assert _run(folder, "-i", "text=text", "-o", "count=count.txt").code == 0
    assert (folder.parent / "count.txt").read_text() == "2"


@pytest.mark.parametrize("existing", ["c", "out/copy"])
def test_nothing_is_written_over_without_force(folder: Path, existing: str) -> None:
    (folder.parent / "out").mkdir()
    (folder.parent / existing).write_text("mine")
    arguments = ("-i", "text=text", *(("-o", "copy=c") if existing == "c" else ()))
    refused = _run(folder, *arguments)
    assert (refused.code, refused.out) == (2, "")
    assert f"error: {existing} exists\n" in refused.err
    assert (folder.parent / existing).read_text() == "mine"
    assert _run(folder, *arguments, "--force").code == 0
    assert (folder.parent / existing).read_text() == "content"


@pytest.mark.parametrize("place", [".", "..", "made/.."])
def test_force_does_not_replace_the_folder_one_stands_in(folder: Path, place: str) -> None:
    result = _run(folder, "-i", "text=text", "-o", f"copy={place}", "--force")
    assert result.code == 2
    assert "is no place for an output" in result.err
    assert (folder.parent / "text").read_text() == "content"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-i", "text=text", "-i", "nn=1"), 2, "there is no input 'nn'"),
        (("-i", "txet=text"), 2, "did you mean 'text'?"),
        ((), 2, "missing inputs: text (CSV)"),
        (("-i", "text=text", "-i", "n=abc"), 2, "the input 'n' is 'abc', expected Integer"),
        (("-i", "text=text", "-i", "good=maybe"), 2, "the input 'good' is 'maybe', expected Boolean"),
        (("-i", "text=lost"), 1, "the input 'text' is lost, and there is no such file or folder"),
        (("-i", "text=text", "-o", "kopy=x"), 2, "did you mean 'copy'?"),
        (("-i", "text=text", "-i", "n=13"), 1, "made failed with exit code 1"),
        (("-i", "text=text", "--name", "g"), 2, "there is no component 'g' here"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = _run(folder, *arguments)
    assert (result.code, result.out) == (code, "")
    assert said in result.err


def _case(folder: Path, name: str, text: str) -> None:
    place = folder / "tests" / "cases" / name
    place.mkdir(parents=True)
    (place / "case.yaml").write_text(text)
    (place / "text.txt").write_text("content")


GIVEN = "inputs: {text: {path: text.txt}, n: 4}\n"
CHECKED = """
outputs:
  count: {equals: 4, min: 4, max: 4}
  ratio: {equals: 2, approx: 2.0000000001}
  good: {equals: true}
  items: {json: [4]}
  word: {matches: '^None$', contains: one}
  copy: {file: text.txt, exists: true}
"""


def test_a_case_passes_by_every_check(folder: Path) -> None:
    _case(folder, "all", GIVEN + CHECKED)
    _case(
        folder,
        "date",
        "inputs: {text: {path: text.txt}, day: 2024-01-31, note: null}\noutputs:\n  word: {equals: None2024-01-31}\n",
    )
    _case(folder, "unlucky", "inputs: {text: {path: text.txt}, n: 13}\nfails: true\n")
    result = comp("test", folder, "--runner", "process")
    assert result.out == "ok   all (process)\nok   date (process)\nok   unlucky (process)\n", result.err
    assert (result.code, result.err.splitlines()[-1]) == (0, "3 passed, 0 failed")
    assert comp("test", folder, "--runner", "process", "-k", "luck").out == "ok   unlucky (process)\n"


def test_what_differs_is_said_below_the_case(folder: Path) -> None:
    checks = "outputs:\n  count: {equals: 5}\n  good: {equals: 1}\n  ratio: {max: 1}\n  copy: {file: other.txt}\n"
    _case(folder, "differs", GIVEN + checks)
    (folder / "tests" / "cases" / "differs" / "other.txt").write_text("other")
    _case(folder, "fails", "inputs: {text: {path: text.txt}, n: 13}\n")
    _case(folder, "succeeds", GIVEN + "fails: true\n")
    result = comp("test", folder, "--runner", "process")
    assert result.code == 1
    assert result.out == (
        "FAIL differs (process)\n"
        "     count: is 4, expected 5\n"
        "     good: is True, expected 1\n"
        "     ratio: is 2.0, expected at most 1\n"
        "     copy: differs from other.txt\n"
        "FAIL fails (process)\n"
        "     it failed with exit code 1\n"
        "FAIL succeeds (process)\n"
        "     it succeeded, expected it to fail\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inputs: {txet: {path: text.txt}}", "there is no input 'txet'"),
        ("inputs: {n: 1}", "missing inputs: text (CSV)"),
        ("inputs: {text: {path: text.txt}, n: x}", "the input 'n' is 'x', expected Integer"),
        ("inputs: {text: {path: lost.txt}}", "the input 'text' is lost.txt, which is not there"),
        (GIVEN + "outputs: {cuont: {equals: 1}}", "there is no output 'cuont'"),
        (GIVEN + "outputs: {count: {equal: 1}}", "the output 'count' has no known check"),
        (GIVEN + "outputs: {count: {max: x}}", "the output 'count': max is 'x', expected a number"),
        (GIVEN + "outputs: {word: {matches: '('}}", "no regular expression"),
        (GIVEN + "outputs: {copy: {file: lost}}", "there is no such file"),
        ("inputs: {text: {path: /etc/hostname}}", "the input 'text' is /etc/hostname, which leads out of"),
        ("inputs: {text: {path: ../../../../text}}", "which leads out of"),
        (
            GIVEN + "outputs: {copy: {file: ../../../../text}}",
            "the output 'copy': file is ../../../../text, which leads",
        ),
        ("[]", "a case is a mapping"),
        ("inputs: {1: 2}", "the input's name 1 is no text"),
    ],
)
def test_a_case_that_cannot_be_run_is_an_error_with_its_file(folder: Path, text: str, said: str) -> None:
    _case(folder, "bad", text)
    result = comp("test", folder, "--runner", "process")
    assert (result.code, result.out) == (1, "")
    assert said in result.err
    assert "tests/cases/bad/case.yaml: " in result.err or "case.yaml:" in result.err


def test_no_cases_is_no_success(folder: Path) -> None:
    for case in (folder / "tests" / "cases").glob("*/case.yaml"):
        case.unlink()
    result = comp("test", folder, "--runner", "process")
    assert (result.code, result.out) == (1, "")
    assert "no cases in" in result.err


def test_a_file_where_metadata_would_go_is_kept_without_force(folder: Path) -> None:
    beside = folder.parent / "wanted.metadata.json"
    beside.write_text("mine")
    refused = _run(folder, "-i", "text=text", "-o", "copy=wanted")
    assert (refused.code, refused.err.splitlines()[-2]) == (2, "error: wanted.metadata.json exists")
    assert beside.read_text() == "mine"
    assert not (folder.parent / "wanted").exists()
