"""KFP 1's ComponentStore reads a registry without us."""

from pathlib import Path

from tests.commands import ok
from tests.kfp_environments import kfp_environment, run_kfp

LOAD = """
import json, sys
from kfp.components import ComponentStore

load = ComponentStore(local_search_paths=[sys.argv[1]]).load_component
name, digest = sys.argv[2:]
loaded = [load(name), load(name, tag="1.0.0"), load(name, digest=digest)]
print(json.dumps([component.component_spec.implementation.container.image[-1] for component in loaded]))
"""
CONTRACT = (
    "name: Train\nimplementation:\n  container:\n    image: registry.example.com/train@sha256:%s\n    command: [t]\n"
)
PROJECT = '[project]\nname = "train"\nversion = "1.%d.0"\n\n[tool.comp]\ncommand = ["t"]\nnamespace = "ml"\n'


def test_component_store_loads_the_newest_a_tag_and_a_digest(tmp_path: Path) -> None:
    digests = []
    for minor in range(2):
        (tmp_path / "component.yaml").write_text(CONTRACT % (str(minor) * 64))
        (tmp_path / "pyproject.toml").write_text(PROJECT % minor)
        digests.append(ok("publish", "--no-image-check", tmp_path, "--registry", tmp_path / "shared").split()[1])
    found = run_kfp(kfp_environment("1"), LOAD, str(tmp_path / "shared" / "c"), "ml/train", digests[0][7:])
    assert found == '["1", "0", "0"]\n'
