"""The docker runner, with an engine that copies from one mount to another instead of running a container."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest
from msgspec.structs import replace

from toolkit.engines import docker as engine
from toolkit.runners.docker import DockerRunner
from toolkit.runners.protocol import Run
from toolkit.runners.surroundings import RESTRICTED_USER

Commands = list[tuple[list[str], list[str], str | None]]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    """Entry point, command and user of each container."""
    seen: Commands = []

    def run_container(  # noqa: PLR0913 (as the engine's)
        _: object,
        image: str,
        *,
        entrypoint: Sequence[str],
        command: Sequence[str],
        mounts: Mapping[str, tuple[Path, str]],
        environment: Mapping[str, str],
        output: IO[bytes] | None,
        user: str | None,
        groups: Sequence[int],
        restricted: bool,
        limits: Mapping[str, object],
    ) -> engine.Ended:
        assert (image, dict(environment), limits) == ("copy:1", {}, {})
        assert output is None
        assert restricted == (user == RESTRICTED_USER)
        assert groups == ()
        seen.append((list(entrypoint), list(command), user))
        source, target = command[-2:]
        folder, mode = mounts["/tmp/outputs"]  # noqa: S108 (in the container)
        assert (mounts[source][1], mode) == ("ro", "rw")
        shutil.copy(mounts[source][0], folder / Path(target).relative_to("/tmp/outputs"))  # noqa: S108 (likewise)
        return engine.Ended(code=137 if user in {"oom", "late"} else 7, out_of_memory=user == "oom")

    monkeypatch.setattr(engine, "connect", lambda _: None)
    monkeypatch.setattr(engine, "caller", lambda _: "1:1")
    monkeypatch.setattr(engine, "image_user", lambda *_: "1000")
    monkeypatch.setattr(engine, "run_container", run_container)
    return seen


def test_it_runs_the_command_and_collects_the_outputs(copying: Run, commands: Commands) -> None:
    outcome = DockerRunner({}).run(copying)
    assert (outcome.exit_code, outcome.paths) == (7, copying.outputs)
    assert copying.outputs["copy"].read_text() == "a\tb\n"
    ((entrypoint, command, user),) = commands
    assert (entrypoint, len(command), user) == (["cp"], 2, "1000")


def test_an_image_without_a_command_keeps_its_own(copying: Run, commands: Commands) -> None:
    container = copying.spec.container
    arguments = (*container.command[1:], *container.args)
    spec = replace(copying.spec, implementation=replace(container, command=(), args=arguments))
    assert DockerRunner({}).run(replace(copying, spec=spec)).exit_code == 7
    ((entrypoint, command, _),) = commands
    assert (entrypoint, len(command)) == ([], 2)


def test_a_restricted_run_has_a_user_that_no_image_knows(copying: Run, commands: Commands) -> None:
    assert DockerRunner({}, restricted=True).run(copying).exit_code == 7
    assert commands[0][2] == RESTRICTED_USER


def test_a_component_that_the_kernel_killed_names_its_limit(
    copying: Run, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "image_user", lambda *_: "oom")
    limited = replace(copying.spec, annotations={"comp.resources": '{"memory": "64Mi"}'})
    monkeypatch.setattr("toolkit.runners.docker.limit_options", lambda *_: {})
    outcome = DockerRunner({}).run(replace(copying, spec=limited))
    assert commands
    assert (outcome.exit_code, outcome.reason) == (
        137,
        "killed, since it needed more memory than its limit of 64Mi",
    )
    assert DockerRunner({}).run(copying).reason == "killed, since it needed more memory than this machine has"


def test_a_killed_component_with_a_limit_may_have_reached_it(
    copying: Run, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "image_user", lambda *_: "late")
    monkeypatch.setattr("toolkit.runners.docker.limit_options", lambda *_: {})
    limited = replace(copying.spec, annotations={"comp.resources": '{"memory": "64Mi"}'})
    outcome = DockerRunner({}).run(replace(copying, spec=limited))
    assert commands
    assert outcome.reason == "killed, perhaps because it needed more memory than its limit of 64Mi"
    assert DockerRunner({}).run(copying).reason is None
