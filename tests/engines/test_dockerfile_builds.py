"""Dockerfiles by BuildKit, docker's SDK and buildah: the image, what it may not have, failures, and what stays."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import COMP, Result, comp, run_program
from tests.dockerfiles import tiny_image, write_dockerfile_component
from tests.servers import Server
from toolkit.engines.buildkit import find_buildkit
from toolkit.oci.archive import write_archive
from toolkit.oci.check import check_image
from toolkit.oci.contents import layer_tar
from toolkit.oci.descriptor import Platform
from toolkit.oci.image import Image
from toolkit.oci.layout import read_layout, write_layout

AMD64 = Platform("linux", "amd64")
WAYS = ("buildkit", "classic", "buildah")
# What only a hang exceeds.
HANGS = 60
# The storage of buildah is shared, so each run has a name of its own.
NAME = f"comp-tiny-{os.getpid()}"
BASE = f"localhost/{NAME}:1"
SECRET, FILE_SECRET, LOGIN = "swordfish-4711", "open-sesame-0815", "hunter22-login"
STEPS = f"""FROM {BASE} AS build
ARG VERSION
RUN echo "version $VERSION" > /version; echo "index $PIP_INDEX_URL"; echo "proxy $HTTPS_PROXY"
FROM build AS run
COPY src /src
CMD ["cat", "/version"]
FROM run AS unused
RUN exit 9
"""
WITH_MOUNTS = f"""FROM {BASE}
RUN --mount=type=secret,id=token --mount=type=secret,id=file,target=/file \\
  wc -c < /run/secrets/token; cat /run/secrets/token /file; wc -c "$SSL_CERT_FILE" "$NETRC"; cat "$NETRC"
USER 65532
RUN wc -c "$SSL_CERT_FILE" && ls -laR /dev/comp /run/comp* 2>/dev/null; true
"""


class Way:
    """One way to build: the options and the environment of `comp`, and what its engine holds."""

    def __init__(self, name: str, folder: Path, cache: Path) -> None:
        self.name = name
        self.tmp = folder / "tmp"
        self.tmp.mkdir()
        self.environ = {**os.environ, "TMPDIR": str(self.tmp), "COMP_CACHE_DIR": str(cache)}
        self.environ |= {"COMP_BUILDER": "buildah" if name == "buildah" else "docker"}
        self.environ["PATH"] = _path(name, folder)
        # The storage of buildah is shared with all that runs on the machine.
        self._before = set(self._named())

    def build(self, folder: Path, *options: str, **more: str) -> Result:
        return comp("build", folder, *options, env={**self.environ, **more})

    def image(self, folder: Path, out: Path, *options: str, **more: str) -> Image:
        done = self.build(folder, *options, "--output", f"layout:{out}", **more)
        assert done.code == 0, done.err
        return read_layout(out, platform=AMD64)

    def left(self) -> list[str]:
        """List what a build may not leave behind: names of images, containers and temporary files."""
        return [*sorted(set(self._named()) - self._before), *(path.name for path in self.tmp.iterdir())]

    def _named(self) -> list[str]:
        """List the names of images, and the containers."""
        if self.name != "buildah":
            images = run_program("docker", "images", "--format", "{{.Repository}}:{{.Tag}}")
            containers = run_program("docker", "ps", "--quiet", "--all")
        else:
            images = _buildah("images", "--format", "{{.Name}}:{{.Tag}}")
            # Those of this base; they are named after it.
            every = _buildah("containers", "--all", "--format", "{{.ContainerName}}")
            containers = " ".join(name for name in every.split() if NAME in name)
        return [name for name in (*images.split(), *containers.split()) if name != "<none>:<none>"]


def _buildah(*arguments: str) -> str:
    """Run buildah, again if another process has removed meanwhile what it lists."""
    for _ in range(20):
        done = subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=False, timeout=HANGS)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError(done.stderr)


def _path(name: str, folder: Path) -> str:
    """Return a PATH that leads to BuildKit, or to no docker at all, so that the SDK alone is left."""
    usual = f"/usr/bin:/bin:/usr/sbin:/sbin:{os.environ['PATH']}"
    if name == "buildkit":
        assert find_buildkit({"PATH": usual}), "docker's program has no BuildKit: apt-get install docker.io"
        return usual
    if name == "classic":
        bare = folder / "bin"
        bare.mkdir()
        return str(bare)
    return usual


@pytest.fixture(scope="module")
def tiny(debian_base: Path, docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A base of a shell and few programs, so that saving an image takes no time, known to docker and to buildah."""
    assert docker_host
    folder = tmp_path_factory.mktemp("tiny")
    image = tiny_image(read_layout(debian_base, platform=AMD64))
    with (folder / "archive.tar").open("wb") as stream:
        write_archive(image, stream, names=[BASE])
    run_program("docker", "load", "--quiet", "--input", folder / "archive.tar")
    write_layout(image, folder / "layout", name=NAME)
    identity = run_program("buildah", "pull", "--quiet", f"oci:{folder / 'layout'}").strip()
    run_program("buildah", "tag", identity, BASE)
    yield BASE
    subprocess.run(["buildah", "rmi", "--force", BASE], capture_output=True, check=False, timeout=HANGS)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tiny: str, tmp_path: Path, cache_folder: Path) -> Way:
    assert tiny
    return Way(request.param, tmp_path, cache_folder)


def _everything(image: Image) -> bytes:
    """Return all bytes of an image: its documents, and the names and contents in its layers."""
    parts = [image.manifest, image.config]
    for layer in image.layers:
        with layer_tar(layer) as archive:
            for member in archive:
                stream = archive.extractfile(member) if member.isreg() else None
                parts += [member.name.encode(), stream.read() if stream else b""]
    return b"\0".join(parts)


def _names(image: Image) -> set[str]:
    """Return the paths in the layers above the base, without the one of comp."""
    names: set[str] = set()
    for layer in image.layers[1:-1]:
        with layer_tar(layer) as archive:
            names |= {member.name.strip("/") for member in archive}
    return names


def _lines(image: Image) -> list[str]:
    return [entry["created_by"] for entry in image.parsed_config()["history"]]


def test_the_image_is_that_of_the_dockerfile_and_described_by_comp(way: Way, tmp_path: Path) -> None:
    settings = 'target = "run"\n[tool.comp.build-args]\nVERSION = "1.7"'
    files = {"src/kept": "kept", "src/left-out": "left out", ".dockerignore": "**/left-out\n"}
    folder = write_dockerfile_component(tmp_path / "c", STEPS, settings=settings, files=files)
    more = {
        "PIP_INDEX_URL": f"https://user:{LOGIN}@pypi.example.com/simple",
        "HTTPS_PROXY": "http://proxy.example.com:3128",
    }
    done = way.build(folder, "--output", f"layout:{tmp_path / 'one'}", **more)
    assert done.code == 0, done.err
    image = read_layout(tmp_path / "one", platform=AMD64)
    assert check_image(image) == []
    assert done.out == f"{image.digest}\n"
    labels = image.parsed_config()["config"]["Labels"]
    assert labels["org.opencontainers.image.version"] == "1.2.0"
    assert labels["org.opencontainers.image.title"] == "count-lines"
    assert not [name for name in labels if not name.startswith("org.opencontainers.image.")]
    whole = _everything(image)
    assert b"version 1.7" in whole
    assert b"src/kept" in whole
    assert b"left-out" not in whole
    # Nothing of what the steps got from this machine, and no value of an argument in the history.
    for word in (b"pypi.example.com", b"proxy.example.com", LOGIN.encode(), b"SSL_CERT_FILE", b"comp-certificates"):
        assert word not in whole, word
    assert not any("1.7" in line for line in _lines(image))
    assert way.left() == []
    # The engine's own cache makes it quick, and the digest is the same.
    assert way.build(folder, **more).out == done.out
    assert way.left() == []
    assert comp("inspect", f"layout:{tmp_path / 'one'}", "--check", env=way.environ).code == 0


def test_a_base_on_this_disk(way: Way, debian_base: Path, tmp_path: Path) -> None:
    image = tiny_image(read_layout(debian_base, platform=AMD64))
    write_layout(image, tmp_path / "base")
    folder = write_dockerfile_component(
        tmp_path / "c", f"ARG IMAGE={BASE}\nFROM $IMAGE AS one\nCOPY src /src\nFROM one\n"
    )
    (folder / "src").touch()
    made = way.image(folder, tmp_path / "one", "--build-arg", f"IMAGE=layout:{tmp_path / 'base'}")
    assert made.layers[0].diff_id == image.layers[0].diff_id
    # Only the base is kept, by a name of its digest, as for components in Python.
    assert [name for name in way.left() if "comp-base" not in name] == []


# Without BuildKit docker refuses it: it has one image for the same steps above `scratch`.
@pytest.mark.parametrize("way", ["buildkit", "buildah"], indirect=True)
def test_scratch_for_two_platforms_is_an_image_for_each(way: Way, tmp_path: Path) -> None:
    settings = 'platforms = ["linux/amd64", "linux/arm64"]'
    # New content, so that no cache has it yet.
    folder = write_dockerfile_component(
        tmp_path / "c", "FROM scratch\nCOPY data /\n", settings=settings, files={"data": str(tmp_path)}
    )
    for number in range(2):
        out = tmp_path / str(number)
        done = way.build(folder, "--output", f"layout:{out}")
        assert done.code == 0, done.err
        for name in ("amd64", "arm64"):
            assert read_layout(out, platform=Platform("linux", name)).parsed_config()["architecture"] == name


def test_what_is_printed_as_it_comes_is_not_printed_again(way: Way, tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "c", f"FROM {BASE}\nRUN echo the reason; exit 3\n")
    done = comp("-v", "build", folder, env=way.environ)
    assert done.code == 1
    shown = [line for line in done.err.splitlines() if line.endswith("the reason")]
    assert shown, done.err
    assert "  the reason" not in shown
    assert "hint:" not in done.err


def test_a_step_that_fails_is_shown_with_its_line_and_its_last_words(way: Way, tmp_path: Path) -> None:
    noise = (
        "i=0; while [ $i -lt 20000 ]; do echo a line of noise to fill a megabyte or two of output $i; i=$((i+1)); done"
    )
    text = f"FROM {BASE}\n# why\nRUN true\n\nRUN {noise}; \\\n  echo the reason; exit 3\n"
    folder = write_dockerfile_component(tmp_path / "c", text)
    done = way.build(folder)
    assert (done.code, done.out) == (1, "")
    shown = done.err.partition("error: ")[2]
    assert shown.startswith(f"{folder}/Dockerfile:5: the step failed: ")
    assert "\n  the reason\n" in shown
    assert len(done.err) < 5000
    assert way.left() == []
    assert "hint: `-v` prints all" in done.err


def test_a_step_that_hangs_ends_with_the_user(way: Way, tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "c", f"FROM {BASE}\nRUN echo waiting; sleep 1000\n")
    with subprocess.Popen(
        [COMP, "-v", "build", folder], stderr=subprocess.PIPE, text=True, env=way.environ, start_new_session=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if line.rstrip().endswith("waiting") and "echo" not in line:
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(HANGS) == 130, rest
    assert way.left() == []


def test_a_file_that_is_missing(way: Way, tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "c", f"FROM {BASE}\nCOPY missing /x\n")
    done = way.build(folder)
    assert done.code == 1
    assert f"{folder}/Dockerfile:2: the step failed: " in done.err
    assert "missing" in done.err
    assert way.left() == []


# buildah asks a server several times, which takes ten seconds.
@pytest.mark.parametrize("way", ["buildkit", "classic"], indirect=True)
def test_a_base_that_cannot_be_had(way: Way, tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "c", "FROM 127.0.0.1:1/nothing:1\nRUN true\n")
    done = way.build(folder)
    assert done.code == 3, done.err
    assert "cannot build the image" in done.err
    assert way.left() == []


@pytest.mark.parametrize("way", ["buildkit", "buildah"], indirect=True)
def test_secrets_and_certificates_are_for_the_step_alone(way: Way, tmp_path: Path) -> None:
    settings = 'build-secrets = ["id=token,env=THE_TOKEN", "id=file,src=secret.txt"]'
    files = {"secret.txt": f"{FILE_SECRET}\n", ".dockerignore": "secret.txt\n"}
    folder = write_dockerfile_component(tmp_path / "c", WITH_MOUNTS, settings=settings, files=files)
    bundle = tmp_path / "ca.pem"
    bundle.write_text("certificates of this machine\n")
    more = {
        "THE_TOKEN": SECRET,
        "SSL_CERT_FILE": str(bundle),
        "UV_DEFAULT_INDEX": f"https://user:{LOGIN}@uv.example.com/simple",
    }
    done = way.build(folder, "--output", f"layout:{tmp_path / 'out'}", **more)
    assert done.code == 0, done.err
    image = read_layout(tmp_path / "out", platform=AMD64)
    assert check_image(image) == []
    whole = _everything(image)
    for value in (SECRET, FILE_SECRET, LOGIN, "certificates of this machine", "uv.example.com", "comp-logins"):
        assert value.encode() not in whole, value
    assert not {name for name in _names(image) if "comp" in name}
    # All of it reached the steps, also that of another user; and no value is printed.
    spoken = comp("-v", "build", folder, env={**way.environ, **more})
    for value in (SECRET, FILE_SECRET, LOGIN):
        assert value not in spoken.err
        assert value not in done.err
    (folder / "Dockerfile").write_text(f"{WITH_MOUNTS}RUN exit 1\n".replace("; true\n", "; exit 1\n"))
    failed = way.build(folder, **more)
    assert failed.code == 1
    assert "29 " in failed.err
    assert way.left() == []
    del more["THE_TOKEN"]
    refused = way.build(folder, **more)
    assert refused.code == 1
    assert "the secret token is missing: the variable THE_TOKEN is not set" in refused.err


@pytest.mark.parametrize("way", ["buildkit"], indirect=True)
def test_the_image_is_pushed_pinned_and_run(way: Way, tmp_path: Path, remote: Server) -> None:
    folder = write_dockerfile_component(tmp_path / "c", f"FROM {BASE}\nENV A=1\n")
    done = way.build(folder, "--push", "--image", f"{remote.host}/any/count-lines")
    assert done.code == 0, done.err
    reference = done.out.strip()
    assert f"image: {reference}\n" in (folder / "component.yaml").read_text()
    run = comp("run", folder, "-i", "text=one", folder=tmp_path, env=way.environ)
    assert run.code == 0, run.err
    assert run.out == "lines=1\n"


@pytest.mark.parametrize("way", ["classic"], indirect=True)
def test_docker_without_buildkit_says_what_it_cannot(way: Way, tmp_path: Path) -> None:
    folder = write_dockerfile_component(tmp_path / "c", f"FROM {BASE}\n", settings='build-secrets = ["id=TOKEN"]')
    done = way.build(folder, TOKEN=SECRET)
    assert done.code == 3
    assert "docker gives secrets and ssh to steps by BuildKit alone" in done.err
