"""BuildKit by docker's program: which way there is, what it gets, and what its words mean."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from tests.build_orders import order, program
from toolkit.engines.buildkit import BuildKit, build, find_buildkit

BUILDX = '[ "$1 $2" = "buildx version" ] && exit 0; exit 1'


def _environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder}:/usr/bin:/bin", "TOKEN": "swordfish"}


@pytest.mark.parametrize(
    ("script", "name"),
    [
        (BUILDX, "BuildKit, through docker buildx"),
        ('[ "$1" = --version ] && echo "Docker version 20.10.24+dfsg1, build 297e128"', "BuildKit, through docker 20"),
        ('[ "$1" = --version ] && echo "Docker version 28.2.2, build e6534b4"', None),
        ('[ "$1" = --version ] && echo "Docker version 17.06.0, build x"', None),
        ("exit 1", None),
    ],
)
def test_the_way_to_buildkit(tmp_path: Path, script: str, name: str | None) -> None:
    found = find_buildkit(_environ(program(tmp_path / "bin", "docker", script)))
    assert (found and found.name) == name


def test_there_may_be_no_program(tmp_path: Path) -> None:
    assert find_buildkit({"PATH": str(tmp_path)}) is None


def _run(tmp_path: Path, script: str) -> object:
    folder = program(tmp_path / "bin", "docker", script)
    kit = BuildKit(command=(str(folder / "docker"), "build"), name="BuildKit")
    return build(kit, order(tmp_path), "comp-build:x", _environ(folder))


def test_what_the_program_gets(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    assert _run(tmp_path, f'printf "%s\\n" "$@" > {seen}; env > {seen}.env') is None
    words = seen.read_text().splitlines()
    for pair in (("--build-arg", "VERSION=1"), ("--secret", "id=token,env=TOKEN"), ("--ssh", "default")):
        assert pair in set(pairwise(words))
    assert {"--platform=linux/amd64", "--target=one", "SOURCE_DATE_EPOCH=1"} <= set(words)
    assert words[-1] == str(tmp_path / "context")
    # The login of a proxy is not on the command line, which every user of the machine can see.
    assert "HTTPS_PROXY" in words
    assert not any("hunter22" in word for word in words)
    assert "HTTPS_PROXY=http://user:hunter22@proxy.example.com" in (tmp_path / "seen.env").read_text()
    assert "DOCKER_BUILDKIT=1" in (tmp_path / "seen.env").read_text().splitlines()


def _said(tmp_path: Path, text: str) -> tuple[str, int | None, tuple[str, ...], bool]:
    (tmp_path / "said").write_text(text)
    failure = _run(tmp_path, f"cat {tmp_path / 'said'} >&2; exit 1")
    assert failure is not None
    return failure.message, failure.line, failure.output, failure.is_outside  # type: ignore[attr-defined]


def test_a_step_that_fails_has_its_line_and_its_own_last_words(tmp_path: Path) -> None:
    text = """#7 [stage-1 3/3] RUN --mount=type=secret,id=comp-certificates two
#7 sha256:6978714583a9e17e5585e79e8420addc7e98889dc941c31f9b2b86405f8e312f
#5 [one 2/2] RUN one
#5 0.1 of another step
#7 0.274 before
#7 0.280
#7 ERROR: executor failed running [/bin/sh -c two]: exit code: 3
------
 > [stage-1 3/3] RUN two:
------
executor failed running [/bin/sh -c two]: exit code: 3
"""
    message, line, output, outside = _said(tmp_path, text)
    assert (message, line, outside) == ("executor failed running [/bin/sh -c two]: exit code: 3", 6, False)
    assert output == ("before", "")


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    text = '#7 [linux/amd64 stage-1 2/3] COPY x /x\n#7 ERROR: "/x" not found: not found\nERROR: failed to solve: x\n'
    assert _said(tmp_path, text)[:2] == ('"/x" not found: not found', 5)


def test_a_base_that_cannot_be_had_is_outside(tmp_path: Path) -> None:
    text = "#3 [internal] load metadata for h/x:1\n#3 ERROR: no such host\nfailed to solve: no such host\n"
    assert _said(tmp_path, text) == ("no such host", None, (), True)
    text = "#3 [one 1/2] FROM h/x:1\n#3 ERROR: no such host\nfailed to solve: no such host\n"
    assert _said(tmp_path, text)[1] is None


@pytest.mark.parametrize(
    "text",
    [
        "failed to solve with frontend dockerfile.v0: dockerfile parse error line 7: bad",
        "ERROR: failed to solve: dockerfile parse error on line 7: bad",
    ],
)
def test_a_syntax_error_has_the_line_of_the_original(tmp_path: Path, text: str) -> None:
    assert _said(tmp_path, f"{text}\n") == ("bad", 5, (), False)


def test_a_daemon_that_dies_is_outside(tmp_path: Path) -> None:
    text = "#5 [one 2/2] RUN one\n#5 0.1 going on\nERROR: error reading from server: EOF\n"
    assert _said(tmp_path, text) == ("error reading from server: EOF", None, (), True)
    assert _said(tmp_path, "")[0] == "it printed nothing"


def test_steps_are_counted_over_the_stages_that_are_built(tmp_path: Path) -> None:
    text = """#5 [one 1/2] FROM base
#5 CACHED
#6 [one 2/2] RUN one
#7 [stage-1 1/3] FROM one
#6 DONE 0.2s
#8 [internal] load build context
#8 DONE 0.0s
#7 DONE 0.0s
"""
    (tmp_path / "said").write_text(text)
    folder = program(tmp_path / "bin", "docker", f"cat {tmp_path / 'said'}")
    kit = BuildKit(command=(str(folder / "docker"), "build"), name="BuildKit")
    seen: list[tuple[int, int | None]] = []
    assert build(kit, order(tmp_path), "x", _environ(folder), lambda at: seen.append((at.done, at.total))) is None
    assert seen == [(1, 2), (2, 5), (3, 5)]


def test_the_environment_reaches_the_program(tmp_path: Path) -> None:
    assert os.environ.get("TOKEN") is None
    assert _run(tmp_path, '[ "$TOKEN" = swordfish ]') is None
