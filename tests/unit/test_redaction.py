"""What is hidden in messages and in files, and what is left as it is."""

import ast
import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from toolkit.redaction import (
    HIDDEN,
    Secrets,
    clean,
    hide,
    hide_in_data,
    learn_from_environment,
    learn_login,
    looks_secret,
    visible,
    without_login,
)

ROOT = Path(__file__).parents[2]

MARK = "Mark0/of+a secret@x"


@pytest.mark.parametrize(
    "form",
    [
        MARK,
        quote(MARK, safe=""),
        quote(MARK),
        json.dumps(MARK),
        repr(MARK),
        base64.b64encode(MARK.encode()).decode(),
        base64.b64encode(f"ann:{MARK}".encode()).decode(),
        base64.urlsafe_b64encode(f"anna:{MARK}?".encode()).decode(),
        base64.b64encode(f"annab:{MARK}".encode()).decode(),
    ],
)
def test_a_known_secret_is_hidden_in_every_form(form: str) -> None:
    secrets = Secrets()
    secrets.learn(MARK)
    hidden = secrets.hide(f"before {form} after")
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    inside = base64.b64encode(MARK.encode()).decode().rstrip("=")[4:-4]
    assert not any(part in hidden for part in ("Mark0", quote(MARK, safe="")[:8], inside))


def test_short_secrets_are_hidden_where_they_stand_alone() -> None:
    secrets = Secrets()
    secrets.learn("abc123", "admin")
    assert secrets.hide("abc123 'abc123' 0abc123f admin") == "*** '***' 0abc123f admin"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:s3cret@host/x", "https://***@host/x"),
        ("git+https://t0ken@host/x.git", "git+https://***@host/x.git"),
        ("https://ann:p@ss@host/x", "https://***@host/x"),
        ("https://ann:pa/ss@host/x", "https://***@host/x"),
        ("git+ssh://git@host/x.git", "git+ssh://git@host/x.git"),
        ("ssh://ann:s3cret@host", "ssh://***@host"),
        ("tcp://ann:s3cret@10.0.0.1:2375", "tcp://***@10.0.0.1:2375"),
        ("cannot use 'ann:s3cret@mirror:5000'", "cannot use '***@mirror:5000'"),
        ("Authorization: Basic YW5uOnMzY3JldA==, and more", "Authorization: Basic ***, and more"),
        ('{"Authorization": "Bearer abc.def"}', '{"Authorization": "Bearer ***"}'),
        ("got Bearer abcdefgh12345678", "got Bearer ***"),
        ("uv --password s3cret --token=abc x", "uv --password *** --token=*** x"),
        ("https://h/b?X-Amz-Signature=0af&x=1&token=zz", "https://h/b?X-Amz-Signature=***&x=1&token=***"),
        (f"ghp_{'a1' * 18} pypi-{'Ag' * 30}", "*** ***"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nx", "***\nx"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_messages(text: str, shown: str) -> None:
    assert hide(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "python:3.11@sha256:" + "0" * 64,
        "localhost:5000/ml/train:1.0.0@sha256:" + "0" * 64,
        "https://localhost:5000/x@1.2",
        "https://host/a?mail=me@example.com and mail me@example.com",
        '{"url":"https://host","mail":"a:b@c"}',
        "UV_INDEX_URL=https://USER:PASSWORD@HOST/… or ~/.netrc can name a user",
        "args: [--token, {inputValue: token}]",
        "a bearer of bad news, with basic authentication",
        "registry://ml/train@^1",
        "sk-learn-pipelines-for-training-and-evaluation",
        "http://[::1]:5000/v2/x@y",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert hide_in_data(text) == text


def test_the_environment_and_the_command_line_are_learnt_from() -> None:
    environ = {
        "HTTPS_PROXY": "ann:proxyword1@proxy:3128",
        "COMP_MIRRORS": "docker.io=ben:mirrorword1@mirror:5000",
        "DOCKER_HOST": "tcp://cid:dockerword1@host",
        "UV_INDEX_MINE_PASSWORD": "indexword1",
        "GIT_TOKEN": "gitword1a",
        "TOKEN_FILE": "/run/secrets/token",
        "SHELL": "/bin/bash-of-a-user",
    }
    learn_from_environment(
        environ, ["--template", "git+https://dan:templateword1@host/x", "--set", "api_key=keyword11"]
    )
    for word in ("proxyword1", "mirrorword1", "dockerword1", "indexword1", "gitword1a", "templateword1", "keyword11"):
        assert hide(f"the word {word}") == "the word ***"
    assert hide("/run/secrets/token /bin/bash-of-a-user") == "/run/secrets/token /bin/bash-of-a-user"


def test_a_token_in_place_of_a_users_name_is_hidden() -> None:
    learn_login("tokenastheuser1", "x-oauth-basic")
    learn_login("ordinaryname1", "thepassword99")
    learn_login("anotherperson", "")
    learn_login("0123456789abcdef0123", "")
    text = "tokenastheuser1 ordinaryname1 thepassword99 anotherperson 0123456789abcdef0123"
    assert hide(text) == "*** ordinaryname1 *** anotherperson ***"


def test_logins_are_left_out_of_addresses_that_are_still_used() -> None:
    assert without_login("x @ git+https://a:b@h/x git+ssh://git@h/y") == "x @ git+https://h/x git+ssh://git@h/y"


def test_data_is_cleaned_in_depth_and_keeps_its_types() -> None:
    data = {"a": ["https://a:b@h", 1, None], "b": ("x", {"c": "https://t@h"})}
    assert clean(data) == {"a": ["https://***@h", 1, None], "b": ("x", {"c": "https://***@h"})}


def test_what_steers_a_terminal_is_escaped() -> None:
    text = "a\x1b]0;title\x07\x9b31m\u202eb\u2028\x7f\r\udc80\tc\r\nd\n"
    assert visible(text) == "a\\x1b]0;title\\x07\\u009b31m\\u202eb\\u2028\\u007f\\x0d\\udc80\tc\nd\n"


def test_json_stays_the_same_document_when_it_is_escaped() -> None:
    value = {"a": "x\u202ey\x9bz\x7f"}
    assert json.loads(visible(json.dumps(value, ensure_ascii=False))) == value


def test_the_place_of_a_secret_is_shown_and_a_value_is_not() -> None:
    assert hide("write --secret NAME=file:PATH") == "write --secret NAME=file:PATH"
    assert hide("write --secret NAME=env:VARIABLE") == "write --secret NAME=env:VARIABLE"
    assert hide("comp run --secret NAME=hunter2") == "comp run --secret ***"
    assert hide("write --secret id=ID,src=FILE") == "write --secret id=ID,src=FILE"
    assert hide("comp build --secret id,hunter2") == "comp build --secret ***,hunter2"


def test_nothing_is_hidden_in_our_own_words() -> None:
    hidden = [
        (path.name, text)
        for path in (ROOT / "toolkit").rglob("*.py")
        for text in _texts(ast.parse(path.read_text()))
        if re.search("--[a-z]", text) and "\n" not in text and hide(text) != text
    ]
    assert hidden == []


def _texts(tree: ast.Module) -> Iterator[str]:
    """Yield the texts of a module that are one line, in which a word stands for each value."""
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in texts for part in node.values}
    for node in texts:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    for each in ast.walk(tree):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in parts:
            yield each.value


@pytest.mark.parametrize(
    "text",
    [
        "AUTHORIZATION: Basic abcdef",
        "run BEARER a1b2c3d4e5f6g7",
        "--Api-Key=abcdef",
        "--pa\u017f\u017fword=abcdef",
        "name:word@host.example",
        "-----BEGIN PRIVATE KEY-----\nabc",
    ],
)
def test_a_look_for_words_first_misses_nothing(text: str) -> None:
    assert HIDDEN in hide(text)
    assert looks_secret(text)


def test_a_secret_of_many_lines_slows_no_output_down() -> None:
    secrets = Secrets()
    lines = [f"{number * 7919:x}-{'x' * (number % 40)}{number}" for number in range(500)]
    secrets.learn(*lines)
    assert secrets.hide(f"a {lines[7]} b {lines[490]}") == f"a {HIDDEN} b {HIDDEN}"
    # Compared with every form of every line, this would take minutes.
    assert secrets.hide("a line of a step that prints a lot " * 40_000).count(HIDDEN) == 0
