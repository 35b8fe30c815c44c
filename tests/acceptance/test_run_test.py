"""`comp run` and `comp test` as users type them, by the process runner."""

import json
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import COMP, Result, comp, ok

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
    assert "cannot be the target of an output" in result.err
    assert (folder.parent / "text").read_text() == "content"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-i", "text=text", "-i", "nn=1"), 2, "the component has no input 'nn'"),
        (("-i", "txet=text"), 2, "did you mean 'text'?"),
        ((), 2, "missing inputs: text (CSV)"),
        (("-i", "text=text", "-i", "n=abc"), 2, "the input 'n' is 'abc', expected Integer"),
        (("-i", "text=text", "-i", "good=maybe"), 2, "the input 'good' is 'maybe', expected Boolean"),
        (("-i", "text=lost"), 1, "the input 'text' is lost, which does not exist"),
        (("-i", "text=text", "-o", "kopy=x"), 2, "did you mean 'copy'?"),
        (("-i", "text=text", "-i", "n=13"), 1, "made failed with exit code 1"),
        (("-i", "text=text", "--component", "g"), 2, "has no component 'g'"),
        (("-i", "text=text", "--name", "g"), 2, "has no component 'g'"),
    ],
)
def test_a_wrong_command_line_is_refused(folder: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    result = _run(folder, *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


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
    chosen = comp("test", folder, "--runner", "process", "-k", "luck")
    assert chosen.out == "ok   unlucky (process)\n"
    # What no chosen case exercises, another one may.
    assert "cases exercise" not in chosen.err


def test_differences_are_listed_below_the_case(folder: Path) -> None:
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
        "     --- expected\n"
        "     +++ actual\n"
        "     @@ -1 +1 @@\n"
        "     -other\n"
        "     +content\n"
        "FAIL fails (process)\n"
        "     it failed with exit code 1\n"
        "FAIL succeeds (process)\n"
        "     it succeeded, expected it to fail\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("inputs: {txet: {path: text.txt}}", "the component has no input 'txet'"),
        ("inputs: {n: 1}", "missing inputs: text (CSV)"),
        ("inputs: {text: {path: text.txt}, n: x}", "the input 'n' is 'x', expected Integer"),
        ("inputs: {text: {path: lost.txt}}", "the input 'text' is lost.txt, which does not exist"),
        (GIVEN + "outputs: {cuont: {equals: 1}}", "the component has no output 'cuont'"),
        (GIVEN + "outputs: {count: {equal: 1}}", "the output 'count' has the unknown check 'equal'"),
        (GIVEN + "outputs: {count: {max: x}}", "the output 'count': max is 'x', expected a number"),
        (GIVEN + "outputs: {word: {matches: '('}}", "not a regular expression"),
        (GIVEN + "outputs: {copy: {file: lost}}", "which does not exist"),
        ("inputs: {text: {path: /etc/hostname}}", "the input 'text' is /etc/hostname, which leads out of"),
        ("inputs: {text: {path: ../../../../text}}", "which leads out of"),
        (
            GIVEN + "outputs: {copy: {file: ../../../../text}}",
            "the output 'copy': file is ../../../../text, which leads",
        ),
        ("[]", "not a mapping"),
        ("inputs: {1: 2}", "the input's name 1 is not a text"),
        ("component: lost", "the component 'lost' is unknown"),
    ],
)
def test_a_case_that_cannot_be_run_is_an_error_with_its_file(folder: Path, text: str, message: str) -> None:
    _case(folder, "bad", text)
    result = comp("test", folder, "--runner", "process")
    assert (result.code, result.out) == (1, "")
    assert message in result.err
    assert "tests/cases/bad/case.yaml: " in result.err or "case.yaml:" in result.err


def test_without_cases_a_note_shows_how_to_begin(folder: Path) -> None:
    result = comp("test", folder, "--runner", "process")
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "no cases in tests/cases: nothing was tested\n\n"
        "hint: write tests/cases/first/case.yaml, such as\n"
        "  inputs:\n    text:\n      path: a file\n"
        "  outputs:\n    copy:\n      exists: true\n    count:\n      exists: true\n    ratio:\n      exists: true\n"
        "    good:\n      exists: true\n    items:\n      exists: true\n    word:\n      exists: true\n"
    )
    assert comp("test", folder, "--min-coverage", "1").code == 1


def test_results_are_json_and_junit(folder: Path) -> None:
    _case(folder, "all", GIVEN + CHECKED)
    _case(folder, "bad", GIVEN + "outputs: {count: {equals: 5}}")
    junit = folder / "junit.xml"
    result = comp("test", folder, "--runner", "process", "--format", "json", "--junit", junit, "--jobs", "2")
    assert result.code == 1
    document = json.loads(result.out)
    assert [(case["case"], case["passed"], case["problems"]) for case in document["cases"]] == [
        ("all", True, []),
        ("bad", False, ["count: is 4, expected 5"]),
    ]
    assert (document["passed"], document["failed"]) == (1, 1)
    assert "no case leaves 'n' to its default '2'" in document["coverage"]["made"]["missing"]
    assert '<testsuite name="made (process)" tests="2" failures="1"' in junit.read_text()


def test_the_output_of_a_component_is_shown_if_it_fails(folder: Path) -> None:
    _case(folder, "unlucky", "inputs: {text: {path: text.txt}, n: 13}\n")
    result = comp("test", folder, "--runner", "process")
    assert "output of unlucky" in result.err
    assert "ValueError: unlucky\n" in result.err
    expected = "inputs: {text: {path: text.txt}, n: 13}\nfails: {exit: 1, message: 'ValueError: unl'}\n"
    (folder / "tests" / "cases" / "unlucky" / "case.yaml").write_text(expected)
    result = comp("test", folder, "--runner", "process")
    assert (result.code, "ValueError" in result.err) == (0, False)


def test_snapshots_are_kept_on_demand_and_never_in_ci(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _case(folder, "kept", GIVEN + "outputs: {count: {snapshot: true}, copy: {snapshot: true}}")
    monkeypatch.delenv("CI", raising=False)
    by = ("--runner", "process", "--repeat", "2")
    assert "     count: has no snapshot yet: `comp test --update`" in comp("test", folder, *by).out
    updated = comp("test", folder, *by, "--update")
    assert updated.code == 0, updated.out + updated.err
    assert "updated " in updated.err
    snapshots = folder / "tests" / "cases" / "kept" / "snapshots"
    assert (snapshots / "count").read_text() == "4"
    assert comp("test", folder, *by).code == 0
    (snapshots / "copy").write_text("other")
    assert "     -other\n     +content\n" in comp("test", folder, *by).out
    monkeypatch.setenv("CI", "true")
    refused = comp("test", folder, *by, "--update")
    assert (refused.code, refused.out) == (2, "")
    assert "in continuous integration (CI is set)" in refused.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--runner", "dokcer"), "'dokcer' is not a runner\n\nhint: did you mean 'docker'?"),
        (("--runner", "process,"), "'' is not a runner"),
        (("--update", "--runner", "process,docker"), "--update takes one runner"),
        (("--secret", "TOKEN=hunter2"), "the secret TOKEN names no file or variable"),
        (("--secret", "TOKEN=env:PATH"), "the component declares no secret 'TOKEN'"),
    ],
)
def test_a_wrong_command_line_of_a_test(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.delenv("CI", raising=False)
    _case(folder, "all", GIVEN + CHECKED)
    result = comp("test", folder, *arguments)
    assert (result.code, result.out) == (2, "")
    assert f"error: {message}" in result.err
    assert "hunter2" not in result.err


SECRET_CODE = """
import os


def f() -> str:
    print("level", os.environ["LEVEL"], "token", os.environ["API_TOKEN"])
    return os.environ["API_TOKEN"][:3]
"""


def test_constants_and_secrets_reach_the_component_and_are_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    (tmp_path / "code.py").write_text(SECRET_CODE)
    ok("new", "made", "--from-function", "code.py:f", folder=tmp_path)
    settings = tmp_path / "made" / "pyproject.toml"
    declared = '[tool.comp.env]\nLEVEL = "info"\n[tool.comp.secrets]\nAPI_TOKEN = { secret = "api", key = "token" }\n'
    settings.write_text(settings.read_text() + declared)
    ok("generate", "made", folder=tmp_path)
    run = ("run", "made", "--runner", "process", "--force")
    monkeypatch.delenv("API_TOKEN", raising=False)
    missing = comp(*run, folder=tmp_path)
    assert missing.code == 2
    assert missing.err == (
        "error: the component needs API_TOKEN, which a cluster has as 'token' of the secret 'api'\n\n"
        "hint: here, set the variable API_TOKEN, or give --secret API_TOKEN=file:PATH\n"
    )
    (tmp_path / "token").write_text("abc-of-the-file\n")
    given = comp(*run, "--secret", "API_TOKEN=file:token", folder=tmp_path)
    assert (given.code, given.out) == (0, "Output=abc\n"), given.err
    assert "level info token" in given.err
    monkeypatch.setenv("API_TOKEN", "xyz-of-the-caller")
    by_environment = comp(*run, folder=tmp_path)
    assert by_environment.out == "Output=xyz\n"
    assert "with API_TOKEN of your environment\n" in by_environment.err
    alone = comp("run", "made/component.yaml", folder=tmp_path)
    assert (alone.code, alone.out) == (2, "")
    assert "a contract alone gets nothing of yours" in alone.err
    _case(tmp_path / "made", "wrong", "outputs: {Output: {equals: abc}}")
    failed = comp("test", "made", "--runner", "process", "--format", "json", "--junit", "j.xml", folder=tmp_path)
    assert failed.code == 1
    assert "xyz-of-the-caller" not in failed.out + failed.err + (tmp_path / "j.xml").read_text()
    _case(tmp_path / "made", "own", "env: {API_TOKEN: own-value}\noutputs: {Output: {equals: own}}")
    assert comp("test", "made", "--runner", "process", "-k", "own", folder=tmp_path).code == 0


def test_a_pattern_that_no_case_matches_is_refused(folder: Path) -> None:
    _case(folder, "all", GIVEN + CHECKED)
    result = comp("test", folder, "--runner", "process", "-k", "zzz")
    assert (result.code, result.out) == (1, "")
    assert result.err == "error: no case matches 'zzz'\n\nhint: the cases: all\n"


def test_a_file_where_metadata_would_go_is_kept_without_force(folder: Path) -> None:
    beside = folder.parent / "wanted.metadata.json"
    beside.write_text("mine")
    refused = _run(folder, "-i", "text=text", "-o", "copy=wanted")
    assert refused.code == 2
    assert "error: wanted.metadata.json exists\n" in refused.err
    assert beside.read_text() == "mine"
    assert not (folder.parent / "wanted").exists()


@pytest.fixture
def unbuildable(folder: Path) -> Path:
    """A component that needs its base to run."""
    settings = folder / "pyproject.toml"
    text = settings.read_text()
    settings.write_text(text.replace("dependencies = []", 'dependencies = ["six"]'))
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-i", "text=text"), 1, "absent is not an OCI image layout"),
        (("-i", "text=text", "-i", "nn=1"), 2, "the component has no input 'nn'"),
        ((), 2, "missing inputs: text (CSV)"),
        (("-i", "text=text", "-i", "n=abc"), 2, "the input 'n' is 'abc', expected Integer"),
        (("-i", "text=lost"), 1, "the input 'text' is lost, which does not exist"),
        (("-i", "text=text", "-o", "kopy=x"), 2, "the component has no output 'kopy'"),
        (("-i", "text=text", "-o", "copy=text"), 2, "text exists"),
    ],
)
def test_inputs_and_outputs_are_checked_before_the_build(
    unbuildable: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = _run(unbuildable, *arguments, "--base", "layout:absent")
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith(f"error: {message}")


def test_all_cases_are_checked_before_the_build(unbuildable: Path) -> None:
    _case(unbuildable, "all", GIVEN + CHECKED)
    _case(unbuildable, "bad", "inputs: {txet: {path: text.txt}}")
    result = comp("test", unbuildable, "--runner", "process", "--base", "layout:absent")
    assert (result.code, result.out) == (1, "")
    assert "tests/cases/bad/case.yaml: the component has no input 'txet'" in result.err


SLOW_CODE = """
def f(started: str) -> None:
    import time
    from pathlib import Path

    Path(started).touch()
    time.sleep(600)
"""


def test_a_signal_ends_all_cases_and_is_no_failure_of_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    monkeypatch.setenv("COMP_CACHE_DIR", str(cache_folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "code.py").write_text(SLOW_CODE)
    ok("new", "made", "--from-function", "code.py:f", folder=tmp_path)
    for name in ("a", "b"):
        _case(tmp_path / "made", name, f"inputs: {{started: {tmp_path / name}}}")
    command = [str(COMP), "test", "--runner", "process", "--jobs", "2", str(tmp_path / "made")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as testing:
        # What only a hang exceeds.
        deadline = time.monotonic() + 120
        while not ((tmp_path / "a").exists() and (tmp_path / "b").exists()):
            assert testing.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        testing.terminate()
        out, err = testing.communicate(timeout=60)
    assert (testing.returncode, out) == (143, ""), err
    assert list((tmp_path / "temporary").iterdir()) == []
