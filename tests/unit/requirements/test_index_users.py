"""The users for indexes: found where uv finds them, and sent to no other server."""

import os
from base64 import b64decode
from pathlib import Path

import pytest

from toolkit.cache.store import Cache
from toolkit.requirements.index_users import IndexUsers
from toolkit.requirements.indexes import Indexes

HOST = "https://packages.example.com"
FILE = f"{HOST}/simple/files/a-1-py3-none-any.whl"


def user(users: IndexUsers, address: str = FILE) -> str:
    """Return `name:password` as it is sent, an empty text without a user."""
    return b64decode(users.headers(address).get("Authorization", "Basic ").removeprefix("Basic ")).decode()


def users(folder: Path, *options: str, settings: str = "", **environ: str) -> IndexUsers:
    """Return the users of a project with these settings of uv."""
    (folder / "pyproject.toml").write_text(settings)
    outside = {"XDG_CONFIG_HOME": str(folder / "none"), "XDG_CONFIG_DIRS": str(folder / "none")}
    environ = {"PATH": os.environ["PATH"], "NETRC": str(folder / "netrc"), **outside, **environ}
    return IndexUsers(
        Indexes(environ=environ, where=folder / "pyproject.toml", options=options), Cache(folder / "cache")
    )


@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        ("", {"UV_DEFAULT_INDEX": "https://ann:s%40crt@packages.example.com/simple"}),
        ("", {"UV_INDEX": "https://other.example/x corp=https://ann:s%40crt@packages.example.com/simple"}),
        ("", {"UV_EXTRA_INDEX_URL": "https://ann:s%40crt@packages.example.com/simple"}),
        ("", {"UV_FIND_LINKS": "/wheels,https://ann:s%40crt@packages.example.com/links"}),
        (
            f'[[tool.uv.index]]\nname = "corp-x"\nurl = "{HOST}/simple"',
            {"UV_INDEX_CORP_X_USERNAME": "ann", "UV_INDEX_CORP_X_PASSWORD": "s@crt"},
        ),
        (
            '[[tool.uv.index]]\nname = "corp"\nurl = "https://ann@packages.example.com/simple"',
            {"UV_INDEX_CORP_PASSWORD": "s@crt"},
        ),
        ('[tool.uv]\nextra-index-url = ["https://ann:s%40crt@packages.example.com:443/simple"]', {}),
        ('[tool.uv.pip]\nindex-url = "https://ann:s%40crt@packages.example.com/simple"', {}),
        # The same index without a user does not hide the one with a user.
        (f'[[tool.uv.index]]\nurl = "{HOST}/simple"', {"UV_INDEX": "https://ann:s%40crt@packages.example.com/simple"}),
    ],
)
def test_users_of_addresses_and_variables(tmp_path: Path, settings: str, environ: dict[str, str]) -> None:
    found = users(tmp_path, settings=settings, **environ)
    assert user(found) == "ann:s@crt"
    assert [
        user(found, other) for other in ("http://packages.example.com/x", "https://packages.example.com:8443/x")
    ] == [
        "",
        "",
    ]


def test_lines_of_a_requirements_file(tmp_path: Path) -> None:
    line = "--extra-index-url https://ann:s3cret@packages.example.com/simple"
    assert user(users(tmp_path, line)) == "ann:s3cret"
    assert user(users(tmp_path, line.replace("url ", "url="))) == "ann:s3cret"
    assert user(users(tmp_path, "--find-links /wheels", "--no-index")) == ""


def test_two_indexes_of_one_server_have_their_own_users(tmp_path: Path) -> None:
    found = users(
        tmp_path, UV_INDEX="https://a:1@packages.example.com/a/simple https://b:2@packages.example.com/b/simple"
    )
    assert user(found, f"{HOST}/a/files/x.whl") == "a:1"
    assert user(found, f"{HOST}/b/files/x.whl") == "b:2"
    assert user(found, f"{HOST}/bc/files/x.whl") == "a:1"


def test_netrc_and_a_token_as_user(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine packages.example.com login ann password s3cret\n")
    assert user(users(tmp_path)) == "ann:s3cret"
    assert user(users(tmp_path), "https://elsewhere.example/x") == ""
    # Somebody else's password is not sent for a user that the index names.
    assert user(users(tmp_path, UV_INDEX="https://tok3n@packages.example.com/simple")) == "tok3n:"
    (tmp_path / "netrc").write_text("not a netrc\n")
    assert user(users(tmp_path)) == ""


def test_settings_are_those_that_uv_would_read(tmp_path: Path) -> None:
    below = tmp_path / "steps" / "one"
    below.mkdir(parents=True)
    (tmp_path / "uv.toml").write_text('index-url = "https://above:1@packages.example.com/simple"\n')
    assert user(users(below, settings='[project]\nname = "one"\n')) == "above:1"
    (tmp_path / "steps" / "uv.toml").write_text('index-url = "https://near:1@packages.example.com/simple"\n')
    assert user(users(below)) == "near:1"
    assert user(users(below, settings="[tool.uv]\n")) == ""
    own = tmp_path / "config" / "uv"
    own.mkdir(parents=True)
    (own / "uv.toml").write_text('[[index]]\nurl = "https://own:1@packages.example.com/simple"\n')
    assert user(users(below, settings="[tool.uv]\n", XDG_CONFIG_HOME=str(tmp_path / "config"))) == "own:1"
    assert user(users(below, settings="[tool.uv]\n", XDG_CONFIG_DIRS=f"/none:{tmp_path / 'config'}")) == "own:1"
    assert user(users(below, UV_NO_CONFIG="1", XDG_CONFIG_HOME=str(tmp_path / "config"))) == ""
    assert user(users(below, UV_CONFIG_FILE=str(own / "uv.toml"))) == "own:1"


def test_a_keyring_is_asked_only_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "keyring"
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\ncase "$*" in *fails*) exit 1;; *creds) echo bob;; esac\necho pw\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    named = "https://ann@packages.example.com/simple"
    assert user(users(tmp_path, UV_INDEX=named)) == "ann:"
    found = users(tmp_path, UV_INDEX=named, UV_KEYRING_PROVIDER="subprocess")
    assert [user(found), user(found)] == ["ann:pw", "ann:pw"]
    always = f'[[tool.uv.index]]\nurl = "{HOST}/simple"\nauthenticate = "always"\n'
    assert user(users(tmp_path, settings=f'[tool.uv]\nkeyring-provider = "subprocess"\n{always}')) == "bob:pw"
    failing = users(tmp_path, UV_INDEX=named.replace("simple", "fails"), UV_KEYRING_PROVIDER="subprocess")
    assert user(failing) == "ann:pw"
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"get {HOST}/simple ann",
        f"get {HOST}/simple --mode creds",
        f"get {HOST}/fails ann",
        "get packages.example.com ann",
    ]
