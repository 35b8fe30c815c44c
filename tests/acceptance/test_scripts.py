"""`scripts/test` and `.ci/run` run every check, and fail when one of them fails; stand-ins take the checks' places."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec import Struct

from tests.conftest import ROOT

_CHECKS = ("ruff format --check .", "ruff check .", "mypy", "lint-imports")
_PYTEST = "pytest --reruns 1 --max-suite-reruns 3 --rerun-show-tracebacks"
# Writes its call to a file, prints it, and fails if the call contains the word of the test's choice.
_STAND_IN = """#!/bin/sh
call="${0##*/}${*:+ $*}"
echo "$call" >>"$CALLS"
echo "ran $call in ${COMP_TEST_BASE:-no folder}"
case "$call" in *"${FAILS:-nothing fails}"*) exit 7 ;; esac
"""


class Checkout(Struct, frozen=True):
    """A folder with a script of this checkout and stand-ins for all that it starts."""

    folder: Path
    script: str

    def run(self, *arguments: str, fails: str = "", **variables: str) -> tuple[int, str, list[str]]:
        """Run the script; return its exit code, what it printed, and the calls of the stand-ins."""
        calls = self.folder / "calls"
        calls.unlink(missing_ok=True)
        environ = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "TMPDIR": str(self.folder / "tmp"),
            "CALLS": str(calls),
            **({"FAILS": fails} if fails else {}),
            **variables,
        }
        command = [str(self.folder / self.script), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
        assert list((self.folder / "tmp").iterdir()) == [], "temporary files are left"
        return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines()


def _checkout(folder: Path, script: str, *stand_ins: str) -> Checkout:
    (folder / "tmp").mkdir(parents=True)
    for path in (script, *stand_ins):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / script, folder / script)
    for path in stand_ins:
        (folder / path).write_text(_STAND_IN)
        (folder / path).chmod(0o755)
    return Checkout(folder, script)


@pytest.fixture
def tests(tmp_path: Path) -> Checkout:
    programs = (f".venv/bin/{call.partition(' ')[0]}" for call in (*_CHECKS, _PYTEST))
    return _checkout(tmp_path, "scripts/test", *programs)


@pytest.fixture
def ci(tmp_path: Path) -> Checkout:
    return _checkout(tmp_path, ".ci/run", "scripts/bootstrap", "bin/make")


def test_each_test_runs_once(tests: Checkout) -> None:
    code, _, calls = tests.run()
    assert (code, tuple(calls[:4])) == (0, _CHECKS)
    halves = sorted(call.removeprefix(f"{_PYTEST} --durations=20 ") for call in calls[4:])
    assert halves == ["--ignore=tests/engines", "tests/engines"]


def test_both_halves_share_a_base(tests: Checkout) -> None:
    printed = tests.run()[1]
    bases = {line.rpartition(" ")[2] for line in printed.splitlines() if " pytest " in line}
    assert len(bases) == 1
    assert bases.pop().startswith(str(tests.folder / "tmp"))
    assert tests.run(COMP_TEST_BASE="/kept")[1].count("in /kept") == len(_CHECKS) + 2


def test_named_tests_run_alone(tests: Checkout) -> None:
    assert tests.run("-k", "lint")[2] == [*_CHECKS, f"{_PYTEST} -k lint"]
    assert tests.run("-k", "lint", fails="pytest")[0] == 7


@pytest.mark.parametrize("check", _CHECKS)
def test_after_a_check_that_fails_nothing_runs(tests: Checkout, check: str) -> None:
    code, _, calls = tests.run(fails=check)
    assert (code, calls[-1]) == (7, check)


@pytest.mark.parametrize("half", ["--ignore=tests/engines", "20 tests/engines"])
def test_a_half_that_fails_fails_all_after_the_other(tests: Checkout, half: str) -> None:
    code, printed, calls = tests.run(fails=half)
    assert (code, len(calls)) == (7, len(_CHECKS) + 2)
    assert printed.count("ran pytest") == 2


_TARGETS = {"make test", "make test-cluster", "make test-pythons"}


def test_ci_runs_all(ci: Checkout) -> None:
    code, printed, calls = ci.run()
    assert (code, {call for call in calls if call.startswith("make")}) == (0, _TARGETS)
    assert all(f"ran {target} in" in printed for target in _TARGETS)


@pytest.mark.parametrize("fails", [*sorted(_TARGETS), "bootstrap --dev", "bootstrap --cluster"])
def test_ci_fails_when_a_part_does(ci: Checkout, fails: str) -> None:
    assert ci.run(fails=fails)[0] == 7


def test_the_engines_and_the_cluster_wait_for_each_other(tests: Checkout) -> None:
    """The stand-in of flock says what is locked: Makefile, by both."""
    (tests.folder / "bin").mkdir()
    shutil.copy(tests.folder / ".venv" / "bin" / "mypy", tests.folder / "bin" / "flock")
    held = f"flock --no-fork Makefile {_PYTEST} --durations=20 tests/engines"
    assert held in tests.run()[2]
    shutil.copy(ROOT / "scripts" / "test-cluster", tests.folder / "scripts")
    cluster = Checkout(tests.folder, "scripts/test-cluster")
    assert cluster.run()[2][-1] == f"flock --no-fork Makefile python -m tools.cluster run {_PYTEST} tests/cluster"
    assert "waiting for the tests of the engines" in cluster.run(fails="--nonblock")[1]
