"""Secrets stay out of an image unless they are named, whatever takes back the folder that they are in."""

from pathlib import Path, PurePosixPath

import pytest

from toolkit.builders.code import Code, read_code
from toolkit.builders.ignore import read_patterns
from toolkit.builders.secrets import is_secret_name, secret_in
from toolkit.errors import InputError

NAMES = (
    *(".env", ".env.local", "prod.env", "id_rsa", "id_ed25519_sk", "id_ecdsa.bak", "KEY.PEM", "Server.Key", "a.ppk"),
    *(".netrc", ".git/config", ".aws/credentials", ".docker/config.json", "kubeconfig", ".kube/config", "htpasswd"),
    *("service-account.json", "gha-creds-0123.json", "terraform.tfstate", "terraform.tfstate.backup", "pip.conf"),
    *("prod.tfvars", ".npmrc", ".pypirc", "gcloud/access_tokens.db", "store.jks", "Client_Secret_1.json", ".ssh/known"),
    *("deep/er/.env", "deep/er/.aws/config"),
)
ORDINARY = (
    *("environment.py", "kubeconfig.py", "env.py", "keys.py", "id_mapping.py", "config.json", "credentials.py"),
    *("tokenizer.json", "token.py", "docker/config.json", "id_rsa.py", "model.keras", ".env.example", "public.txt"),
)
KEY = "-----BEGIN {}PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" + "\n"
# Put together here, so that no scanner takes this file for a leak.
TOKENS = (
    "ghp" + "_" + "a1" * 18,
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "glpat" + "-" + "a1" * 10,
    "xoxb" + "-1234567890-abcdef",
)


def _code(folder: Path, patterns: str = "") -> Code:
    (folder / ".dockerignore").write_text(patterns)
    return read_code(folder / "src", into="app", patterns=read_patterns(folder), below=PurePosixPath("src"))


def _write(folder: Path, *names: str, text: str = "x") -> None:
    for name in names:
        (folder / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / name).write_text(text)


@pytest.mark.parametrize(
    "patterns", ["", "*\n!src", "*\n!src/**", "**\n!**", "*\n!src/*\n!src/*/*\n!src/deep", "!src/*.*"]
)
def test_taking_back_a_folder_does_not_take_back_its_secrets(tmp_path: Path, patterns: str) -> None:
    _write(tmp_path, *NAMES, "ordinary.py")
    assert [file.path for file in _code(tmp_path, patterns).files] == ["app/ordinary.py"]


def test_what_was_taken_back_and_stays_out_is_said(tmp_path: Path) -> None:
    _write(tmp_path, "deep/.netrc")
    code = _code(tmp_path, "*\n!src\n")
    assert code.warnings == (
        "src/deep/.netrc looks like a secret and stays out of the image; `include` takes it back by its name",
    )
    assert [(one.path, one.reason) for one in code.left_out] == [("src/deep/.netrc", "looks like a secret")]


@pytest.mark.parametrize("line", ["!src/deep/.netrc", "!**/.netrc", "!src/*/.netrc"])
def test_its_own_name_takes_a_secret_back_with_a_warning(tmp_path: Path, line: str) -> None:
    _write(tmp_path, "deep/.netrc")
    code = _code(tmp_path, line)
    assert [file.path for file in code.files] == ["app/deep/.netrc"]
    assert code.warnings == ("src/deep/.netrc looks like a secret, and goes into the image since it is named",)


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(PurePosixPath(name))
    assert is_secret_name(PurePosixPath("a", name.upper()))


@pytest.mark.parametrize("name", ORDINARY)
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(PurePosixPath(name))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((KEY.format(kind), "a private key") for kind in ("", "RSA ", "OPENSSH ", "EC ", "ENCRYPTED ")),
        (KEY.format("RSA ").replace("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n", 1), "a private key"),
        (KEY.format("").replace("\n", "\\n"), "a private key"),
        ('{"type": "service_account", "private_key": "x"}', "the key of a service account"),
        *((f"token = '{token}'", "an access token") for token in TOKENS),
    ],
)
def test_content_that_is_a_secret_is_refused_unless_it_is_named(tmp_path: Path, text: str, found: str) -> None:
    assert secret_in(text.encode()) == found
    _write(tmp_path, "deploy", text=text)
    with pytest.raises(InputError, match=f"src/deploy holds {found}, and would go into the image") as refused:
        _code(tmp_path, "!src")
    assert refused.value.where
    assert refused.value.where.path == tmp_path / "src" / "deploy"
    assert len(_code(tmp_path, "!src/deploy").files) == 1
    assert _code(tmp_path, "src/deploy").files == ()


@pytest.mark.parametrize(
    "text",
    [
        'if text.startswith("-----BEGIN PRIVATE KEY-----"):\n    return load(text)\n',
        'PATTERN = r"-----BEGIN [A-Z ]+PRIVATE KEY-----"',
        "AKIAIOSFODNN7EXAMPLE",
        'kind = "service_account"',
        "sklearn glob ghost eyJ",
    ],
)
def test_ordinary_code_is_no_secret(text: str) -> None:
    assert secret_in(text.encode()) is None
