"""Dockerfiles by buildah: what it gets, what its words mean, and that no container of it stays."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from tests.build_orders import order, program
from toolkit.engines.buildah import Buildah
from toolkit.engines.buildah_build import build
from toolkit.engines.image_build import Failure
from toolkit.errors import OutsideError


def _buildah(tmp_path: Path, script: str) -> Buildah:
    """Return a buildah whose `build` is a script; it has a storage with containers, and removes what it is asked to."""
    store = json.dumps({"store": {"GraphRoot": str(tmp_path / "storage"), "GraphDriverName": "overlay"}})
    (tmp_path / "info").write_text(store)
    (tmp_path / "storage").mkdir(exist_ok=True)
    body = f"""case "$1" in
info) cat {tmp_path}/info ;;
rm) shift; echo "$@" > {tmp_path}/removed ;;
images) [ "$3" = 127.0.0.1/here ] && echo 0815 || exit 125 ;;
inspect) cat {tmp_path}/architecture 2>/dev/null || echo amd64 ;;
pull) echo "$@" >> {tmp_path}/pulled ;;
build) {script} ;;
esac"""
    return Buildah(environment={"PATH": f"{program(tmp_path / 'bin', 'buildah', body)}:/usr/bin:/bin"})


def _container(tmp_path: Path, name: str, text: str) -> None:
    folder = tmp_path / "storage" / "overlay-containers" / name / "userdata"
    folder.mkdir(parents=True)
    (folder / "buildah.json").write_text(text)


def _said(tmp_path: Path, text: str) -> Failure:
    (tmp_path / "said").write_text(text)
    failure = build(_buildah(tmp_path, f"cat {tmp_path / 'said'} >&2; exit 125"), order(tmp_path))
    assert isinstance(failure, Failure)
    return failure


def test_what_the_program_gets(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    ignore = tmp_path / ".dockerignore"
    buildah = _buildah(tmp_path, f'printf "%s\\n" "$@" > {seen}; env > {seen}.env; echo 0815 > {tmp_path}/id')
    assert build(buildah, order(tmp_path, ignore=ignore)) == "0815"
    words = seen.read_text().splitlines()
    expected = {"--layers", "--timestamp=1", "--target=one", "--platform=linux/amd64", f"--ignorefile={ignore}"}
    assert expected <= set(words)
    pairs = set(pairwise(words))
    assert {("--build-arg", "VERSION=1"), ("--secret", "id=token,env=TOKEN"), ("--ssh", "default")} <= pairs
    assert not any("hunter22" in word for word in words)
    # The socket of an agent has a short path.
    (scratch,) = [line for line in (tmp_path / "seen.env").read_text().splitlines() if line.startswith("TMPDIR=")]
    assert scratch.startswith("TMPDIR=/tmp/.comp-ssh-")
    assert not Path(scratch.removeprefix("TMPDIR=")).exists()


def test_an_image_of_another_platform_in_its_cache_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "architecture").write_text("arm64\n")
    script = f'case "$*" in *--no-cache*) echo 2 > {tmp_path}/id ;; *) echo 1 > {tmp_path}/id ;; esac'
    assert build(_buildah(tmp_path, script), order(tmp_path)) == "2"


def test_containers_of_this_build_alone_are_removed(tmp_path: Path) -> None:
    _container(tmp_path, "theirs", '{"Secrets": ["id=comp-mark,src=/elsewhere/comp-mark"]}')
    containers = tmp_path / "storage" / "overlay-containers"
    (containers / "half").mkdir()
    # As the option of the program says where the mark is.
    script = f"""mkdir -p {containers}/ours/userdata; echo "$@" > {containers}/ours/userdata/buildah.json; exit 125"""
    failure = build(_buildah(tmp_path, script), order(tmp_path))
    assert isinstance(failure, Failure)
    assert (tmp_path / "removed").read_text() == "ours\n"
    assert [*(tmp_path / "storage").iterdir()] == [containers]


def test_images_of_servers_on_this_machine_are_pulled_without_tls(tmp_path: Path) -> None:
    text = """ARG HOST=127.0.0.1:5000
FROM $HOST/a:1 AS one
FROM 127.0.0.1/here AS two
FROM localhost/built
FROM registry.example.com/b:1
COPY --from=localhost:5001/c /x /x
COPY --from=one /x /x
"""
    assert build(_buildah(tmp_path, f"echo 0815 > {tmp_path}/id"), order(tmp_path, text)) == "0815"
    options = "pull --quiet --tls-verify=false --platform=linux/amd64"
    assert (tmp_path / "pulled").read_text() == f"{options} 127.0.0.1:5000/a:1\n{options} localhost:5001/c\n"


def test_a_step_that_fails_has_its_line_and_its_own_last_words(tmp_path: Path) -> None:
    failure = _said(
        tmp_path,
        """[1/2] STEP 3/3: RUN one
of another step
--> 84769
[2/2] STEP 1/5: FROM 84769
[2/2] STEP 5/5: RUN two
before
subprocess exited with status 3
subprocess exited with status 3
Error: building at STEP "RUN two": exit status 3
""",
    )
    assert failure == Failure(message='"RUN two": exit status 3', line=6, output=("before",))
    assert not failure.is_outside


def test_a_base_that_cannot_be_had_is_outside(tmp_path: Path) -> None:
    words = "Error: creating build container: pinging container registry h: no such host"
    failure = _said(tmp_path, f"STEP 1/2: FROM h/x:1\nTrying to pull h/x:1...\n{words}\n")
    assert (failure.message, failure.line) == (words.removeprefix("Error: "), None)
    assert failure.is_outside


def test_buildah_may_not_be_installed(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="buildah is not installed"):
        build(Buildah(environment={"PATH": str(tmp_path)}), order(tmp_path))
