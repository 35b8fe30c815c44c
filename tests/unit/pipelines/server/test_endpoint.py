import json
from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.pipelines.server.endpoint import Credentials, Endpoint, context_file, find_endpoint
from toolkit.redaction import hide


def find(home: Path, url: str | None = None, **environ: str) -> Endpoint:
    return find_endpoint(url, None, None, environ=environ, home=home)


def test_option_comes_before_the_variable(tmp_path: Path) -> None:
    assert find(tmp_path, "https://a/pipeline/", KF_PIPELINES_ENDPOINT="https://b").url == "https://a/pipeline"
    assert find(tmp_path, KF_PIPELINES_ENDPOINT="https://b").url == "https://b"


def test_pages_may_have_an_address_of_their_own(tmp_path: Path) -> None:
    endpoint = find(tmp_path, "http://api:8888", KF_PIPELINES_UI_ENDPOINT="https://pages/")
    assert endpoint.run_page("r") == "https://pages/#/runs/details/r"


def test_in_a_pod_kfp_is_found_by_its_service(tmp_path: Path) -> None:
    assert "ml-pipeline.kubeflow" in find(tmp_path, KUBERNETES_SERVICE_HOST="10.96.0.1").url


def test_no_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no KFP server is named") as error:
        find(tmp_path)
    assert "port-forward" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:8080", "is not the address of a server"),
        ("kubeflow", "is not the address of a server"),
        ("ftp://host", "is not the address of a server"),
        ("http://host:port", "is not the address of a server"),
        ("http://[::1", "is not the address of a server"),
        ("http://host/a b", "is not the address of a server"),
        ("https://me:word@host", "holds a login"),
        ("https://host/#/runs", "is the address of a page"),
        ("https://host/?ns=a", "is the address of a page"),
    ],
)
def test_invalid_address(tmp_path: Path, url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        find(tmp_path, url)
    assert "word" not in error.value.message


def test_namespace_of_kfps_settings(tmp_path: Path) -> None:
    context_file(tmp_path).parent.mkdir(parents=True)
    context_file(tmp_path).write_text(json.dumps({"namespace": "ada", "client_authentication_cookie": "sess=abcdefgh"}))
    assert find(tmp_path, "http://a").namespace == "ada"
    assert find_endpoint("http://a", "eve", None, environ={}, home=tmp_path).namespace == "eve"
    assert hide("sess=abcdefgh") == "***"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"namespace": 1}', "[" * 100_000])
def test_settings_that_kfp_would_fail_on(tmp_path: Path, text: str) -> None:
    context_file(tmp_path).parent.mkdir(parents=True)
    context_file(tmp_path).write_text(text)
    with pytest.raises(InputError, match="KFP's settings"):
        find(tmp_path, "http://a")


def test_token_of_a_file_is_read_anew_and_hidden(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first-token\n")
    credentials = find_endpoint("http://a", None, file, environ={"COMP_KFP_TOKEN": "other"}, home=tmp_path).credentials
    assert credentials.current_token() == "first-token"
    file.write_text("second-token")
    assert credentials.current_token() == "second-token"
    assert hide("first-token second-token") == "*** ***"


def test_token_of_the_environment(tmp_path: Path) -> None:
    credentials = find(tmp_path, "http://a", COMP_KFP_TOKEN="abcdefgh", KF_PIPELINES_SA_TOKEN_PATH="/no").credentials
    assert credentials.current_token() == "abcdefgh"
    assert "abcdefgh" not in repr(credentials)


@pytest.mark.parametrize("text", ["", "two words", "two\nlines", "ü", None])
def test_file_without_a_token(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "token"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match="token"):
        Credentials(token_file=file).current_token()


def test_experiment_of_the_environment(tmp_path: Path) -> None:
    assert find(tmp_path, "http://a", KF_PIPELINES_DEFAULT_EXPERIMENT_NAME="nightly").experiment == "nightly"
    assert find(tmp_path, "http://a").experiment is None
