from toolkit.registry.folder.config import RegistryConfig
from toolkit.registry.git.beginnings import beginnings


def test_a_registry_in_git_says_so() -> None:
    files = beginnings("shared")
    config = RegistryConfig.from_bytes(files["config.json"], registry="it", where="config.json")
    assert config == RegistryConfig(name="shared", git=True)
    assert sorted(files) == [".gitattributes", ".gitignore", "config.json"]
