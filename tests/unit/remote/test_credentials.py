import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from toolkit.errors import InputError
from toolkit.remote.credentials import CredentialFiles


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(path: Path, document: Any) -> Path:  # noqa: ANN401 (a JSON value of any shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def found(files: CredentialFiles, host: str = "registry.example.com", repository: str = "ml/train") -> str | None:
    credential = files.find(host, repository)
    return (credential.identity_token or f"{credential.username}:{credential.password}") if credential else None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def files(home: Path) -> CredentialFiles:
    return CredentialFiles.of({"HOME": str(home)})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"auth": encoded("ann:pass:word")}, "ann:pass:word"),
        ({"auth": encoded("ann:word") + "\n"}, None),
        ({"username": "ann", "password": "word"}, "ann:word"),
        ({"auth": encoded("ann:"), "identitytoken": "t0ken"}, "t0ken"),
        ({"auth": encoded("<token>:t0ken")}, "t0ken"),
        ({}, None),
    ],
)
def test_entries(home: Path, files: CredentialFiles, entry: dict[str, str], expected: str | None) -> None:
    write(home / ".docker/config.json", {"auths": {"registry.example.com": entry}})
    if entry.get("auth", "").endswith("\n"):
        with pytest.raises(InputError, match="not base64"):
            found(files)
    else:
        assert found(files) == expected


@pytest.mark.parametrize(
    "key",
    [
        "registry.example.com",
        "https://registry.example.com",
        "https://registry.example.com/v1/",
        "Registry.Example.com",
    ],
)
def test_keys_of_many_forms(home: Path, files: CredentialFiles, key: str) -> None:
    write(home / ".docker/config.json", {"auths": {key: {"auth": encoded("a:b")}}})
    assert found(files) == "a:b"
    assert found(files, "other.example.com") is None
    assert found(files, "registry.example.com:5000") is None


def test_docker_hub_goes_by_several_names(home: Path, files: CredentialFiles) -> None:
    write(home / ".docker/config.json", {"auths": {"https://index.docker.io/v1/": {"auth": encoded("a:b")}}})
    assert found(files, "docker.io", "library/python") == "a:b"


def test_podman_may_name_a_repository_or_namespace(home: Path, files: CredentialFiles) -> None:
    entries = {name: {"auth": encoded(f"{name}:x")} for name in ("registry.example.com", "registry.example.com/ml")}
    write(home / ".config/containers/auth.json", {"auths": entries})
    assert found(files) == "registry.example.com/ml:x"
    assert found(files, repository="mlx/train") == "registry.example.com:x"


def test_files_are_asked_in_order(home: Path, tmp_path: Path) -> None:
    places = {
        tmp_path / "named.json": {"REGISTRY_AUTH_FILE": str(tmp_path / "named.json")},
        tmp_path / "docker/config.json": {"DOCKER_CONFIG": str(tmp_path / "docker")},
        tmp_path / "run/containers/auth.json": {"XDG_RUNTIME_DIR": str(tmp_path / "run")},
        home / ".config/containers/auth.json": {"HOME": str(home)},
    }
    environ = {name: value for variables in places.values() for name, value in variables.items()}
    for path in reversed(places):
        write(path, {"auths": {"registry.example.com": {"auth": encoded(f"{path.parent.name}:x")}}})
        assert found(CredentialFiles.of(environ)) == f"{path.parent.name}:x"


def test_docker_config_replaces_the_home_folder(home: Path, tmp_path: Path) -> None:
    write(home / ".docker/config.json", {"auths": {"registry.example.com": {"auth": encoded("a:b")}}})
    assert found(CredentialFiles.of({"HOME": str(home), "DOCKER_CONFIG": str(tmp_path / "none")})) is None


@pytest.mark.parametrize("document", ["{", "[]", "\x00"])
def test_broken_files_are_named(home: Path, files: CredentialFiles, document: str) -> None:
    path = write(home / ".docker/config.json", document)
    with pytest.raises(InputError) as caught:
        found(files)
    assert caught.value.where
    assert caught.value.where.path == path


@pytest.mark.parametrize("document", [{"auths": []}, {"auths": {"registry.example.com": 3}}, {"credsStore": 3}, {}])
def test_odd_files_hold_no_credentials(home: Path, files: CredentialFiles, document: dict[str, Any]) -> None:
    write(home / ".docker/config.json", document)
    assert found(files) is None


def test_secrets_are_not_shown(home: Path, files: CredentialFiles) -> None:
    entry = {"auth": encoded("ann:s3cret"), "identitytoken": "t0ken"}
    write(home / ".docker/config.json", {"auths": {"a.example.com": entry, "b.example.com": {"auth": entry["auth"]}}})
    shown = repr([files.find(host, "") for host in ("a.example.com", "b.example.com")])
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    assert "ann" in shown


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """Make a credential helper that notes what it is asked and knows one host."""
    program = write(
        tmp_path / "bin/docker-credential-fake",
        f"""#!/bin/sh
[ "$1" = get ] || exit 2
server=$(cat)
echo "$server" >> {tmp_path}/asked
case "$server" in
  registry.example.com) echo '{{"ServerURL": "x", "Username": "ann", "Secret": "from-helper"}}' ;;
  token.example.com) echo '{{"Username": "<token>", "Secret": "t0ken"}}' ;;
  odd.example.com) echo 'no json' ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
""",
    )
    program.chmod(0o755)
    return program.parent


def test_helpers_are_asked(home: Path, helper: Path, tmp_path: Path) -> None:
    files = CredentialFiles.of({"HOME": str(home), "PATH": f"{helper}:/usr/bin:/bin"})
    write(
        home / ".docker/config.json",
        {
            "credsStore": "fake",
            "auths": {"plain.example.com": {"auth": encoded("a:b")}, "registry.example.com": {}},
            "credHelpers": {"gone.example.com": "not-installed"},
        },
    )
    assert found(files) == "ann:from-helper"
    assert found(files, "token.example.com") == "t0ken"
    assert found(files, "plain.example.com") == "a:b"
    assert found(files, "odd.example.com") is None
    assert found(files, "gone.example.com") is None
    assert found(files, "docker.io") is None
    asked = (tmp_path / "asked").read_text().split()
    assert asked[-1] == "https://index.docker.io/v1/"
    assert "gone.example.com" not in asked


def test_a_helper_for_one_host_is_not_asked_for_others(home: Path, helper: Path, tmp_path: Path) -> None:
    files = CredentialFiles.of({"HOME": str(home), "PATH": f"{helper}:/usr/bin:/bin"})
    write(home / ".docker/config.json", {"credHelpers": {"registry.example.com": "fake"}})
    assert found(files) == "ann:from-helper"
    assert found(files, "token.example.com") is None
    assert (tmp_path / "asked").read_text().split() == ["registry.example.com"]


def test_places_are_named_for_hints(home: Path, files: CredentialFiles) -> None:
    assert files.places() == f"{home}/.docker/config.json, {home}/.config/containers/auth.json"


@pytest.mark.parametrize(
    ("script", "logged"),
    [
        (
            "echo 'expired: run `cloud login`' >&2; echo; echo more >&2; exit 1",
            "expired: run `cloud login` / more",
        ),
        ("echo 'no keychain here'; exit 1", "no keychain here"),
        ("exit 3", "it failed without a message"),
        ("echo nonsense", "its answer is not JSON"),
        ("python3 -c 'print(\"[\" * 200000)'", "its answer is not JSON"),
        ("echo 'credentials not found in native keychain'; exit 1", ""),
    ],
)
def test_what_a_helper_says_is_passed_on(
    home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str, logged: str
) -> None:
    program = tmp_path / "bin" / "docker-credential-script"
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    path = home / ".docker" / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"credsStore": "script"}')
    environ = {"HOME": str(home), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", environ["PATH"])
        assert CredentialFiles.of(environ).find("registry.example.com", "a/b") is None
    assert [message.partition("registry.example.com: ")[2] for message in caplog.messages] == (
        [logged] if logged else []
    )
