"""`comp sign` and `comp verify`, as users run them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import comp, ok
from tests.fake_remote import FakeRemote, serving
from tests.images import image_of, layer_of, tar_of
from tests.signing_keys import write_keys
from toolkit.oci.reference import parse_reference
from toolkit.remote.client import Remote

IMAGE = image_of([layer_of(tar_of("opt/x"))])
PASSPHRASE = {"COMP_SIGN_PASSPHRASE": "open-sesame-42"}


@pytest.fixture
def name() -> Iterator[str]:
    """The name of an image on a server."""
    with serving(FakeRemote()) as fake:
        Remote(environ={}).push(IMAGE, parse_reference(f"{fake.host}/ml/train:1"))
        yield f"{fake.host}/ml/train:1"


def test_an_image_is_signed_and_verified(name: str, tmp_path: Path) -> None:
    write_keys(tmp_path, passphrase="open-sesame-42")
    write_keys(tmp_path, "other")
    pinned = f"{name.removesuffix(':1')}@{IMAGE.digest}"
    signed = comp("sign", name, "--key", "key.pem", folder=tmp_path, env=PASSPHRASE)
    assert (signed.code, signed.out, signed.err) == (0, f"{pinned}\n", "")
    options = ("--platform", "linux/amd64")
    verified = ok("verify", pinned, "--key", "other.pub", "--key", "key.pub", *options, folder=tmp_path)
    assert verified == (
        "ok: image: every digest and size is right\nok: signature: bundle by key.pub\nok: signature: simple by key.pub"
    )
    refused = comp("verify", name, "--key", "other.pub", "--format", "json", *options, folder=tmp_path)
    assert refused.code == 1
    assert json.loads(refused.out)["checks"][1] == {
        "name": "signature",
        "passed": False,
        "details": [f"no signature of {pinned} is by other.pub"],
    }


def test_a_key_that_is_missing_is_said_once(name: str, tmp_path: Path) -> None:
    result = comp("sign", name, "--key", "key.pem", folder=tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: cannot read the key key.pem: No such file or directory\n\nhint: ")
    assert result.err.count("No such file") == 1


def test_without_a_key_the_image_alone_is_verified(name: str, tmp_path: Path) -> None:
    result = comp("verify", name, "--platform", "linux/amd64", folder=tmp_path)
    assert result.code == 0
    assert result.out == "ok: image: every digest and size is right\n"
    assert "no --key was given, so no signature was looked for" in result.err


def test_a_wrong_passphrase_and_none_are_reported(name: str, tmp_path: Path) -> None:
    write_keys(tmp_path, passphrase="open-sesame-42")
    wrong = comp("sign", name, "--key", "key.pem", folder=tmp_path, env={"COMP_SIGN_PASSPHRASE": "open-barley"})
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.startswith(
        "error: key.pem: cannot decrypt this key: the passphrase is wrong, or the file is damaged\n"
    )
    assert "open-barley" not in wrong.err
    missing = comp("sign", name, "--key", "key.pem", folder=tmp_path)
    assert missing.code == 2
    assert missing.err == (
        "error: key.pem needs a passphrase\n\nhint: set COMP_SIGN_PASSPHRASE, or run it in a terminal\n"
    )


def test_an_image_that_does_not_exist_cannot_be_signed(name: str, tmp_path: Path) -> None:
    write_keys(tmp_path)
    result = comp("sign", name.removesuffix(":1") + ":2", "--key", "key.pem", folder=tmp_path)
    assert (result.code, result.out) == (3, "")
    assert "/ml/train:2 does not exist" in result.err


def test_a_build_that_is_to_be_signed_has_to_be_pushed_and_its_key_is_read_first(tmp_path: Path) -> None:
    write_keys(tmp_path)
    result = comp("build", "--sign", "key.pem", folder=tmp_path)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: --sign needs --push")
    wrong = comp("build", "--push", "--sign", "key.pub", folder=tmp_path)
    assert (wrong.code, wrong.out) == (1, "")
    assert "key.pub: this is not a private key of ECDSA P-256" in wrong.err
