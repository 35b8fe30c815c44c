import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_remote import Access, FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from toolkit.cache.store import Cache
from toolkit.diagnosis import Check, diagnose
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

Look = Callable[..., dict[str, Check]]

SETTINGS = '[project]\nname = "one"\nversion = "1"\n[tool.comp]\nentrypoint = "one:run"\n'


@pytest.fixture
def fake() -> Iterator[FakeRemote]:
    with serving(FakeRemote()) as remote:
        yield remote


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Look around in a folder with nothing on PATH and nothing at home."""

    def run(*, settings: str | None = None, seconds: float = 5, **environ: str) -> dict[str, Check]:
        folder = tmp_path / "component"
        folder.mkdir(exist_ok=True)
        if settings is not None:
            (folder / "pyproject.toml").write_text(settings)
        known = {"HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "bin"), **environ}
        checks = diagnose(folder, Cache(tmp_path / "cache"), known, seconds=seconds)
        return {check.name: check for check in checks}

    return run


def install(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def log_in(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "home" / ".docker" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_a_bare_machine(look: Look) -> None:
    found = look()
    assert {name: check.state for name, check in found.items() if name not in {"docker", "disk"}} == {
        "python": "ok",
        "uv": "ok",
        "cache": "ok",
        "buildah": "missing",
        "temporary": "ok",
        "jail": "ok",
        "git": "missing",
        "skopeo": "missing",
        "credentials": "missing",
        "trust store": "ok",
    }
    assert found["buildah"].fix == "apt-get install buildah"
    assert all(check.why for check in found.values())


def test_the_version_of_a_program(look: Look, tmp_path: Path) -> None:
    install(tmp_path, "buildah", "echo buildah version 1.28.2 '(image-spec 1.1.0-rc2)'")
    assert look()["buildah"].detail == "1.28.2"


def test_a_program_that_is_broken(look: Look, tmp_path: Path) -> None:
    install(tmp_path, "skopeo", "echo cannot load libgpgme.so.11 >&2; exit 127")
    found = look()["skopeo"]
    assert (found.state, found.detail) == ("problem", f"{tmp_path}/bin/skopeo does not run: cannot load libgpgme.so.11")


def test_the_size_of_the_cache(look: Look, tmp_path: Path) -> None:
    assert look()["cache"].detail == f"{tmp_path}/cache, empty"
    assert not (tmp_path / "cache").exists()
    Cache(tmp_path / "cache").store([b"x" * 2500])
    assert look()["cache"].detail == f"{tmp_path}/cache, 2.5 kB"
    assert not list((tmp_path / "cache").glob(".comp-doctor-*"))


def test_a_cache_that_cannot_be(look: Look, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the place of the folder")
    found = look()["cache"]
    assert (found.state, found.required) == ("problem", True)
    assert found.detail == f"{tmp_path}/cache cannot be written: Not a directory"


def test_logins_are_named_and_secrets_are_not(look: Look, tmp_path: Path) -> None:
    path = log_in(tmp_path, json.dumps({"auths": {"https://b.example/v2/": {"auth": "YW5uOnMzY3JldA=="}, "a.io": {}}}))
    assert look()["credentials"].detail == f"a.io, b.example ({path})"


def test_a_credential_helper_that_is_not_installed(look: Look, tmp_path: Path) -> None:
    path = log_in(tmp_path, json.dumps({"credHelpers": {"gcr.io": "gcloud"}}))
    found = look()["credentials"]
    assert found.state == "problem"
    assert found.detail == f"{path} names docker-credential-gcloud, which is not installed"
    install(tmp_path, "docker-credential-gcloud", "")
    assert look()["credentials"].detail == f"docker-credential-gcloud ({path})"


def test_a_credentials_file_that_is_broken(look: Look, tmp_path: Path) -> None:
    path = log_in(tmp_path, "{")
    found = look()["credentials"]
    assert (found.state, found.detail) == ("problem", f"{path}: the credentials file is not JSON")


def test_a_trust_store_that_cannot_be_read(look: Look, tmp_path: Path) -> None:
    assert look(SSL_CERT_FILE=str(tmp_path / "ca.pem"))["trust store"].state == "problem"


def test_the_remotes_of_a_component(look: Look, fake: FakeRemote) -> None:
    base = f"{fake.host}/base/python:3.11"
    settings = f'{SETTINGS}base = "{base}"\nimage = "{fake.host}/ml/one"\n'
    found = look(settings=settings)
    assert (found["base"].state, found["base"].detail) == ("missing", f"{base} is missing")
    assert found["image"].detail == f"{fake.host} answers"
    digest = Remote(environ={"HOME": "/"}).push(image_of([layer_of(tar_of("a"))]), parse_reference(base))
    assert look(settings=settings)["base"].detail == f"{base}, {digest}"


def test_a_remote_that_wants_a_login(look: Look, fake: FakeRemote) -> None:
    fake.access = Access("Basic")
    found = look(settings=f'{SETTINGS}image = "{fake.host}/ml/one"\nbase = "layout:nowhere"\n')
    assert found["image"].state == "problem"
    assert found["image"].fix.startswith(f"log in with `docker login {fake.host}`")
    assert (found["base"].state, found["base"].detail) == ("missing", "layout:nowhere is missing")


def test_settings_that_are_wrong(look: Look) -> None:
    found = look(settings=f"{SETTINGS}bsae = 1\n")
    assert found["component"].state == "problem"
    assert "bsae" in found["component"].detail
    assert "base" not in found


def test_settings_of_the_folders_below_make_no_component(look: Look) -> None:
    assert look(settings='[tool.comp.workspace]\nmembers = ["components/*"]\n').keys().isdisjoint(("component", "base"))
    broken = look(settings="[tool.comp.workspace\n")
    assert broken["component"].state == "problem"


@pytest.fixture
def silent_host() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_what_hangs_is_not_waited_for(silent_host: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'{SETTINGS}base = "layout:."\nimage = "{silent_host}/one"\n')
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from toolkit.cache.store import Cache\nfrom toolkit.diagnosis import diagnose\n"
        "folder = Path(sys.argv[1])\nprint(diagnose(folder, Cache(folder / 'cache'), {}, seconds=1)[-1].detail)\n"
    )
    # In a process of its own: it must also be able to end while the question is still open.
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True, env={**os.environ})
    assert done.stdout == "no answer within 1 s\n"


def test_a_container_without_a_place_for_temporary_files(look: Look, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path / "file"))
        found = look()["temporary"]
    assert (found.state, found.required) == ("problem", True)
    assert found.detail == f"TMPDIR is {tmp_path}/file, which is not a folder"
