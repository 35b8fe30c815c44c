"""What steps get from this machine: addresses without logins, files that are mounted, and nothing else."""

from netrc import netrc
from pathlib import Path

import pytest

from toolkit.builders.step_surroundings import CERTIFICATES, LOGINS, surroundings
from toolkit.redaction import hide


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    path.write_text("certificates")
    return path


def test_certificates_are_mounted_and_named(tmp_path: Path, bundle: Path) -> None:
    given = surroundings({"SSL_CERT_FILE": str(bundle)}, "/run", tmp_path, mounted=True)
    assert given.files == {CERTIFICATES: bundle}
    assert given.arguments["SSL_CERT_FILE"] == given.arguments["PIP_CERT"] == f"/run/{CERTIFICATES}"
    assert given.mounts("/run") == (f"--mount=type=secret,id={CERTIFICATES},target=/run/{CERTIFICATES},mode=0444",)


def test_logins_are_mounted_and_addresses_are_plain(tmp_path: Path, bundle: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine npm.example.com login ann password hunter22\nmachine other login x password y\n")
    environ = {
        "SSL_CERT_FILE": str(bundle),
        "NETRC": str(netrc),
        "PIP_INDEX_URL": "https://bob:swordfish@pypi.example.com/simple",
        "UV_INDEX": "extra=https://eve:open%2Fsesame@uv.example.com/simple https://free.example.com/simple",
        "NPM_CONFIG_REGISTRY": "https://npm.example.com/",
        "UV_INDEX_EXTRA_PASSWORD": "never",
    }
    given = surroundings(environ, "/run", tmp_path, mounted=True)
    assert given.arguments["PIP_INDEX_URL"] == "https://pypi.example.com/simple"
    assert given.arguments["UV_INDEX"] == "extra=https://uv.example.com/simple https://free.example.com/simple"
    assert "UV_INDEX_EXTRA_PASSWORD" not in given.arguments
    assert given.files[LOGINS].stat().st_mode & 0o777 == 0o600
    assert given.files[LOGINS].read_text().splitlines() == [
        "machine pypi.example.com login bob password swordfish",
        "machine uv.example.com login eve password open/sesame",
        "machine npm.example.com login ann password hunter22",
    ]
    assert hide("swordfish") == "***"


def test_any_login_and_any_address_can_be_passed_on(tmp_path: Path) -> None:
    broken = tmp_path / "netrc"
    broken.write_bytes(b"machine a login \xff password b\n")
    environ = {
        "NETRC": str(broken),
        "PIP_INDEX_URL": "https://token@one.example.com/simple",
        "PIP_EXTRA_INDEX_URL": "https://bob:a%20b%22c%5C@two.example.com/simple https://[broken/simple",
    }
    given = surroundings(environ, "/run", tmp_path, mounted=True)
    assert netrc(given.files[LOGINS]).hosts == {
        "one.example.com": ("token", "", ""),
        "two.example.com": ("bob", "", 'a b"c\\'),
    }


def test_proxies_are_apart(tmp_path: Path) -> None:
    environ = {"https_proxy": "http://a:b@proxy:1", "NO_PROXY": "localhost", "SSL_CERT_FILE": str(tmp_path / "none")}
    given = surroundings(environ, "/run", tmp_path, mounted=True)
    assert given.predefined == {"https_proxy": "http://a:b@proxy:1", "NO_PROXY": "localhost"}
    assert given.arguments == {}
    assert given.files == {}


def test_an_engine_without_mounts_gets_addresses_alone(tmp_path: Path, bundle: Path) -> None:
    environ = {"SSL_CERT_FILE": str(bundle), "PIP_INDEX_URL": "https://bob:swordfish@pypi.example.com/simple"}
    given = surroundings(environ, "", tmp_path, mounted=False)
    assert given.files == {}
    assert given.arguments == {"PIP_INDEX_URL": "https://pypi.example.com/simple"}
    assert not (tmp_path / LOGINS).exists()
