import json

import pytest

from toolkit.errors import InputError, OutsideError
from toolkit.registry.folder.config import RegistryConfig


def _read(data: bytes) -> RegistryConfig:
    return RegistryConfig.from_bytes(data, registry="shared", where="shared/config.json")


@pytest.mark.parametrize("config", [RegistryConfig(), RegistryConfig(name="team")])
def test_a_config_is_read_as_it_was_written(config: RegistryConfig) -> None:
    assert _read(config.to_bytes()) == config
    assert json.loads(config.to_bytes())["immutable"] is True


def test_a_registry_of_a_newer_format_is_refused() -> None:
    with pytest.raises(InputError, match="shared is a registry of api 2, this program knows 1") as caught:
        _read(b'{"api": 2, "unknown": []}')
    assert caught.value.hint == "update comp"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"<!doctype html>", b"\xff", b"[" * 100_000, b"1"])
def test_what_is_not_a_config_is_damage(data: bytes) -> None:
    with pytest.raises(OutsideError, match=r"shared/config\.json is damaged: not the config of a component registry"):
        _read(data)


def test_a_name_that_is_not_a_text_is_ignored() -> None:
    assert _read(b'{"api": 1, "name": ["x"]}').name is None
