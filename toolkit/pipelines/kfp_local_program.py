"""The program that runs a compiled pipeline by kfp.local: it runs in a Python that has kfp and docker's SDK.

It is started as a file, with the paths of a request and of a result, and works alone: the standard library and kfp.
What kfp and the steps print is on stdout. The result is JSON: the outputs, or one error.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any


def main(request_path: str, result_path: str) -> None:
    """Run what the request names, and write the result."""
    request = json.loads(Path(request_path).read_text("utf-8"))
    warnings.filterwarnings("ignore")
    result: dict[str, Any]
    try:
        result = {"outputs": run(request)}
    except ImportError as error:
        result = {"missing": error.name or str(error)}
    except Exception as error:  # noqa: BLE001 (kfp raises whatever its parts raise)
        result = {"error": f"{type(error).__name__}: {error}"}
    Path(result_path).write_text(json.dumps(result), "utf-8")


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run the pipeline, and return its outputs as JSON."""
    import docker  # noqa: F401 (kfp imports it in the middle of a run)
    from kfp import components, dsl, local

    # The folder belongs to this user, and images may run as another one.
    runner = local.DockerRunner(user=f"{os.getuid()}:{os.getgid()}")
    local.init(runner, pipeline_root=request["root"], raise_on_error=True)
    task = components.load_component_from_file(request["pipeline"])(**request["inputs"])

    def described(value: Any) -> Any:  # noqa: ANN401 (a value of kfp's, and JSON)
        if isinstance(value, list):
            return [described(item) for item in value]
        if isinstance(value, dsl.Artifact):
            return {"path": value.path, "type": value.schema_title, "metadata": value.metadata}
        return {"value": value}

    return {name: described(value) for name, value in task.outputs.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
