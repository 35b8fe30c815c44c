"""The order of a plan: a copy of the Dockerfile, the patterns that count, and errors in the lines of the original."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.dockerfiles import write_dockerfile_component
from toolkit.builders.dockerfile import DockerfilePlan
from toolkit.builders.dockerfile_order import failed, ordered
from toolkit.config.dockerfile import BuildSecret, SshAgent
from toolkit.config.project import read_project
from toolkit.engines.image_build import Failure
from toolkit.errors import InputError, OutsideError
from toolkit.job.dockerfile import dockerfile_plans

NOWHERE = {"SSL_CERT_FILE": "/nowhere"}


def _plan(folder: Path, text: str = "FROM scratch AS one\nRUN x\n", settings: str = "") -> DockerfilePlan:
    project = read_project(write_dockerfile_component(folder, text, settings=settings), environ={})
    return dockerfile_plans(project, {})[0]


def test_the_original_stays_as_it_is(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    plan = _plan(tmp_path / "one")
    with ordered(plan, {"SSL_CERT_FILE": str(bundle)}, "/run") as order:
        copy = order.dockerfile.read_text()
        assert "\nARG SSL_CERT_FILE " in copy
        assert "RUN --mount=type=secret,id=comp-certificates" in copy
        assert f"id=comp-certificates,src={bundle}" in order.secrets
    assert plan.dockerfile.read_text() == "FROM scratch AS one\nRUN x\n"
    assert not order.folder.exists()


def test_certificates_may_have_a_comma_in_their_path(tmp_path: Path) -> None:
    bundle = tmp_path / "a,b.pem"
    bundle.touch()
    with ordered(_plan(tmp_path / "one"), {"SSL_CERT_FILE": str(bundle)}, "/run") as order:
        assert f"id=comp-certificates,src={order.folder}/secret-comp-certificates" in order.secrets
        assert (order.folder / "secret-comp-certificates").resolve() == bundle


def test_arguments_of_the_settings_win(tmp_path: Path) -> None:
    plan = _plan(tmp_path, settings='[tool.comp.build-args]\nGOPROXY = "off"')
    with ordered(plan, {**NOWHERE, "GOPROXY": "https://go.example.com"}, "/run") as order:
        assert order.arguments == {"GOPROXY": "off"}
        assert "ARG" not in order.dockerfile.read_text()


def test_secrets_and_agents_in_dockers_words(tmp_path: Path) -> None:
    plan = _plan(tmp_path / "one")
    file = tmp_path / "a,b"
    file.write_text("x")
    secrets = (BuildSecret(id="a", variable="A"), BuildSecret(id="b", file=file))
    plan = replace(plan, secrets=secrets, ssh=(SshAgent(id="default"), SshAgent(id="x", socket=tmp_path)))
    with ordered(replace(plan, created="1970-01-01T00:01:00Z"), NOWHERE, "/run") as order:
        # A comma would end the path.
        assert order.secrets == ("id=a,env=A", f"id=b,src={order.folder}/secret-b")
        assert (order.folder / "secret-b").resolve() == file
        assert order.ssh == ("default", f"x={tmp_path}")
        assert order.epoch == "60"


def test_the_patterns_beside_the_dockerfile_count_before_those_of_the_context(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    with ordered(plan, NOWHERE, None) as order:
        assert order.ignore is None
    (tmp_path / ".dockerignore").write_text("one")
    with ordered(plan, NOWHERE, None) as order:
        assert order.ignore == tmp_path / ".dockerignore"
    (tmp_path / "Dockerfile.dockerignore").write_text("two")
    with ordered(plan, NOWHERE, None) as order:
        assert order.ignore
        assert order.ignore == order.dockerfile.with_name("Dockerfile.dockerignore")
        assert order.ignore.read_text() == "two"


@pytest.mark.parametrize(
    ("text", "target", "message", "line"),
    [
        ("FROM scratch\nRUNN x\n", None, "unknown instruction RUNN", 2),
        ("FROM scratch\nENV A=1\nCOPY x\n", None, "COPY x has no target", 3),
        ("FROM scratch AS one\n", "two", "the Dockerfile has no stage 'two'", None),
        ("RUN x\n", None, "RUN before the first FROM", 1),
    ],
)
def test_what_no_engine_builds_is_refused_before_one_begins(
    tmp_path: Path, text: str, target: str | None, message: str, line: int | None
) -> None:
    plan = replace(_plan(tmp_path, text), target=target)
    with (
        pytest.raises(InputError, match=message) as error,
        ordered(plan, {**NOWHERE, "GOPROXY": "x"}, "/run"),
    ):
        pass
    assert error.value.where
    assert (error.value.where.path, error.value.where.line) == (tmp_path / "Dockerfile", line)


def test_a_text_that_is_not_utf8(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    plan.dockerfile.write_bytes(b"FROM \xff\n")
    with pytest.raises(InputError, match="not a text in UTF-8"), ordered(plan, NOWHERE, None):
        pass


def test_a_failed_step_is_the_authors_and_the_rest_is_outside(tmp_path: Path) -> None:
    plan = _plan(tmp_path)
    error = failed(Failure(message="exit code: 3", line=2, output=("before", "after")), plan, "docker")
    assert isinstance(error, InputError)
    assert error.message == "the step failed: exit code 3\n  before\n  after"
    assert error.where
    assert error.where.line == 2
    mount = "--mount=type=secret,id=comp-certificates,target=/run/comp-certificates,mode=0444 "
    long = failed(Failure(message=f'"RUN {mount}x": exit status 4', line=2), plan, "buildah")
    assert long.message == "the step failed: exit status 4"
    copy = failed(Failure(message=f'"COPY x": stat: "/x": {mount}no such file', line=2), plan, "buildah")
    assert copy.message == 'the step failed: "COPY x": stat: "/x": no such file'
    outside = failed(Failure(message="EOF"), plan, "docker")
    assert isinstance(outside, OutsideError)
    assert outside.message == "docker cannot build the image: EOF"
    full = failed(Failure(message="exit code: 1", line=2, output=("No space left on device",)), plan, "docker")
    assert isinstance(full, OutsideError)
    assert "docker system df" in (full.hint or "")
    ranges = "potentially insufficient UIDs or GIDs available in user namespace: Check /etc/subuid"
    assert "usermod --add-subuids" in (failed(Failure(message=ranges), plan, "buildah").hint or "")
    foreign = failed(Failure(message="exit code: 1", line=2, output=("/bin/sh: exec format error",)), plan, "docker")
    assert "runs no programs for linux/amd64" in (foreign.hint or "")


def test_lines_that_were_printed_are_not_repeated(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plan = _plan(tmp_path)
    failure = Failure(message="exit code: 3", line=2, output=("the reason",))
    assert failed(failure, plan, "docker").hint == "`-v` prints all that the steps print"
    with caplog.at_level("DEBUG", logger="toolkit"):
        error = failed(failure, plan, "docker")
    assert (error.message, error.hint) == ("the step failed: exit code 3", None)


@pytest.mark.parametrize(
    "words",
    [
        'initializing source docker://debian:12: pinging container registry r.example.com: Get "https://…"',
        'debian:12: failed to do request: Head "https://r.example.com/v2/library/debian/manifests/12"',
        'Get "https://r.example.com/v2/": dial tcp: lookup r.example.com: no such host',
    ],
)
def test_a_base_that_cannot_be_had(tmp_path: Path, words: str) -> None:
    plan = _plan(tmp_path)
    assert "BASE=$(comp base)" in (failed(Failure(message=words), plan, "docker").hint or "")
    assert "BASE=" not in (failed(Failure(message=words, line=2), plan, "docker").hint or "")
    # No step ran, so there is nothing more to print.
    assert failed(Failure(message="EOF"), plan, "docker").hint is None
    wrong = failed(Failure(message="invalid reference format"), plan, "buildah")
    assert "--build-arg BASE=layout:DIR" in (wrong.hint or "")
