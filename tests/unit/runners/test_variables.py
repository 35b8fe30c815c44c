"""Values of secrets in local runs: where they come from, and that no message repeats them."""

from pathlib import Path

import pytest

from toolkit.errors import InputError, UsageError
from toolkit.interface.model import Interface
from toolkit.redaction import HIDDEN, hide
from toolkit.runners.variables import check_given, given_secrets, variables_of
from toolkit.spec.model import ComponentSpec, Container

SPEC = ComponentSpec(
    name="n",
    description="",
    interface=Interface(inputs=(), outputs=()),
    implementation=Container(image="a:1"),
    annotations={
        "comp.env": '{"API_TOKEN": {"secret": "api", "key": "token"}, "ZONE": {"config-map": "cluster", "key": "zone"},'
        ' "LATER": {"secret": "later", "key": "k", "optional": true}}'
    },
)


def test_secrets_come_from_files_and_variables(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-file-1234\n")
    given = given_secrets([f"A=file:{tmp_path / 'token'}", "B=env:OTHER"], {"OTHER": "of-the-variable-1234"})
    assert given == {"A": "of-the-file-1234", "B": "of-the-variable-1234"}
    assert hide("x of-the-file-1234 of-the-variable-1234") == f"x {HIDDEN} {HIDDEN}"


@pytest.mark.parametrize("text", ["TOKEN=hunter2hunter2", "TOKEN", "TOKEN=env:", "TOKEN=file:"])
def test_a_value_on_the_command_line_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match="the secret TOKEN names no file or variable") as refused:
        given_secrets([text], {})
    assert "hunter2" not in refused.value.message + str(refused.value.hint)


def test_a_source_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="the variable OTHER for the secret A is not set"):
        given_secrets(["A=env:OTHER"], {})
    (tmp_path / "bytes").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8 text"):
        given_secrets([f"A=file:{tmp_path / 'bytes'}"], {})
    (tmp_path / "zero").write_bytes(b"a\0b")
    with pytest.raises(InputError, match="has a zero byte"):
        given_secrets([f"A=file:{tmp_path / 'zero'}"], {})
    monkeypatch.setenv("COMP_LIMIT_SECRET_SIZE", "1")
    with pytest.raises(InputError, match="exceeds the limit of 1 B"):
        given_secrets([f"A=file:{tmp_path / 'zero'}"], {})


def test_what_is_given_wins_over_the_environment() -> None:
    environ = {"API_TOKEN": "of-the-caller", "ZONE": "a", "OTHER": "not declared"}
    assert variables_of(SPEC, environ, {}) == {"API_TOKEN": "of-the-caller", "ZONE": "a"}
    assert variables_of(SPEC, environ, {"API_TOKEN": "given"}, more={"ZONE": "b"}) == {
        "API_TOKEN": "given",
        "ZONE": "b",
    }
    assert hide("the token of-the-caller") == f"the token {HIDDEN}"


def test_what_is_missing_is_named_with_its_place() -> None:
    with pytest.raises(UsageError) as refused:
        variables_of(SPEC, {}, {})
    assert refused.value.message == (
        "the component needs API_TOKEN (and ZONE), which a cluster has as 'token' of the secret 'api'"
    )
    assert refused.value.hint == "here, set the variable API_TOKEN, or give --secret API_TOKEN=file:PATH"


def test_a_secret_that_no_component_declares_is_refused() -> None:
    with pytest.raises(UsageError, match="the component declares no secret 'API_TOKNE'") as refused:
        check_given({"API_TOKNE": "x"}, [SPEC])
    assert refused.value.hint == "did you mean 'API_TOKEN'?"
    check_given({"API_TOKEN": "x"}, [SPEC])


def test_a_contract_of_others_takes_nothing_of_the_caller_unasked() -> None:
    with pytest.raises(UsageError, match="the component needs API_TOKEN") as refused:
        variables_of(SPEC, None, {})
    assert refused.value.hint == (
        "give --secret API_TOKEN=file:PATH, or --secret API_TOKEN=env:API_TOKEN: a contract alone gets nothing of yours"
    )
    given = {"API_TOKEN": "x-given-1234", "ZONE": "a"}
    assert variables_of(SPEC, None, given) == given
