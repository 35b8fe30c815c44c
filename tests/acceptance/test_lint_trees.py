"""`comp lint` of globs and whole trees: what is checked, in which order, by how many processes, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import COMP, Result, comp
from tests.contracts import contract
from tests.repositories import make_repository

UNSAFE = "can be fixed with `--fix --unsafe-fixes`\n"
FAULTY = contract("{name: a}, {name: a}")
SETTINGS = '[project]\nname = "{}"\nversion = "1"\n\n[tool.comp]\nbsae = "x"\ncommand = ["python", "x.py"]\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of three contracts and a component with faulty settings, without a pyproject.toml of its own."""
    repo = make_repository(tmp_path / "repo", {".gitignore": "out/\n"})
    repo.write(
        {
            "components/b/component.yaml": FAULTY,
            "components/a/deep/component.yaml": FAULTY,
            "components/c/pyproject.toml": SETTINGS.format("c"),
            "components/c/component.yaml": FAULTY,
            "samples/pipeline.yaml": FAULTY,
            "k8s/pod.yaml": "kind: Pod\n",
            "out/component.yaml": FAULTY,
            ".venv/component.yaml": FAULTY,
        }
    )
    (repo.folder / "components" / "loop").symlink_to("..")
    return repo.folder


def places(result: Result, rule: str) -> list[str]:
    """Return the file of each finding of a rule."""
    return [line.partition(":")[0] for line in result.out.splitlines() if f" error {rule} " in line]


def test_a_folder_without_settings_stands_for_all_below_it(tree: Path) -> None:
    expected = [
        "components/a/deep/component.yaml",
        "components/b/component.yaml",
        "components/c/component.yaml",
        "samples/pipeline.yaml",
    ]
    for words in ((), (".",), ("components", "samples", "components/b/component.yaml")):
        done = comp("lint", *words, folder=tree)
        assert places(done, "C017") == expected
        assert places(done, "S001") == ["components/c/pyproject.toml"]
        assert (done.code, done.err) == (1, f"4 contracts: 5 errors, 8 warnings, 8 infos\n8 {UNSAFE}")


def test_a_glob_in_quotes(tree: Path) -> None:
    done = comp("lint", "components/**/component.yaml", folder=tree)
    assert len(places(done, "C017")) == 3
    assert places(done, "S001") == []
    assert len(places(comp("lint", "components/*", folder=tree), "S001")) == 1
    none = comp("lint", "components/**/none.yaml", "samples", folder=tree)
    assert none.code == 1
    assert places(none, "C017") == ["samples/pipeline.yaml"]
    assert none.err == (
        "error: no contract matches components/**/none.yaml\n\n"
        "hint: hidden files never do, nor those that git ignores; links to folders are not followed\n"
        f"1 error, 2 warnings, 2 infos\n2 {UNSAFE}"
    )


def test_a_path_without_a_contract_is_an_error(tree: Path) -> None:
    for words, what in (((), "the current folder"), (("../k8s",), "../k8s")):
        done = comp("lint", *words, folder=tree / "k8s")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"error: no contract at or below {what}\n\nhint: a contract is a component.yaml, or")
    # Sums of nothing would look like a success.
    missing = comp("lint", "missing.yaml", folder=tree)
    assert (missing.code, missing.out) == (1, "")
    assert (
        missing.err
        == "error: missing.yaml: the file is missing\n\nhint: `comp generate` writes the contract of a function\n"
    )
    # The others are checked all the same.
    done = comp("lint", "missing.yaml", "k8s", "samples", folder=tree)
    assert (done.code, places(done, "C017")) == (1, ["samples/pipeline.yaml"])
    assert done.err.count("error: ") == 2


def many(folder: Path, count: int = 450) -> list[str]:
    """Write contracts, and return their names in order."""
    names = [f"{number:04}/component.yaml" for number in range(count)]
    for name in names:
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(FAULTY)
    return names


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "junit", "sarif", "github", "gitlab"])
def test_many_files_in_processes_have_the_findings_of_one_process(tmp_path: Path, form: str) -> None:
    names = many(tmp_path)
    os.mkfifo(tmp_path / "0007" / "train.component.yaml")
    (tmp_path / "0300" / "component.yaml").unlink()
    (tmp_path / "0300" / "component.yaml").symlink_to("nowhere.yaml")
    alone = comp("lint", "--format", form, "-j", "1", folder=tmp_path)
    assert comp("lint", "--format", form, "-j", "3", folder=tmp_path) == alone
    assert alone.code == 1
    assert alone.err.startswith("error: 0300/component.yaml: the file is missing\n")
    if form == "text":
        expected = [name for name in names if name != "0300/component.yaml"]
        assert places(alone, "C017") == expected
        assert places(alone, "C001") == ["0007/train.component.yaml"]
    if form == "json":
        assert [each["path"] for each in json.loads(alone.out) if each["rule"] == "C017"] == [
            name for name in names if name != "0300/component.yaml"
        ]


def running(folder: Path) -> "subprocess.Popen[bytes]":
    """Start a lint in processes whose reader is slow, so that it is under way."""
    return subprocess.Popen([COMP, "lint", "-j", "2"], cwd=folder, stdout=subprocess.PIPE, start_new_session=True)


def in_session(session: int) -> list[str]:
    """Return the states of the processes of a session."""
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                state, _, _, number = (place / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(number) == session:
                found.append(state)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_every_process(tmp_path: Path, number: signal.Signals, *, whole: bool) -> None:
    many(tmp_path, 1500)
    with running(tmp_path) as process:
        assert process.stdout is not None
        # Printed while the others work: the pipe is full soon, and nothing ends by itself.
        assert process.stdout.read(10)
        assert len(in_session(process.pid)) == 3
        # Ctrl-C reaches every process of the terminal.
        (os.killpg if whole else os.kill)(process.pid, number)
        code = process.wait(timeout=60)
        assert code == (-number if number is signal.SIGKILL else 128 + number)
        deadline = time.monotonic() + 60
        while in_session(process.pid) and time.monotonic() < deadline:
            os.sched_yield()
        assert in_session(process.pid) == []


def test_a_reader_that_needs_no_more_ends_it_quietly(tmp_path: Path) -> None:
    many(tmp_path, 600)
    done = subprocess.run(
        ["sh", "-c", f"'{COMP}' lint -j 2 2>err | head -1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert done.stdout.startswith("0000/component.yaml:3:")
    assert (tmp_path / "err").read_text() == ""


def test_a_file_with_more_findings_than_anyone_reads(tmp_path: Path) -> None:
    inputs = "".join(f"- {{name: i{number}, type: Integer, default: {number}}}\n" for number in range(1_500))
    text = f"inputs:\n{inputs}implementation: {{container: {{image: a:1, command: [run]}}}}\n"
    (tmp_path / "component.yaml").write_text(text)
    done = comp("lint", "component.yaml", "--format", "jsonl", folder=tmp_path)
    assert len(done.out.splitlines()) == 1_000
    assert done.err.startswith(
        "warning: component.yaml has many findings: the first 1,000 are reported, errors before others\n"
    )
    # Fixes are not bounded: they change the whole file.
    fixed = comp("lint", "component.yaml", "--fix", "--select", "C022", "--strict", folder=tmp_path)
    assert (fixed.code, fixed.out) == (0, "")
    assert fixed.err == "fixed 1500 findings in 1 file\n0 errors, 0 warnings, 0 infos\n"
