"""The buildah runner, with a program of that name that copies from one mounted path to another."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from toolkit.cache.store import Cache
from toolkit.engines.buildah import Buildah
from toolkit.errors import InputError
from toolkit.runners.buildah import BuildahRunner
from toolkit.runners.protocol import Run

_BUILDAH = """#!/bin/sh
# run --isolation chroot --volume LINK:INSIDE:MODE … NAME -- cp FROM TO, each path below the INSIDE of a mount.
case "$1" in
info) printf '{"store": {"GraphRoot": "%s", "GraphDriverName": "overlay"}}' "$(dirname "$0")";;
from) echo working-container;;
run)
    for word; do
        case "$word" in
        */tmp/outputs:rw) outputs="${word%%:*}";;
        *:ro) input="${word%%:*}";;
        esac
        last="$word"
    done
    cp "$input" "$outputs/${last#/tmp/outputs/}"
    exit 7;;
containers) [ ! -e "$(dirname "$0")/refuses" ];;
--version) echo "buildah version 1.28.2 (image-spec 1.1.0-rc2)";;
esac
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "buildah").write_text(_BUILDAH)
    (folder / "buildah").chmod(0o755)
    return folder


@pytest.fixture
def runner(tmp_path: Path, programs: Path) -> BuildahRunner:
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "BUILDAH_ISOLATION": "chroot"}
    return BuildahRunner(Buildah.of(environ, Cache(tmp_path / "cache")))


def test_it_runs_the_command_and_collects_the_outputs(runner: BuildahRunner, copying: Run) -> None:
    outcome = runner.run(copying)
    assert (outcome.exit_code, outcome.paths) == (7, copying.outputs)
    assert copying.outputs["copy"].read_text() == "a\tb\n"


def test_a_contract_without_a_command_is_refused(runner: BuildahRunner, copying: Run) -> None:
    spec = replace(copying.spec, implementation=replace(copying.spec.container, command=()))
    with pytest.raises(InputError, match="buildah needs one") as refused:
        runner.run(replace(copying, spec=spec))
    assert refused.value.hint == "use --runner docker"


def test_it_is_available_if_it_may_list_containers(runner: BuildahRunner, programs: Path, tmp_path: Path) -> None:
    assert runner.available()
    (programs / "refuses").touch()
    assert not runner.available()
    missing = Buildah.of({"PATH": str(tmp_path / "nothing")}, Cache(tmp_path / "cache"))
    assert not BuildahRunner(missing).available()


def test_secrets_are_in_a_file_and_not_on_its_command_line(
    runner: BuildahRunner, programs: Path, copying: Run, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    storage = f'{{"store": {{"GraphRoot": "{tmp_path}", "GraphDriverName": "overlay"}}}}'
    (programs / "buildah").write_text(
        f"#!/bin/sh\ncase \"$1\" in info) echo '{storage}';; esac\n"
        f'case "$1" in from) echo c;; run) echo "$*" >>{seen}\n'
        f'for word; do case "$word" in *comp-variables.json:ro) cat "${{word%%:*}}" >>{seen};; esac; done;; esac\n'
    )
    container = replace(copying.spec.container, command=("/opt/comp/venv/bin/python", "/opt/comp/launch.py", "copy"))
    spec = replace(copying.spec, implementation=container)
    runner.run(replace(copying, spec=spec, variables={"TOKEN": "hunter2hunter2"}))
    words, values = seen.read_text().splitlines()
    assert "hunter2" not in words
    assert "-- /opt/comp/venv/bin/python -c import json, os, sys;" in words
    assert values == '{"TOKEN": "hunter2hunter2"}'


def test_secrets_of_a_program_without_the_launcher_are_refused(runner: BuildahRunner, copying: Run) -> None:
    with pytest.raises(InputError, match="buildah would show TOKEN to every user of this machine") as refused:
        runner.run(replace(copying, variables={"TOKEN": "hunter2hunter2"}))
    assert refused.value.hint == "use --runner docker"
