from pathlib import Path

import pytest

from toolkit.config.verify import TrustedIdentity, VerifySettings, read_policy, verify_settings_of
from toolkit.errors import InputError

RULES = 'keys = ["keys/ci.pub"]\nbuilders = ["https://ci.example/*"]\nbases = ["python:*"]\nclean = true\n'


def _write(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def test_the_nearest_policy_counts_and_keys_are_beside_it(tmp_path: Path) -> None:
    _write(tmp_path, f"[tool.comp.verify]\n{RULES}")
    inner = tmp_path / "steps" / "train"
    inner.mkdir(parents=True)
    found = verify_settings_of(inner)
    assert found is not None
    assert found.keys == (tmp_path / "keys" / "ci.pub",)
    assert (found.builders, found.bases, found.sources) == (("https://ci.example/*",), ("python:*",), ())
    assert (found.clean, found.licenses, found.needs_provenance) == (True, False, True)
    (inner / ".git").mkdir()
    assert verify_settings_of(inner) is None


def test_identities_have_issuers(tmp_path: Path) -> None:
    path = _write(tmp_path, 'identities = [{ identity = "ann", issuer = "https://id.example" }]', "policy.toml")
    assert read_policy(path).identities == (TrustedIdentity(identity="ann", issuer="https://id.example"),)


def test_a_file_has_the_same_keys_at_its_top(tmp_path: Path) -> None:
    path = _write(tmp_path, RULES, "policy.toml")
    assert read_policy(path).keys == (tmp_path / "keys" / "ci.pub",)
    assert read_policy(_write(tmp_path, "", "empty.toml")).needs_provenance is False
    assert not VerifySettings(licenses=True).needs_provenance
    with pytest.raises(InputError, match=r"unknown key 'keyz'\Z"):
        read_policy(_write(tmp_path, 'keyz = ["a"]', "wrong.toml"))
    with pytest.raises(InputError, match="there is no policy"):
        read_policy(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("builder = []", "unknown key 'builder'"),
        ("builders = []", "builders is not a list of texts"),
        ('keys = "key.pub"', "keys is not a list of texts"),
        ('bases = [" "]', "bases is not a list of texts"),
        ("sources = [1]", "sources is not a list of texts"),
        ('identities = ["ann@example.com"]', "identities is not a list of identities with their issuers"),
        ("identities = []", "identities is not a list of identities with their issuers"),
        ('identities = [{ identity = "ann" }]', "identities is not a list of identities with their issuers"),
        ('identities = [{ identity = "ann", issuer = " " }]', "identities is not a list of identities with their"),
        ("clean = 1", "clean is not true or false"),
        ('licenses = "MIT"', "licenses is not true or false"),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_an_invalid_policy_is_refused_with_its_place(tmp_path: Path, text: str, message: str, *, as_file: bool) -> None:
    path = _write(tmp_path, text if as_file else f"[tool.comp.verify]\n{text}")
    with pytest.raises(InputError, match=message) as caught:
        read_policy(path) if as_file else verify_settings_of(tmp_path)
    assert caught.value.where is not None
    assert caught.value.where.line == (1 if as_file else 2)
