"""What `comp ci init argo` writes: Argo's schema accepts it."""

from pathlib import Path

import jsonschema
import yaml

from tests.cluster.test_argo_values import schema_of
from tests.commands import ok, run_program
from tools.cluster.programs import Programs

_SETTINGS = """[project]
name = "one"
version = "1"

[tool.comp]
entrypoint = "one:f"
"""


def test_argo(programs: Programs, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(_SETTINGS)
    run_program("git", "init", "--quiet", tmp_path)
    ok("ci", "init", "argo", "--image-prefix", "registry.example.com/ml", folder=tmp_path)
    template, *_ = yaml.safe_load_all((tmp_path / "ci" / "argo.yaml").read_text())
    jsonschema.validate(template, schema_of(programs, "WorkflowTemplate"))
